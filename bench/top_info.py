"""The numbers of the day for 1,000 who watch: how soon a change reaches all of them, and what each costs in memory.

The real ledger, projections and admin edge, each a process; the clients are another one. A change is a deposit request:
its time runs from the moment it is given to the ledger until the last client has heard of it.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from psycopg_pool import AsyncConnectionPool

from bench.ground import Ground, open_wallets
from bench.processes import part, place, process, until_ready
from bench.results import Figure, figure
from contracts.commands.brand import ChangeBrandSettings
from contracts.commands.staff import AddStaff
from contracts.commands.wallet import RequestDeposit
from contracts.ids import PLATFORM_BRAND
from contracts.refusals import UnknownBrand
from edges.database import Role
from edges.embedded.valkey import EmbeddedValkey
from edges.identity.ended import EndedSessions
from edges.identity.persons import Person
from edges.identity.sign_ins import SignIns
from edges.identity.tokens import AccessTokens
from edges.process import make_ledger_client
from edges.tenancy import Pool, in_brand
from ledger.client import LedgerClient

BRAND = "bench"
CLIENTS = 1_000
MEMBERS = 10
"""Staff who watch, from many windows each; half of them see all brands, half only this one."""

EVERY_S = 0.15
FAR_AWAY_US = 4_000_000_000_000_000
ACCOUNT = {"account_id": "main", "bank": "Bank", "number": "1", "holder": "Bench", "currency": "EUR"}


async def measure(ground: Ground, wanted: set[str], seconds: float) -> list[Figure]:
    """The figures ``ws_1000_p99`` and ``ws_1000_memory``."""
    valkey = EmbeddedValkey(
        ground.root / "sockets", ground.secrets.valkey_password(), ground.root / "valkey.log"
    )
    await valkey.start()
    try:
        settings, environment = place(ground, TONGBO_REDIS_URL=valkey.url)
        wallets = await _prepare(ground)
        async with (
            part("ledger", environment),
            part("projections", environment),
            part("admin", environment) as pid,
            make_ledger_client(settings, ground.secrets) as ledger,
        ):
            await until_ready(settings, "admin")
            tokens = await _staff(ground, ledger)
            port = settings.port("admin")
            changes = _Changes(ledger, wallets)
            async with _clients(port, tokens, 50):
                pass  # what a first client costs is nobody's
            before_kib = resident_kib(pid)
            alone = await _heard(port, tokens, 1, changes, seconds)
            all_of_them, after_kib = await _heard_by_many(port, tokens, changes, seconds, pid)
            bare_kib = await _bare(settings.port_base + 20, environment)
    finally:
        await valkey.stop()
    memory_kib = (after_kib - before_kib) / CLIENTS
    found = [
        figure("ws_1000_p99", _p99_ms(all_of_them), "ms", "the same changes, one client", _p99_ms(alone)),
        figure("ws_1000_memory", memory_kib, "KB/client", "bare aiohttp WebSocket", bare_kib),
    ]
    return [one for one in found if one.measure in wanted]


def resident_kib(pid: int) -> int:
    """Resident memory of a process now."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise RuntimeError(f"no process {pid}")


class _Changes:
    """Deposit requests, one after the other; each is one more that waits."""

    def __init__(self, ledger: LedgerClient, wallets: Sequence[str]) -> None:
        self._ledger = ledger
        self._wallets = itertools.cycle(wallets)
        self.made = 0

    async def make(self, seconds: float) -> dict[int, float]:
        """When each was given to the ledger, by how many wait then."""
        begun = {}
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.made += 1
            begun[self.made] = time.monotonic()
            await self._ledger.brand(BRAND).execute(
                RequestDeposit(
                    wallet_id=next(self._wallets),
                    command_id=f"bench/deposit-{self.made}",
                    deposit_id=f"d-{self.made}",
                    amount=100_000,
                    account="main",
                    expires_us=FAR_AWAY_US,
                    actor="cli",
                )
            )
            await asyncio.sleep(EVERY_S)
        await asyncio.sleep(1.0)
        return begun


