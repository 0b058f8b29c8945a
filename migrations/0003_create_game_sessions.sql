-- Game sessions: what a provider's launch token stands for. A plain table of the provider edge, not money and not in
-- the log; a row may be lost without losing a cent, since wins and rollbacks do not need it.

create table game_sessions (
    brand_id    text collate "C" not null,
    token_hash  bytea            not null check (octet_length(token_hash) = 32),
    integration text collate "C" not null,
    player_id   text collate "C" not null,
    game_code   text             not null,
    lobby       boolean          not null,
    currency    text collate "C" not null,
    country     text collate "C" check (country ~ '^[A-Z]{2}$'),
    created_at  timestamptz      not null,
    expires_at  timestamptz      not null,
    constraint game_sessions_pkey primary key (brand_id, token_hash)
);

create index game_sessions_by_player on game_sessions (brand_id, integration, player_id, created_at desc);

comment on column game_sessions.token_hash is 'SHA-256 of the launch token; the token itself is stored nowhere.';
comment on column game_sessions.lobby is 'The launched game is a lobby: its player may move on to other games.';
comment on column game_sessions.country is 'ISO 3166-1 alpha-2, where the provider asks for it.';

alter table game_sessions enable row level security;

create policy own_brand on game_sessions for all to tongbo_edge
    using (brand_id = current_setting('tongbo.brand_id')::tenant)
    with check (brand_id = current_setting('tongbo.brand_id')::tenant);

grant select, insert, update, delete on game_sessions to tongbo_edge;
