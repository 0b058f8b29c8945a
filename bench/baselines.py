"""What others do, on the same server: a locking SQL function driven by pgbench, and plain use of ``eventsourcing``."""

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import NamedTuple
from uuid import UUID, uuid4

import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from psycopg.conninfo import conninfo_to_dict

from bench.ground import DATABASE, STAKE, Ground
from edges.database import Role
from edges.embedded.postgres import postgres_installation

ACCOUNTS = 2_000

SCHEMA = """
create table if not exists rival_accounts (id int primary key, balance bigint not null);
create table if not exists rival_transfers (
    id bigint generated always as identity primary key,
    command_id text not null unique,
    account int not null,
    amount bigint not null,
    balance bigint not null,
    created_at timestamptz not null default now()
);
insert into rival_accounts select n, 1000000000000000 from generate_series(0, 1999) n on conflict do nothing;
create or replace function rival_bet(the_account int, the_amount bigint, the_command text) returns bigint
language plpgsql as $$
declare
    left_over bigint;
begin
    select balance into left_over from rival_accounts where id = the_account for update;
    if left_over < the_amount then
        raise exception 'insufficient funds';
    end if;
    update rival_accounts set balance = balance - the_amount where id = the_account returning balance into left_over;
    insert into rival_transfers (command_id, account, amount, balance)
    values (the_command, the_account, the_amount, left_over);
    return left_over;
end $$;
"""

SCRIPT = """
\\set account random(0, 1999)
select rival_bet(:account, {stake}, 'tx-{run}-' || :client_id || '-' || nextval('rival_numbers'));
"""

_runs = count(1)


class Rival(NamedTuple):
    """Transactions per second, and the 99th percentile of their duration."""

    rate: float
    p99_ms: float


def for_update(ground: Ground, in_flight: int, seconds: float) -> Rival:
    """A stored function that locks the account, checks, updates and records under a unique command id (blocking).

    pgbench, in C and with prepared statements, is a better client than any of Python's: this is the rival at its best.
    """
    owner = ground.dsn(Role.OWNER)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(SCHEMA)
        connection.execute("create sequence if not exists rival_numbers cache 100")
    run = next(_runs)
    folder = ground.root / f"pgbench{run}"
    folder.mkdir()
    script = folder / "bet.sql"
    script.write_text(SCRIPT.format(stake=STAKE, run=run))
    login = conninfo_to_dict(owner)
    subprocess.run(
        [
            str(postgres_installation() / "bin" / "pgbench"),
            *("--no-vacuum", "--protocol=prepared", f"--client={in_flight}", f"--jobs={min(in_flight, 2)}"),
            *(
                f"--time={max(1, round(seconds))}",
                "--log",
                f"--log-prefix={folder / 'log'}",
                f"--file={script}",
            ),
            DATABASE,
        ],
        check=True,
        capture_output=True,
        cwd=folder,
        env={
            **os.environ,
            "PGHOST": str(login["host"]),
            "PGPORT": str(login["port"]),
            "PGUSER": str(login["user"]),
            "PGPASSWORD": str(login["password"]),
        },
    )
    durations = sorted(_durations(folder))
    return Rival(len(durations) / max(1, round(seconds)), durations[int(len(durations) * 0.99)] / 1000)


def _durations(folder: Path) -> Iterator[int]:
    for path in folder.glob("log.*"):
        with path.open() as lines:
            for line in lines:
                yield int(line.split()[2])


class PlainWallet(Aggregate):
    """A wallet as the library's tutorial would have it."""

    def __init__(self) -> None:
        self.balance = 10**15

    @event("BetPlaced")
    def place_bet(self, amount: int, command_id: str) -> None:  # noqa: ARG002 (kept in the event)
        """Takes the stake."""
        self.balance -= amount


def plain_eventsourcing(ground: Ground, in_flight: int, seconds: float) -> float:
    """Bets per second of an ``Application`` that saves each bet by itself, from as many threads (blocking)."""
    login = conninfo_to_dict(ground.dsn(Role.OWNER))
    application = Application[UUID](
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": DATABASE,
            "POSTGRES_HOST": str(login["host"]),
            "POSTGRES_PORT": str(login["port"]),
            "POSTGRES_USER": str(login["user"]),
            "POSTGRES_PASSWORD": str(login["password"]),
            "POSTGRES_POOL_SIZE": "20",
            "POSTGRES_MAX_OVERFLOW": "10",
            "AGGREGATE_CACHE_MAXSIZE": "4000",
            "AGGREGATE_CACHE_FASTFORWARD": "n",
        }
    )
    try:
        wallets = [PlainWallet() for _ in range(min(in_flight * 4, 256))]
        application.save(*wallets)
        mine = len(wallets) // in_flight if in_flight <= len(wallets) else 1
        end = perf_counter() + seconds

        def bets(worker: int) -> int:
            done = 0
            while perf_counter() < end:
                wallet: PlainWallet = application.repository.get(
                    wallets[(worker * mine + done % mine) % len(wallets)].id
                )
                wallet.place_bet(STAKE, str(uuid4()))
                application.save(wallet)
                done += 1
            return done

        workers = min(in_flight, 32)  # more threads only wait for its table lock
        begun = perf_counter()
        with ThreadPoolExecutor(workers) as pool:
            done = sum(pool.map(bets, range(workers)))
        return done / (perf_counter() - begun)
    finally:
        application.close()