async def _prepare(ground: Ground) -> Sequence[str]:
    async with ground.writer(BRAND) as writer:
        await writer.execute(
            ChangeBrandSettings(command_id="bench/accounts", settings={"deposit_accounts": [ACCOUNT]})
        )
        return await open_wallets(writer, 500)


async def _staff(ground: Ground, ledger: LedgerClient) -> list[str]:
    """An access token of each member."""
    tokens = AccessTokens(ground.secrets)
    pool: Pool = AsyncConnectionPool(ground.dsn(Role.EDGE), min_size=1, max_size=1, open=False)
    found = []
    async with pool:
        sign_ins = SignIns(pool, EndedSessions(pool))
        for n in range(MEMBERS):
            person = Person(PLATFORM_BRAND, "staff", f"s{n}")
            brands = ("*",) if n % 2 else (BRAND,)
            await _add(
                ledger,
                AddStaff(
                    command_id=f"bench/s{n}", staff_id=f"s{n}", roles=("finance",), brands=brands, actor="cli"
                ),
            )
            async with in_brand(pool, PLATFORM_BRAND) as connection:
                begun = await sign_ins.begin(connection, person)
            found.append(tokens.issue(person, begun.session_id).text)
    return found


async def _add(ledger: LedgerClient, command: AddStaff) -> None:
    """As soon as the ledger has begun the platform's log."""
    async with asyncio.timeout(10):
        while True:
            try:
                await ledger.brand(PLATFORM_BRAND).execute(command)
            except UnknownBrand:
                await asyncio.sleep(0.05)
            else:
                return


async def _heard(
    port: int, tokens: list[str], clients: int, changes: _Changes, seconds: float
) -> list[float]:
    """How long each change took to each client, in seconds."""
    async with _clients(port, tokens, clients) as process:
        begun = await changes.make(seconds)
        return await _report(process, begun, clients)


async def _heard_by_many(
    port: int, tokens: list[str], changes: _Changes, seconds: float, pid: int
) -> tuple[list[float], int]:
    async with _clients(port, tokens, CLIENTS) as process:
        begun = await changes.make(seconds)
        resident = resident_kib(pid)
        return await _report(process, begun, CLIENTS), resident


async def _report(process: asyncio.subprocess.Process, begun: dict[int, float], clients: int) -> list[float]:
    output, _ = await process.communicate(b"")
    heard = orjson.loads(output)
    delays = []
    for number, begun_s in begun.items():
        times = heard.get(str(number), [])
        if len(times) != clients:
            raise RuntimeError(f"change {number} reached {len(times)} of {clients} clients")
        delays += [heard_s - begun_s for heard_s in times]
    return delays


@asynccontextmanager
async def _clients(
    port: int, tokens: list[str], connections: int, *, silent: bool = False
) -> AsyncIterator[asyncio.subprocess.Process]:
    """So many clients that have heard their first message."""
    given: dict[str, Any] = {
        "port": port,
        "tokens": tokens,
        "connections": connections,
        "brand": BRAND,
        "silent": silent,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.top_info_clients",
        orjson.dumps(given).decode(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=64 * 1024 * 1024,
    )
    if process.stdout is None or await process.stdout.readline() != b"ready\n":
        raise RuntimeError("the clients could not connect")
    try:
        yield process
    finally:
        if process.returncode is None:
            await process.communicate(b"")


async def _bare(port: int, environment: dict[str, str]) -> float:
    """What a bare WebSocket costs, in KiB."""
    async with process("bare", ["-m", "bench.bare_socket", str(port)], environment) as pid:
        await asyncio.sleep(1.0)
        async with _clients(port, ["x"], 50, silent=True):
            pass
        before = resident_kib(pid)
        async with _clients(port, ["x"], CLIENTS, silent=True):
            return (resident_kib(pid) - before) / CLIENTS


def _p99_ms(delays: list[float]) -> float:
    ordered = sorted(delays)
    return ordered[int(len(ordered) * 0.99)] * 1000
