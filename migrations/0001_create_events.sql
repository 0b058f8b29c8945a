-- The log. Every key begins with brand_id: it is the tenant, and what the tables are distributed by.

-- The brand a session may touch. Casting an unset or empty setting raises, so that a forgotten brand can never
-- mean "all brands".
create domain tenant as text collate "C" check (value <> '');

create table events (
    brand_id     text collate "C" not null,
    position     bigint           not null check (position > 0),
    aggregate_id text collate "C" not null,
    version      bigint           not null,
    type         text collate "C" not null,
    recorded_at  timestamptz      not null,
    payload      bytea            not null,
    command_id   text collate "C" not null,
    hash         bytea            not null check (octet_length(hash) = 32),
    constraint events_pkey primary key (brand_id, position),
    constraint events_aggregate_version_key unique (brand_id, aggregate_id, version),
    constraint events_command_id_key unique (brand_id, command_id)
);

comment on table events is 'One log per brand, positions 1, 2, 3 … without gaps. Never updated, never deleted.';
comment on column events.type is 'Name and version of the event, such as BetPlaced/1.';
comment on column events.payload is 'Canonical JSON bytes of the event, exactly as hashed.';
comment on column events.command_id is 'What caused the event; unique for ever, so that nothing is processed twice.';
comment on column events.hash is 'SHA-256 over the previous hash and this row (see ledger/chain.py).';

-- Snapshots only save time: any of them may be deleted at any moment.
create table snapshots (
    brand_id     text collate "C" not null,
    aggregate_id text collate "C" not null,
    version      bigint           not null,
    type         text collate "C" not null,
    state        bytea            not null,
    constraint snapshots_pkey primary key (brand_id, aggregate_id, version)
);

alter table events enable row level security;
alter table snapshots enable row level security;

create policy own_brand on events for all to tongbo_writer, tongbo_projector, tongbo_reader, tongbo_edge
    using (brand_id = current_setting('tongbo.brand_id')::tenant)
    with check (brand_id = current_setting('tongbo.brand_id')::tenant);
create policy own_brand on snapshots for all to tongbo_writer
    using (brand_id = current_setting('tongbo.brand_id')::tenant)
    with check (brand_id = current_setting('tongbo.brand_id')::tenant);
create policy every_brand on events for select to tongbo_auditor using (true);

grant select, insert on events to tongbo_writer;
grant select on events to tongbo_projector, tongbo_reader, tongbo_auditor, tongbo_edge;
grant select, insert, delete on snapshots to tongbo_writer;

-- Not even the owner changes the log by accident.
revoke update, delete, truncate on events from tongbo_owner;

-- The brands that have a log, by jumping from key to key instead of reading the log. Row-level security does not
-- apply to the owner of the table, in whose name this runs; it tells ids only.
create function brand_ids() returns setof text
    language sql stable security definer set search_path = public, pg_temp
as $$
    with recursive known as (
        (select brand_id from events order by brand_id limit 1)
        union all
        select (select e.brand_id from events e where e.brand_id > known.brand_id order by e.brand_id limit 1)
        from known
        where known.brand_id is not null
    )
    select brand_id from known where brand_id is not null
$$;
revoke all on function brand_ids() from public;
grant execute on function brand_ids()
    to tongbo_writer, tongbo_projector, tongbo_reader, tongbo_auditor, tongbo_edge;
