-- Identity: who may come in, and what is known of them as persons. Plain tables of the player, agent and admin edges;
-- agents and staff live in brand `platform`. Subjects are opaque ids. The auditor sees none of this.

create table credentials (
    brand_id            text collate "C" not null,
    kind                text collate "C" not null check (kind in ('player', 'agent', 'staff')),
    subject_id          text collate "C" not null,
    login               text             not null,
    login_key           text collate "C" not null,
    password_hash       text             not null,
    password_changed_at timestamptz      not null,
    must_change         boolean          not null,
    totp_secret         bytea,
    totp_key_id         text,
    totp_counter        bigint           not null default 0,
    created_at          timestamptz      not null,
    last_login_at       timestamptz,
    previous_login_at   timestamptz,
    constraint credentials_pkey primary key (brand_id, kind, subject_id),
    constraint credentials_login_key unique (brand_id, kind, login_key),
    constraint credentials_totp_check check ((totp_secret is null) = (totp_key_id is null))
);

comment on column credentials.login_key is 'The login name as it is compared: NFKC, case folded.';
comment on column credentials.password_hash is 'argon2id with its parameters and salt, in PHC format.';
comment on column credentials.must_change is 'The password is a temporary one: its owner has to choose another.';
comment on column credentials.totp_secret is 'Sealed with the vault key totp_key_id.';
comment on column credentials.totp_counter is 'The newest time step whose code was used; no code of it or before it counts again.';

create table sign_ins (
    brand_id      text collate "C" not null,
    session_id    text collate "C" not null,
    kind          text collate "C" not null check (kind in ('player', 'agent', 'staff')),
    subject_id    text collate "C" not null,
    created_at    timestamptz      not null,
    last_seen_at  timestamptz      not null,
    expires_at    timestamptz      not null,
    stepped_up_at timestamptz,
    ended_at      timestamptz,
    end_reason    text,
    client        text             not null check (length(client) <= 200),
    address       inet,
    constraint sign_ins_pkey primary key (brand_id, session_id),
    constraint sign_ins_end_check check ((ended_at is null) = (end_reason is null))
);
create index sign_ins_by_subject on sign_ins (brand_id, kind, subject_id, created_at desc);
create index sign_ins_present on sign_ins (brand_id, kind, last_seen_at) where ended_at is null;
create index sign_ins_ended on sign_ins (ended_at) where ended_at is not null;

comment on table sign_ins is 'Login sessions: from a login to its logout or expiry.';
comment on column sign_ins.last_seen_at is 'To the minute: presence is written in batches.';
comment on column sign_ins.stepped_up_at is 'When the person last proved again who they are, for sensitive acts.';
comment on column sign_ins.client is 'What the client called itself at the login.';

create table refresh_tokens (
    brand_id    text collate "C" not null,
    token_hash  bytea            not null check (octet_length(token_hash) = 32),
    session_id  text collate "C" not null,
    issued_at   timestamptz      not null,
    expires_at  timestamptz      not null,
    used_at     timestamptz,
    replaced_by bytea,
    constraint refresh_tokens_pkey primary key (brand_id, token_hash)
);
create index refresh_tokens_by_session on refresh_tokens (brand_id, session_id);

comment on column refresh_tokens.token_hash is 'SHA-256 of the token; the token itself is stored nowhere.';
comment on column refresh_tokens.used_at is 'A token is used once. One that comes again was stolen, or its thief was first.';

create table personal_keys (
    brand_id    text collate "C" not null,
    kind        text collate "C" not null check (kind in ('player', 'agent', 'staff')),
    subject_id  text collate "C" not null,
    wrapped_key bytea            not null,
    key_id      text collate "C" not null,
    constraint personal_keys_pkey primary key (brand_id, kind, subject_id)
);
create index personal_keys_by_key on personal_keys (brand_id, key_id);

comment on table personal_keys is 'One key a person, sealed with the vault key key_id. Without it the person''s data is noise.';

create table personal_data (
    brand_id   text collate "C" not null,
    kind       text collate "C" not null check (kind in ('player', 'agent', 'staff')),
    subject_id text collate "C" not null,
    field      text collate "C" not null check (length(field) <= 80),
    ciphertext bytea            not null,
    lookup     bytea,
    constraint personal_data_pkey primary key (brand_id, kind, subject_id, field)
);
create index personal_data_by_lookup on personal_data (brand_id, kind, field, lookup) where lookup is not null;

comment on column personal_data.ciphertext is 'Nonce and AES-256-GCM, bound to brand, kind, subject and field.';
comment on column personal_data.lookup is 'HMAC-SHA256 of the normalised value, for exact search.';

create table invites (
    brand_id   text collate "C" not null,
    invite_id  text collate "C" not null,
    code_hash  bytea            not null check (octet_length(code_hash) = 32),
    created_by text             not null,
    created_at timestamptz      not null,
    expires_at timestamptz      not null,
    uses       integer          not null check (uses > 0),
    uses_left  integer          not null check (uses_left between 0 and uses),
    revoked_at timestamptz,
    constraint invites_pkey primary key (brand_id, invite_id),
    constraint invites_code_key unique (brand_id, code_hash)
);
create index invites_by_age on invites (brand_id, created_at desc, invite_id);

comment on column invites.code_hash is 'SHA-256 of the code; the code itself is stored nowhere.';
comment on column invites.created_by is 'Who made it, as an actor: staff:<id>, agent:<id>.';

do $$
declare
    name text;
begin
    foreach name in array array[
        'credentials', 'sign_ins', 'refresh_tokens', 'personal_keys', 'personal_data', 'invites'
    ]
    loop
        execute format('alter table %I enable row level security', name);
        execute format(
            'create policy own_brand on %I for all to tongbo_edge
                using (brand_id = current_setting(''tongbo.brand_id'')::tenant)
                with check (brand_id = current_setting(''tongbo.brand_id'')::tenant)', name);
        execute format('grant select, insert, update, delete on %I to tongbo_edge', name);
    end loop;
end
$$;

-- Which sessions of any brand ended since: one look for all of them, every second. Like brand_ids(), it runs in the
-- name of the tables' owner, and tells random ids only.
create function ended_sign_ins(since timestamptz) returns table (session_id text, ended_at timestamptz)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select s.session_id, s.ended_at from sign_ins s where s.ended_at >= since
$$;
revoke all on function ended_sign_ins(timestamptz) from public;
grant execute on function ended_sign_ins(timestamptz) to tongbo_edge;
