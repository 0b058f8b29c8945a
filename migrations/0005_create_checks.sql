-- What the checker of each brand saw last: for people who watch, wherever the checker runs.
create table checks (
    brand_id               text collate "C" not null,
    compared_to            bigint           not null,
    drifted_wallets        integer          not null,
    off_balance_currencies integer          not null,
    checked_at             timestamptz      not null,
    constraint checks_pkey primary key (brand_id)
);

comment on column checks.compared_to is 'The wallets of all events up to this position have been compared with the log.';

alter table checks enable row level security;
create policy own_brand on checks for all to tongbo_projector, tongbo_reader, tongbo_edge
    using (brand_id = current_setting('tongbo.brand_id')::tenant)
    with check (brand_id = current_setting('tongbo.brand_id')::tenant);
create policy every_brand on checks for select to tongbo_auditor using (true);
grant select, insert, update on checks to tongbo_projector;
grant select on checks to tongbo_reader, tongbo_auditor, tongbo_edge;
