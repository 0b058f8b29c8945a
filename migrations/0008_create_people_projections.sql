-- The read side of people and brands: players, requests of money, the figures of finance, who did what, settings, the
-- tree of agents, staff, and timers. Read models like those of 0002: rebuilt from the log, rows by generation.

create table players (
    brand_id        text collate "C" not null,
    generation      integer          not null,
    player_id       text collate "C" not null,
    status          text             not null check (status in ('pending', 'active', 'rejected', 'erased')),
    blocked         text,
    blocked_at      timestamptz,
    blocked_by      text,
    agent_id        text collate "C" not null,
    country         text             not null,
    policy          text             not null,
    registered_at   timestamptz      not null,
    registered_by   text             not null,
    decided_at      timestamptz,
    decided_by      text,
    decision_reason text,
    position        bigint           not null,
    constraint players_pkey primary key (brand_id, generation, player_id)
);
create index players_by_registration on players (brand_id, generation, registered_at, player_id);
create index players_by_agent on players (brand_id, generation, agent_id, registered_at, player_id);
create index players_by_status on players (brand_id, generation, status, registered_at, player_id);

comment on table players is 'Every player apart from money, by an opaque id; who it is, is told elsewhere.';
comment on column players.blocked is 'The reason, while the player may not log in.';
comment on column players.decided_at is 'When staff approved or rejected the player, who was pending until then.';
comment on column players.position is 'The last event that changed the row.';

create table requests (
    brand_id           text collate "C" not null,
    generation         integer          not null,
    wallet_id          text collate "C" not null,
    request_id         text collate "C" not null,
    kind               text collate "C" not null check (kind in ('deposit', 'withdrawal', 'adjustment')),
    owner_kind         text collate "C" not null,
    owner_id           text collate "C" not null,
    currency           text collate "C" not null,
    amount             bigint           not null,
    state              text collate "C" not null check (state in (
        'requested', 'approved', 'paying', 'credited', 'paid', 'rejected', 'cancelled', 'expired', 'failed', 'released'
    )),
    version            integer          not null,
    account            text             not null,
    day                text             not null,
    reason             text             not null,
    note               text             not null,
    method             text             not null,
    reference          text             not null,
    expires_at         timestamptz,
    approvals_needed   integer,
    approvals          jsonb            not null,
    requested_at       timestamptz      not null,
    requested_by       text             not null,
    decided_at         timestamptz,
    decided_by         text,
    ended_at           timestamptz,
    ended_by           text,
    outcome_reason     text             not null,
    requested_position bigint           not null,
    position           bigint           not null,
    constraint requests_pkey primary key (brand_id, generation, wallet_id, request_id)
) with (fillfactor = 60);
create index requests_by_age on requests (brand_id, generation, requested_position);
create index requests_by_id on requests (brand_id, generation, request_id);
create index requests_by_owner on requests (brand_id, generation, owner_kind, owner_id, requested_position);
create index requests_open on requests (brand_id, generation, requested_position) where ended_at is null;

comment on table requests is 'Every request of deposit, withdrawal or adjustment and how it stands; amounts in ledger units.';
comment on column requests.version is 'Steps so far, as the ledger counts them: what expected_version is compared with.';
comment on column requests.day is 'Of a withdrawal: the business day it counts in.';
comment on column requests.approvals is 'Who approved, and when: [{"by": …, "at": …}], the first one first.';
comment on column requests.approvals_needed is 'Not known of a withdrawal before its first approval.';
comment on column requests.outcome_reason is 'Why it was rejected, cancelled, failed or released.';
comment on column requests.requested_position is 'The event that made the request; also its place in every list.';

create table request_steps (
    brand_id   text collate "C" not null,
    generation integer          not null,
    wallet_id  text collate "C" not null,
    request_id text collate "C" not null,
    position   bigint           not null,
    step       integer          not null,
    what       text             not null,
    actor      text             not null,
    at         timestamptz      not null,
    reason     text             not null,
    constraint request_steps_pkey primary key (brand_id, generation, wallet_id, request_id, position)
);

