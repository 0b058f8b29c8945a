-- Content: what a brand shows its players and writes to them, and the sign-ups under way. Plain tables of the player and
-- admin edges. No text that may hold personal data is here: subjects and texts of messages, inquiries and notes are in
-- personal_data, sealed with the player's own key, under the ids that these rows have.

create table notices (
    brand_id        text collate "C" not null,
    notice_id       text collate "C" not null,
    title           text             not null check (length(title) between 1 and 200),
    body            text             not null check (length(body) <= 20000),
    language        text collate "C" not null check (length(language) <= 35),
    audience        text collate "C" not null check (audience in ('everybody', 'players', 'agents')),
    published_from  timestamptz      not null,
    published_until timestamptz,
    pinned          boolean          not null,
    changed_by      text             not null,
    changed_at      timestamptz      not null,
    constraint notices_pkey primary key (brand_id, notice_id),
    constraint notices_window_check check (published_until > published_from)
);
create index notices_by_age on notices (brand_id, pinned desc, published_from desc, notice_id desc);

comment on column notices.language is 'BCP 47 tag; empty for readers of every language.';

create table banners (
    brand_id    text collate "C" not null,
    banner_id   text collate "C" not null,
    image       text             not null check (length(image) between 1 and 1000),
    link        text             not null check (length(link) <= 1000),
    title       text             not null check (length(title) <= 200),
    place       text collate "C" not null check (length(place) between 1 and 40),
    language    text collate "C" not null check (length(language) <= 35),
    shown_from  timestamptz      not null,
    shown_until timestamptz,
    sort_order  integer          not null,
    changed_by  text             not null,
    changed_at  timestamptz      not null,
    constraint banners_pkey primary key (brand_id, banner_id),
    constraint banners_window_check check (shown_until > shown_from)
);

comment on column banners.place is 'Where on the page it belongs, in the words of the brand''s site.';

create table banks (
    brand_id   text collate "C" not null,
    bank_id    text collate "C" not null,
    name       text             not null check (length(name) between 1 and 100),
    country    text collate "C" not null check (country ~ '^([A-Z]{2})?$'),
    enabled    boolean          not null,
    sort_order integer          not null,
    changed_by text             not null,
    changed_at timestamptz      not null,
    constraint banks_pkey primary key (brand_id, bank_id)
);

comment on table banks is 'Banks that players choose from when they name their account.';

create table game_categories (
    brand_id    text collate "C" not null,
    category_id text collate "C" not null,
    names       jsonb            not null check (jsonb_typeof(names) = 'object'),
    enabled     boolean          not null,
    sort_order  integer          not null,
    changed_by  text             not null,
    changed_at  timestamptz      not null,
    constraint game_categories_pkey primary key (brand_id, category_id)
);

create table games (
    brand_id    text collate "C" not null,
    game_id     text collate "C" not null,
    integration text collate "C" not null,
    game_code   text             not null check (length(game_code) between 1 and 128),
    category    text collate "C" not null,
    names       jsonb            not null check (jsonb_typeof(names) = 'object'),
    image       text             not null check (length(image) <= 1000),
    launch_url  text             not null check (length(launch_url) between 1 and 2000),
    lobby       boolean          not null,
    enabled     boolean          not null,
    sort_order  integer          not null,
    tags        text[]           not null,
    changed_by  text             not null,
    changed_at  timestamptz      not null,
    constraint games_pkey primary key (brand_id, game_id)
);
create index games_in_order on games (brand_id, sort_order, game_id);

comment on column games.game_code is 'The provider''s own code of the game.';
comment on column games.names is 'Name by language tag.';
comment on column games.launch_url is 'With placeholders, such as {token}; see contracts/http/games.py.';
comment on column games.lobby is 'It is a lobby: who launched it may move on to other games.';

create table bulk_messages (
    brand_id text collate "C" not null,
    bulk_id  text collate "C" not null,
    subject  text             not null check (length(subject) between 1 and 200),
    body     text             not null check (length(body) between 1 and 4000),
    audience text             not null check (length(audience) <= 200),
    sent_by  text             not null,
    sent_at  timestamptz      not null,
    constraint bulk_messages_pkey primary key (brand_id, bulk_id)
);
create index bulk_messages_by_age on bulk_messages (brand_id, sent_at desc, bulk_id desc);

comment on table bulk_messages is 'One text to many players, which therefore holds nobody''s personal data; stored once.';
comment on column bulk_messages.audience is 'Whom it was meant for, in words.';

create table bulk_deliveries (
    brand_id    text collate "C" not null,
    bulk_id     text collate "C" not null,
    status      text collate "C" not null,
    agent_id    text collate "C",
    player_ids  text[],
    place       text             not null default '',
    delivered   integer          not null default 0,
    started_at  timestamptz      not null,
    finished_at timestamptz,
    constraint bulk_deliveries_pkey primary key (brand_id, bulk_id)
);
create index bulk_deliveries_under_way on bulk_deliveries (brand_id, started_at) where finished_at is null;

