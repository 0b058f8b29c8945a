-- What an Idempotency-Key was used for. The answer is not kept: whatever a write does has an id derived from its key, so
-- doing it again changes nothing and tells the same. Kept here is only that a key means one request and no other.

create table write_keys (
    brand_id    text collate "C" not null,
    caller      text collate "C" not null,
    key_hash    bytea            not null check (octet_length(key_hash) = 32),
    fingerprint bytea            not null check (octet_length(fingerprint) = 32),
    created_at  timestamptz      not null default now(),
    constraint write_keys_pkey primary key (brand_id, caller, key_hash)
);

comment on table write_keys is 'One row per Idempotency-Key of our own APIs; may be emptied of old rows at any time.';
comment on column write_keys.caller is 'Kind and opaque id of who wrote.';
comment on column write_keys.fingerprint is 'Keyed digest of method, path, query and body: tells whether a repeated key is the same request.';

alter table write_keys enable row level security;

create policy own_brand on write_keys for all to tongbo_edge
    using (brand_id = current_setting('tongbo.brand_id')::tenant)
    with check (brand_id = current_setting('tongbo.brand_id')::tenant);

grant select, insert, delete on write_keys to tongbo_edge;
