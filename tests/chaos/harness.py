"""A real system under load whose parts are killed at random moments, and what must be true of it afterwards.

The system is `tongbo up` as users start it: supervisor, PostgreSQL, Valkey, ledger, projections, edges. Every
command has an id known here and is sent again until it is answered, as providers do. Nothing waits for time to pass:
a cycle goes on as soon as enough further commands were acknowledged.
"""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp
import msgspec
import psycopg

from contracts.commands import Command
from contracts.commands.wallet import CreditWin, Deposit, OpenWallet, PlaceBet, RollBack
from contracts.receipts import Receipt
from contracts.refusals import Refused, Retryable
from edges.cli.reach import find_system
from edges.database import Role
from edges.provider.protocols import PROTOCOLS
from ledger.client import LedgerClient
from projections.registry import PROJECTIONS
from tests.chaos.people import Guests
from tests.ledger.running import read_log, require_whole
from tests.running_system import RunningSystem

BRAND = "demo"
PLAYERS = tuple(f"chaos-{n}" for n in range(6))
FUNDS = 10**12
TASKS = 8
STEP = 60
"""Acknowledged commands between two kills, at least."""
PATIENCE_S = 60.0
EXCLUDED_COLUMNS = {"generation"}
TABLES = {table: projection.name for projection in PROJECTIONS for table in projection.tables}
"""Every table of a read model, and the projection that fills it."""

Report = Callable[[int, str, int], None]
"""Told the cycle, what was killed, and how many commands were acknowledged so far."""


@dataclass
class Acknowledged:
    """What callers were told: for each command id the command and its answer."""

    receipts: dict[str, tuple[Command, Receipt]] = field(default_factory=dict)
    groups: list[list[str]] = field(default_factory=list)
    by_provider: dict[str, tuple[bytes, dict[str, Any]]] = field(default_factory=dict)
    """Signed bodies and their answers, by the provider's transaction id."""

    @property
    def count(self) -> int:
        return len(self.receipts) + len(self.by_provider)