comment on table bulk_deliveries is 'Whom a bulk message is for, and how far it has come: it is delivered in pieces, and goes on after a crash.';
comment on column bulk_deliveries.player_ids is 'These players, or, where null, all of the status and the agent.';
comment on column bulk_deliveries.place is 'What has been delivered: how many of the ids, or the cursor in the list of players.';

create table messages (
    brand_id   text collate "C" not null,
    player_id  text collate "C" not null,
    message_id text collate "C" not null,
    bulk_id    text collate "C",
    sent_by    text             not null,
    sent_at    timestamptz      not null,
    read_at    timestamptz,
    deleted_at timestamptz,
    constraint messages_pkey primary key (brand_id, player_id, message_id)
);
create index messages_by_player on messages (brand_id, player_id, sent_at desc, message_id desc);
create index messages_by_age on messages (brand_id, sent_at desc, message_id desc) where bulk_id is null;
create index messages_of_bulk on messages (brand_id, bulk_id) where bulk_id is not null;

comment on column messages.bulk_id is 'Where its text is; the player''s own vault has it otherwise.';
comment on column messages.deleted_at is 'By the player, who sees it no more.';

create table inquiries (
    brand_id         text collate "C" not null,
    inquiry_id       text collate "C" not null,
    player_id        text collate "C" not null,
    status           text collate "C" not null check (status in ('open', 'answered', 'closed')),
    unread_by_staff  boolean          not null,
    unread_by_player boolean          not null,
    replies          integer          not null,
    opened_at        timestamptz      not null,
    changed_at       timestamptz      not null,
    changed_by       text             not null,
    constraint inquiries_pkey primary key (brand_id, inquiry_id)
);
create index inquiries_by_player on inquiries (brand_id, player_id, opened_at desc, inquiry_id desc);
create index inquiries_by_change on inquiries (brand_id, changed_at desc, inquiry_id desc);
create index inquiries_unread on inquiries (brand_id) where unread_by_staff;

comment on column inquiries.status is 'open: staff is asked. answered: the player is. closed: it is over.';

create table inquiry_replies (
    brand_id   text collate "C" not null,
    inquiry_id text collate "C" not null,
    reply_id   text collate "C" not null,
    player_id  text collate "C" not null,
    written_by text             not null,
    written_at timestamptz      not null,
    constraint inquiry_replies_pkey primary key (brand_id, inquiry_id, reply_id)
);
create index inquiry_replies_by_player on inquiry_replies (brand_id, player_id);

comment on table inquiry_replies is 'What was said in an inquiry by either side; the first one opened it.';
comment on column inquiry_replies.player_id is 'Whose inquiry it is.';
comment on column inquiry_replies.written_by is 'The actor: player:<id> or staff:<id>.';

create table player_notes (
    brand_id   text collate "C" not null,
    player_id  text collate "C" not null,
    note_id    text collate "C" not null,
    written_by text             not null,
    written_at timestamptz      not null,
    constraint player_notes_pkey primary key (brand_id, player_id, note_id)
);

comment on table player_notes is 'What staff wrote down about a player, for staff.';

create table sign_ups (
    brand_id   text collate "C" not null,
    player_id  text collate "C" not null,
    status     text collate "C" not null check (status in ('pending', 'active')),
    policy     text collate "C" not null,
    agent_id   text collate "C" not null,
    country    text collate "C" not null,
    currency   text collate "C" not null,
    created_at timestamptz      not null,
    constraint sign_ups_pkey primary key (brand_id, player_id)
);

comment on table sign_ups is 'Who has a login and is not in the log yet; a row goes when the ledger has answered.';

do $$
declare
    name text;
begin
    foreach name in array array[
        'notices', 'banners', 'banks', 'game_categories', 'games', 'bulk_messages', 'bulk_deliveries', 'messages',
        'inquiries', 'inquiry_replies', 'player_notes', 'sign_ups'
    ]
    loop
        execute format('alter table %I enable row level security', name);
        execute format(
            'create policy own_brand on %I for all to tongbo_edge
                using (brand_id = current_setting(''tongbo.brand_id'')::tenant)
                with check (brand_id = current_setting(''tongbo.brand_id'')::tenant)', name);
        execute format('grant select, insert, update, delete on %I to tongbo_edge', name);
    end loop;
    foreach name in array array['notices', 'banners', 'banks', 'game_categories', 'games', 'bulk_messages']
    loop
        execute format('create policy every_brand on %I for select to tongbo_auditor using (true)', name);
        execute format('grant select on %I to tongbo_auditor', name);
    end loop;
end
$$;