comment on table request_steps is 'What happened to each request, one row a step.';

create table timers (
    brand_id   text collate "C" not null,
    generation integer          not null,
    timer      text collate "C" not null,
    due_at     timestamptz      not null,
    command_id text collate "C" not null,
    command    bytea            not null,
    position   bigint           not null,
    constraint timers_pkey primary key (brand_id, generation, timer)
);
create index timers_due on timers (brand_id, generation, due_at);

comment on table timers is 'Commands to be given when their time has come, unless the log takes them back before.';
comment on column timers.timer is 'What is waited for; each has one time at most.';
comment on column timers.command is 'JSON of one of contracts.commands.AnyCommand, as in the outbox.';

create table timer_days (
    brand_id   text collate "C" not null,
    generation integer          not null,
    time_zone  text             not null,
    open_day   text             not null,
    constraint timer_days_pkey primary key (brand_id, generation)
);

comment on table timer_days is 'Where the brand''s business day begins, and the first day that is not closed.';

create table cash_flow (
    brand_id        text collate "C" not null,
    generation      integer          not null,
    day             text collate "C" not null,
    currency        text collate "C" not null,
    deposits        numeric(39)      not null,
    deposit_count   bigint           not null,
    withdrawals     numeric(39)      not null,
    withdrawal_count bigint          not null,
    adjustments_in  numeric(39)      not null,
    adjustments_out numeric(39)      not null,
    transfers_in    numeric(39)      not null,
    transfers_out   numeric(39)      not null,
    bets            bigint           not null,
    stakes          numeric(39)      not null,
    payouts         numeric(39)      not null,
    jackpot         numeric(39)      not null,
    promotional     numeric(39)      not null,
    constraint cash_flow_pkey primary key (brand_id, generation, day, currency)
) with (fillfactor = 50);

comment on table cash_flow is 'What moved in each currency on each business day, in ledger units; GGR is stakes - payouts.';

create table cash_flow_sign_ups (
    brand_id   text collate "C" not null,
    generation integer          not null,
    day        text collate "C" not null,
    sign_ups   bigint           not null,
    constraint cash_flow_sign_ups_pkey primary key (brand_id, generation, day)
);

create table cash_flow_calendar (
    brand_id   text collate "C" not null,
    generation integer          not null,
    time_zone  text             not null,
    open_day   text             not null,
    constraint cash_flow_calendar_pkey primary key (brand_id, generation)
);

comment on table cash_flow_calendar is 'The brand''s time zone as of the last event applied, and the first day that is not closed.';

create table player_finance (
    brand_id         text collate "C" not null,
    generation       integer          not null,
    wallet_id        text collate "C" not null,
    deposits         numeric(39)      not null,
    deposit_count    bigint           not null,
    withdrawals      numeric(39)      not null,
    withdrawal_count bigint           not null,
    adjustments_in   numeric(39)      not null,
    adjustments_out  numeric(39)      not null,
    transfers_in     numeric(39)      not null,
    transfers_out    numeric(39)      not null,
    bets             bigint           not null,
    stakes           numeric(39)      not null,
    payouts          numeric(39)      not null,
    jackpot          numeric(39)      not null,
    promotional      numeric(39)      not null,
    first_deposit_at timestamptz,
    last_deposit_at  timestamptz,
    last_bet_at      timestamptz,
    constraint player_finance_pkey primary key (brand_id, generation, wallet_id)
) with (fillfactor = 50);

comment on table player_finance is 'What each wallet has moved in all its life, in ledger units.';

create table player_days (
    brand_id         text collate "C" not null,
    generation       integer          not null,
    wallet_id        text collate "C" not null,
    day              text collate "C" not null,
    deposits         numeric(39)      not null,
    deposit_count    bigint           not null,
    withdrawals      numeric(39)      not null,
    withdrawal_count bigint           not null,
    adjustments_in   numeric(39)      not null,
    adjustments_out  numeric(39)      not null,
    transfers_in     numeric(39)      not null,
    transfers_out    numeric(39)      not null,
    bets             bigint           not null,
    stakes           numeric(39)      not null,
    payouts          numeric(39)      not null,
    jackpot          numeric(39)      not null,
    promotional      numeric(39)      not null,
    constraint player_days_pkey primary key (brand_id, generation, wallet_id, day)
) with (fillfactor = 50);