class Chaos:
    """One system under load. Use ``run``, then ``require_everything_right``."""

    def __init__(self, system: RunningSystem, seed: int) -> None:
        self.system = system
        self.chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.acknowledged = Acknowledged()
        self._reached = find_system(system.home)
        credentials = json.loads((system.home / "demo" / "credentials.json").read_bytes())
        self._secret = credentials["softswiss_secret"].encode()
        self._guests = Guests(system, self._reached, BRAND)
        self._numbers = iter(range(10**9))
        self._stopping = False

    def dsn(self, role: str = "owner") -> str:
        """A connection string, as ``tests.ledger.running`` wants one."""
        return self._reached.dsn(Role(role))

    # --- load and kills

    async def run(self, cycles: int, report: Report | None = None) -> None:
        """Kills something ``cycles`` times under load, and waits until all commands are answered."""
        async with self._reached.client() as client, aiohttp.ClientSession() as session:
            await self._fund(client)
            await self._guests.move_in(client)
            tasks = [asyncio.create_task(self._play(client)) for _ in range(TASKS)]
            tasks += [asyncio.create_task(self._play_through_the_edge(session)) for _ in range(TASKS // 4)]
            tasks.append(asyncio.create_task(self._serve_guests(session)))
            try:
                for cycle in range(cycles):
                    target = self._next_target(cycle)
                    await self._advance(tasks, self.chance.randrange(STEP))
                    await self._kill(target)
                    await self._advance(tasks, STEP)
                    if report is not None:
                        report(cycle + 1, target, self.acknowledged.count)
            finally:
                self._stopping = True
                await asyncio.gather(*tasks)

    def _next_target(self, cycle: int) -> str:
        targets = ("ledger", "postgres", "backend", "projections", "provider", "player", "admin")
        return targets[cycle] if cycle < len(targets) else self.chance.choice(targets)

    async def _advance(self, tasks: list[asyncio.Task[None]], count: int) -> None:
        """Waits until so many more commands were acknowledged, and both ways in have answered."""
        goal = self.acknowledged.count + count
        through_the_edge = len(self.acknowledged.by_provider) + (count > STEP // 2)
        deadline = time.monotonic() + PATIENCE_S
        while self.acknowledged.count < goal or len(self.acknowledged.by_provider) < through_the_edge:
            for task in tasks:
                if task.done():
                    task.result()
            assert time.monotonic() < deadline, f"no progress for {PATIENCE_S} s"
            await asyncio.sleep(0.002)

    async def _kill(self, target: str) -> None:
        if target != "backend":
            await self._until_up(target)
            self.system.kill(target)
            return
        try:
            connection = await psycopg.AsyncConnection.connect(self.dsn("writer"), autocommit=True)
        except psycopg.OperationalError:
            return  # it is on its way up: nothing there to end
        async with connection:
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where usename = current_user and pid <> pg_backend_pid()"
            )

    async def _until_up(self, part: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not (state := self.system.state.parts[part]).ready or state.pid is None:
            assert time.monotonic() < deadline, f"{part} did not come back"
            await asyncio.sleep(0.01)

    # --- the commands

    async def _fund(self, client: LedgerClient) -> None:
        for player in PLAYERS:
            wallet = f"player:{player}:EUR"
            opening = OpenWallet(wallet_id=wallet, command_id=f"chaos/open-{player}")
            funds = Deposit(wallet_id=wallet, command_id=f"chaos/fund-{player}", amount=FUNDS, method="card")
            await self._acknowledge(client, [opening])
            await self._acknowledge(client, [funds])

    async def _play(self, client: LedgerClient) -> None:
        earlier: list[PlaceBet] = []
        while not self._stopping:
            group = self._next_commands(earlier)
            await self._acknowledge(client, group)
            earlier += [command for command in group if isinstance(command, PlaceBet)]

    def _next_commands(self, earlier: list[PlaceBet]) -> list[Command]:
        number, chance = next(self._numbers), self.chance
        where: dict[str, Any] = {
            "wallet_id": f"player:{chance.choice(PLAYERS)}:EUR",
            "integration": "chaos",
            "round_id": f"r{number // 4}",
            "game_id": "g",
        }
        bet = PlaceBet(command_id=f"chaos/bet-{number}", amount=chance.randrange(1, 1000), **where)
        kind = chance.random()
        if kind < 0.1 and earlier:
            other = earlier.pop(chance.randrange(len(earlier)))
            where["wallet_id"] = other.wallet_id
            return [RollBack(command_id=f"chaos/undo-{number}", reference=other.command_id, **where)]
        if kind < 0.15:  # of something that never comes
            return [RollBack(command_id=f"chaos/undo-{number}", reference=f"chaos/no-{number}", **where)]
        if kind < 0.35:
            return [bet, CreditWin(command_id=f"chaos/win-{number}", amount=chance.randrange(900), **where)]
        return [bet]

    async def _acknowledge(self, client: LedgerClient, group: list[Command]) -> None:
        ledger = client.brand(BRAND)
        if len(group) == 1:
            receipts: Any = (await _answered(lambda: ledger.execute(group[0])),)
        else:
            receipts = await _answered(lambda: ledger.execute_all(group))
            self.acknowledged.groups.append([command.command_id for command in group])
        for command, receipt in zip(group, receipts, strict=True):
            self.acknowledged.receipts[command.command_id] = (command, receipt)

    async def _play_through_the_edge(self, session: aiohttp.ClientSession) -> None:
        while not self._stopping:
            key = f"edge-{next(self._numbers)}"
            body = json.dumps(
                {
                    "account_id": self.chance.choice(PLAYERS),
                    "currency": "EUR",
                    "game_id": "dice",
                    "round_id": f"r-{key}",
                    "transactions": [{"type": "bet", "id_provider": key, "amount": "0.01"}],
                }
            ).encode()
            self.acknowledged.by_provider[key] = (body, await self._signed_call(session, body))

    async def _serve_guests(self, session: aiohttp.ClientSession) -> None:
        while not self._stopping or not self._guests.served.count:
            await self._guests.live(session, next(self._numbers))

    async def _signed_call(self, session: aiohttp.ClientSession, body: bytes) -> dict[str, Any]:
        """Sends a callback until it is answered with success, as its provider would."""
        deadline = time.monotonic() + PATIENCE_S
        url = f"{self.system.url('provider')}/softswiss/{BRAND}/betwin"
        headers = PROTOCOLS["softswiss"].sign(body, self._secret)
        while True:
            try:
                async with session.post(url, data=body, headers=headers) as response:
                    answer = await response.json(content_type=None)
                    if response.status == 200:
                        return dict(answer)
            except (aiohttp.ClientError, TimeoutError, ValueError):
                answer = {}
            assert time.monotonic() < deadline, f"not answered for {PATIENCE_S} s; last {answer}"
            await asyncio.sleep(0.01)

    # --- what must be true afterwards

    async def require_everything_right(self, replays: int = 200) -> None:
        """Fails unless nothing was lost or doubled, the chain is whole, and every read model agrees with the log."""
        for part in ("postgres", "ledger", "projections", "provider", "player", "admin"):
            await self._until_up(part)
        await self._require_replays(replays)
        rows = await read_log(self, BRAND)
        wallets = require_whole(rows, BRAND)
        stored = {row.command_id: row for row in rows}
        for command_id, (_, receipt) in self.acknowledged.receipts.items():
            row = stored[command_id]
            assert (row.position, row.version) == (receipt.position, receipt.version)
            assert row.event == receipt.event
        self._guests.require_everything_right(rows)
        for key, (_, answer) in self.acknowledged.by_provider.items():
            assert f"softswiss/{key}" in stored, f"{key} was acknowledged with {answer} and is not in the log"
        for group in self.acknowledged.groups:
            first = stored[group[0]].position
            assert [stored[command_id].position for command_id in group] == list(
                range(first, first + len(group))
            )
        await self._require_projections(rows[-1].position, {name: w.cash for name, w in wallets.items()})
        self.system.cli("audit", "verify", "--brand", BRAND)

    async def _require_replays(self, count: int) -> None:
        receipts = list(self.acknowledged.receipts.values())
        callbacks = list(self.acknowledged.by_provider.values())
        async with self._reached.client() as client, aiohttp.ClientSession() as session:
            ledger = client.brand(BRAND)
            for command, first in self.chance.sample(receipts, min(count, len(receipts))):
                again = await _answered(partial(ledger.execute, command))
                assert again == msgspec.structs.replace(first, replayed=True)
            for body, answer in self.chance.sample(callbacks, min(count // 10, len(callbacks))):
                assert await self._signed_call(session, body) == answer

    async def _require_projections(self, position: int, cash: dict[str, int]) -> None:
        await self._until_caught_up(position)
        live = await self._tables()
        assert {row["wallet_id"]: row["cash"] for row in live["balances"]} == cash
        assert sum(row["amount"] for row in live["trial_balance"]) == 0
        assert not [row for row in live["checked_wallets"] if row["disagrees_since"] is not None]
        for projection in dict.fromkeys(TABLES.values()):
            await asyncio.to_thread(self.system.cli, "projections", "rebuild", projection, "--brand", BRAND)
        rebuilt = await self._tables()
        for table, rows in live.items():
            assert rebuilt[table] == rows, f"{table}: rebuilt rows differ from the live ones"

    async def _until_caught_up(self, position: int) -> None:
        deadline = time.monotonic() + PATIENCE_S
        statement = """
            select projection, position, status, error from projection_positions where brand_id = %s and live
        """
        async with await psycopg.AsyncConnection.connect(self.dsn("auditor"), autocommit=True) as connection:
            while True:
                states = await (await connection.execute(statement, (BRAND,))).fetchall()
                assert all(state[2] == "running" for state in states), states
                if {state[0] for state in states} >= set(TABLES.values()) and all(
                    s[1] >= position for s in states
                ):
                    return
                assert time.monotonic() < deadline, states
                await asyncio.sleep(0.01)

    async def _tables(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        async with await psycopg.AsyncConnection.connect(self.dsn("auditor")) as connection:
            for table, projection in TABLES.items():
                cursor = await connection.execute(
                    f"""
                    select t.* from {table} t join projection_positions p using (brand_id, generation)
                    where brand_id = %s and p.projection = %s and p.live
                    """,
                    (BRAND, projection),
                )
                names = [column.name for column in cursor.description or ()]
                rows = [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]
                kept = [{k: v for k, v in row.items() if k not in EXCLUDED_COLUMNS} for row in rows]
                found[table] = sorted(kept, key=lambda row: json.dumps(row, default=str, sort_keys=True))
        return found


async def _answered(call: Callable[[], Awaitable[Any]]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await call()
        except Refused as refusal:
            raise AssertionError(f"nothing sent here can be refused: {refusal!r}") from refusal
        except Retryable as error:
            if time.monotonic() > deadline:
                raise AssertionError(f"not answered for {PATIENCE_S} s") from error
            await asyncio.sleep(0.01)
