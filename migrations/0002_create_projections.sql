-- The read side: the place of every projection in every log, the outbox, and the read models. All of it can be
-- rebuilt from the log. Rows of a read model carry the generation of the build that wrote them; readers look at the
-- live one, so that a rebuild fills another beside it and is swapped in by changing one row.

create table projection_positions (
    brand_id        text collate "C" not null,
    projection      text collate "C" not null,
    generation      integer          not null check (generation >= 0),
    live            boolean          not null,
    position        bigint           not null default 0 check (position >= 0),
    recorded_at     timestamptz,
    status          text             not null default 'running' check (status in ('running', 'stopped')),
    failed_position bigint,
    error           text,
    updated_at      timestamptz      not null default now(),
    constraint projection_positions_pkey primary key (brand_id, projection, generation)
) with (fillfactor = 50);
create unique index projection_positions_live_key on projection_positions (brand_id, projection) where live;

comment on table projection_positions is 'How far each projection of each brand is; changed with its rows, in one transaction.';
comment on column projection_positions.live is 'Whether readers see the rows of this generation; the others are being rebuilt or thrown away.';
comment on column projection_positions.position is 'The last event applied.';
comment on column projection_positions.recorded_at is 'When the last event applied was recorded.';
comment on column projection_positions.status is 'stopped: the event at failed_position could not be applied; it is tried again, never skipped.';

create table outbox (
    brand_id       text collate "C" not null,
    command_id     text collate "C" not null,
    projection     text collate "C" not null,
    cause_position bigint           not null,
    command        bytea            not null,
    created_at     timestamptz      not null default now(),
    attempts       integer          not null default 0,
    next_attempt_at timestamptz     not null default now(),
    last_error     text,
    answered_at    timestamptz,
    answer         bytea,
    constraint outbox_pkey primary key (brand_id, command_id)
);
create index outbox_unanswered on outbox (brand_id, cause_position) where answered_at is null;

comment on table outbox is 'Commands that projections react with, sent until the ledger has answered.';
comment on column outbox.command is 'JSON of one of contracts.commands.AnyCommand; its id is derived from its cause.';
comment on column outbox.answer is 'JSON of the receipt or the refusal.';

create table balances (
    brand_id    text collate "C" not null,
    generation  integer          not null,
    wallet_id   text collate "C" not null,
    version     bigint           not null,
    position    bigint           not null,
    cash        bigint           not null,
    bonus       bigint           not null,
    held        bigint           not null,
    recorded_at timestamptz      not null,
    constraint balances_pkey primary key (brand_id, generation, wallet_id)
) with (fillfactor = 50);

comment on table balances is 'Every wallet''s pockets now, in ledger units, and the event that left them so.';

create table statements (
    brand_id    text collate "C" not null,
    generation  integer          not null,
    wallet_id   text collate "C" not null,
    position    bigint           not null,
    version     bigint           not null,
    kind        text collate "C" not null,
    amount      bigint           not null,
    held_amount bigint           not null,
    cash        bigint           not null,
    bonus       bigint           not null,
    held        bigint           not null,
    recorded_at timestamptz      not null,
    integration text             not null,
    round_id    text             not null,
    game_id     text             not null,
    reference   text             not null,
    command_id  text             not null,
    constraint statements_pkey primary key (brand_id, generation, wallet_id, position)
);
-- What people ask for by kind is rare among bets and wins; so is this index.
create index statements_rare on statements (brand_id, generation, wallet_id, position)
    where kind not in ('bet', 'win', 'round_closed');

comment on table statements is 'Every event of every wallet, in ledger units: sum(amount) is cash + bonus, sum(held_amount) is held.';
comment on column statements.amount is 'What the event added to cash and bonus together.';
comment on column statements.reference is 'What the event refers to: a rolled back transaction, a bet, a withdrawal, the bank''s reference.';

create table rounds (
    brand_id       text collate "C" not null,
    generation     integer          not null,
    integration    text collate "C" not null,
    round_id       text collate "C" not null,
    wallet_id      text collate "C" not null,
    game_id        text             not null,
    status         text             not null check (status in ('open', 'closed', 'reopened')),
    bets           integer          not null,
    wins           integer          not null,
    rollbacks      integer          not null,
    tombstones     integer          not null,
    stake          numeric(39)      not null,
    payout         numeric(39)      not null,
    jackpot        numeric(39)      not null,
    promotional    numeric(39)      not null,
    first_position bigint           not null,
    last_position  bigint           not null,
    first_at       timestamptz      not null,
    last_at        timestamptz      not null,
    constraint rounds_pkey primary key (brand_id, generation, integration, round_id, wallet_id)
) with (fillfactor = 60);
create index rounds_by_start on rounds (brand_id, generation, first_position);
create index rounds_by_wallet on rounds (brand_id, generation, wallet_id, first_position);

comment on table rounds is 'Every wallet''s part in every round, in ledger units; stake and payout are net of rollbacks, GGR is stake - payout.';

create table trial_balance (
    brand_id   text collate "C" not null,
    generation integer          not null,
    currency   text collate "C" not null,
    account    text collate "C" not null,
    amount     numeric(39)      not null,
    constraint trial_balance_pkey primary key (brand_id, generation, currency, account)
) with (fillfactor = 50);

comment on table trial_balance is 'The sum of all postings per currency and account, in ledger units; each currency sums to zero.';

create table checked_wallets (
    brand_id    text collate "C" not null,
    generation  integer          not null,
    wallet_id   text collate "C" not null,
    version     bigint           not null,
    position    bigint           not null,
    cash        numeric(39)      not null,
    bonus       numeric(39)      not null,
    held        numeric(39)      not null,
    disagrees_since bigint,
    constraint checked_wallets_pkey primary key (brand_id, generation, wallet_id)
) with (fillfactor = 50);

comment on table checked_wallets is 'The checker''s own fold of the postings, to compare with balances.';
comment on column checked_wallets.disagrees_since is 'The first position after which an event''s own pockets were not the sum of the postings.';

-- Row-level security, on every table alike: a session sees the brand it names, and one that names none fails.
do $$
declare
    name text;
begin
    foreach name in array array[
        'projection_positions', 'outbox', 'balances', 'statements', 'rounds', 'trial_balance', 'checked_wallets'
    ]
    loop
        execute format('alter table %I enable row level security', name);
        execute format(
            'create policy own_brand on %I for all to tongbo_projector, tongbo_reader, tongbo_edge
                using (brand_id = current_setting(''tongbo.brand_id'')::tenant)
                with check (brand_id = current_setting(''tongbo.brand_id'')::tenant)', name);
        execute format('create policy every_brand on %I for select to tongbo_auditor using (true)', name);
        execute format('grant select, insert, update, delete on %I to tongbo_projector', name);
        execute format('grant select on %I to tongbo_reader, tongbo_auditor, tongbo_edge', name);
    end loop;
end
$$;

-- Where every brand's log ends: one look for all of them. Like brand_ids(), it runs in the name of the tables' owner.
create function log_heads() returns table (brand_id text, log_position bigint)
    language sql stable security definer set search_path = public, pg_temp
as $$
    select known.id, head.position
    from brand_ids() as known (id)
        cross join lateral (
            select e.position from events e where e.brand_id = known.id order by e.position desc limit 1
        ) as head
$$;
revoke all on function log_heads() from public;
grant execute on function log_heads() to tongbo_projector, tongbo_auditor;