comment on table player_days is 'What each wallet moved on each business day, in ledger units.';

create table player_finance_calendar (
    brand_id   text collate "C" not null,
    generation integer          not null,
    time_zone  text             not null,
    open_day   text             not null,
    constraint player_finance_calendar_pkey primary key (brand_id, generation)
);

comment on table player_finance_calendar is 'The same as cash_flow_calendar, as of the last event applied here.';

create table audit_trail (
    brand_id     text collate "C" not null,
    generation   integer          not null,
    position     bigint           not null,
    recorded_at  timestamptz      not null,
    actor        text collate "C" not null,
    action       text collate "C" not null,
    subject_kind text collate "C" not null,
    subject_id   text collate "C" not null,
    before       jsonb,
    after        jsonb,
    reason       text             not null,
    constraint audit_trail_pkey primary key (brand_id, generation, position)
);
create index audit_trail_by_actor on audit_trail (brand_id, generation, actor, position);
create index audit_trail_by_subject on audit_trail (brand_id, generation, subject_kind, subject_id, position);
create index audit_trail_by_action on audit_trail (brand_id, generation, action, position);

comment on table audit_trail is 'Who did what to whom, before and after, and why: every event that somebody stands behind.';

create table audit_values (
    brand_id     text collate "C" not null,
    generation   integer          not null,
    subject_kind text collate "C" not null,
    subject_id   text collate "C" not null,
    field        text collate "C" not null,
    value        jsonb            not null,
    constraint audit_values_pkey primary key (brand_id, generation, subject_kind, subject_id, field)
);

comment on table audit_values is 'What each subject''s fields were last set to: the "before" of the next change.';

create table setting_changes (
    brand_id   text collate "C" not null,
    generation integer          not null,
    setting    text collate "C" not null,
    position   bigint           not null,
    value      jsonb            not null,
    previous   jsonb            not null,
    changed_at timestamptz      not null,
    changed_by text             not null,
    reason     text             not null,
    constraint setting_changes_pkey primary key (brand_id, generation, setting, position)
);

comment on table setting_changes is 'Every value that a setting of the brand has had; the last one is its value now.';

create table agents (
    brand_id   text collate "C" not null,
    generation integer          not null,
    agent_id   text collate "C" not null,
    parent     text collate "C" not null,
    level      integer          not null,
    path       text collate "C" not null,
    code       text collate "C" not null,
    blocked    text,
    brands     text[]           not null,
    created_at timestamptz      not null,
    created_by text             not null,
    position   bigint           not null,
    constraint agents_pkey primary key (brand_id, generation, agent_id)
);
create index agents_by_path on agents (brand_id, generation, path);
create index agents_by_code on agents (brand_id, generation, code);

comment on table agents is 'The tree of agents: rows of brand platform only.';
comment on column agents.path is 'The ids from the top down to the agent itself, each followed by a slash: a subtree is a range of it.';

create table staff (
    brand_id        text collate "C" not null,
    generation      integer          not null,
    staff_id        text collate "C" not null,
    roles           text[]           not null,
    brands          text[]           not null,
    enabled         boolean          not null,
    disabled_reason text,
    added_at        timestamptz      not null,
    added_by        text             not null,
    changed_at      timestamptz      not null,
    changed_by      text             not null,
    position        bigint           not null,
    constraint staff_pkey primary key (brand_id, generation, staff_id)
);

comment on table staff is 'The roster of staff: rows of brand platform only.';

do $$
declare
    name text;
begin
    foreach name in array array[
        'players', 'requests', 'request_steps', 'timers', 'timer_days', 'cash_flow', 'cash_flow_sign_ups',
        'cash_flow_calendar', 'player_finance', 'player_days', 'player_finance_calendar', 'audit_trail', 'audit_values',
        'setting_changes', 'agents', 'staff'
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
