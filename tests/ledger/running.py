"""Real writers on a real database for tests, and an independent look at the log they leave behind."""

import asyncio
import hashlib
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Protocol

import psycopg

from contracts import codec
from contracts.commands import Command
from contracts.commands.brand import CreateBrand
from contracts.commands.wallet import CreditWin, Deposit, OpenWallet, PlaceBet, RollBack
from contracts.events.wallet import TransferredOut, WalletEvent
from contracts.ids import BRAND_AGGREGATE_ID, PLATFORM_BRAND
from contracts.postings import TRANSFERS, postings
from contracts.receipts import Receipt
from contracts.refusals import Retryable
from ledger.entries import State, WriterOptions
from ledger.wallet import Wallet
from ledger.wallet import evolve as evolve_wallet
from ledger.writer import Writer
from tests.eventually import eventually

BET: dict[str, Any] = {"integration": "acme", "round_id": "r-1", "game_id": "g-1"}


class HasDsn(Protocol):
    """A database to connect to in one of its roles."""

    def dsn(self, role: str = "owner") -> str: ...


class Row(NamedTuple):
    """A stored event, read as the auditor."""

    position: int
    aggregate_id: str
    version: int
    type: str
    recorded_us: int
    payload: bytes
    command_id: str
    hash: bytes

    @property
    def event(self) -> Any:
        return codec.decode(self.type, self.payload)


def wallet_of(player: object) -> str:
    return f"player:p{player}:EUR"


def opening(player: object) -> OpenWallet:
    return OpenWallet(wallet_id=wallet_of(player), command_id=f"test/open-{player}")


def deposit(player: object, amount: int, key: str) -> Deposit:
    return Deposit(wallet_id=wallet_of(player), command_id=f"test/{key}", amount=amount, method="card")


def bet(player: object, amount: int, key: str, **other: Any) -> PlaceBet:
    return PlaceBet(wallet_id=wallet_of(player), command_id=f"acme/{key}", amount=amount, **BET | other)


def win(player: object, amount: int, key: str, **other: Any) -> CreditWin:
    return CreditWin(wallet_id=wallet_of(player), command_id=f"acme/{key}", amount=amount, **BET | other)


def roll_back(player: object, reference: str, key: str, **other: Any) -> RollBack:
    return RollBack(
        wallet_id=wallet_of(player), command_id=f"acme/{key}", reference=f"acme/{reference}", **BET | other
    )


def creation(brand_id: str) -> CreateBrand:
    currencies = () if brand_id == PLATFORM_BRAND else ("EUR",)
    return CreateBrand(command_id="test/create", brand_id=brand_id, name="Test", currencies=currencies)


@asynccontextmanager
async def running(
    database: HasDsn | str, brand_id: str, *, check_head: Any = None, **options: Any
) -> AsyncIterator[Writer]:
    """A writer that leads its brand, which it creates if need be; stopped at the end."""
    options = {"lease_poll_s": 0.01} | options
    async with standing_by(database, brand_id, check_head=check_head, **options) as writer:
        await until_leading(writer)  # the session of a writer just stopped may take a moment to end
        await writer.execute(creation(brand_id))
        yield writer


async def until_leading(writer: Writer, *, within_s: float = 5.0) -> None:
    await eventually(lambda: writer.state is State.LEADING, within_s)


@asynccontextmanager
async def standing_by(
    database: HasDsn | str, brand_id: str, *, check_head: Any = None, **options: Any
) -> AsyncIterator[Writer]:
    """A writer that was started, whether or not it leads."""
    conninfo = database if isinstance(database, str) else database.dsn("writer")
    writer = Writer(brand_id, conninfo, WriterOptions(**options), check_head=check_head)
    try:
        await writer.start()
        yield writer
    finally:
        await writer.stop()


async def open_wallets(writer: Writer, players: Sequence[object], amount: int = 0) -> None:
    await asyncio.gather(*(writer.execute(opening(player)) for player in players))
    if amount:
        funding = (writer.execute(deposit(player, amount, f"fund-{player}")) for player in players)
        await asyncio.gather(*funding)


async def answered(
    call: Callable[[], Awaitable[Any]], *, within_s: float = 20.0, pause_s: float = 0.005
) -> Any:
    """Asks again, as a provider would, until the answer is final: a receipt or a refusal, which is raised."""
    async with asyncio.timeout(within_s):
        while True:
            try:
                return await call()
            except Retryable:
                await asyncio.sleep(pause_s)


async def execute(writer: Writer, command: Command) -> Receipt:
    """The final answer to a command, whatever happens meanwhile."""
    receipt: Receipt = await answered(lambda: writer.execute(command))
    return receipt


async def read_log(database: HasDsn, brand_id: str) -> list[Row]:
    statement = """
        select position, aggregate_id, version, type, (extract(epoch from recorded_at) * 1000000)::bigint,
               payload, command_id, hash
        from events where brand_id = %s order by position
    """
    async with await psycopg.AsyncConnection.connect(database.dsn("auditor")) as connection:
        cursor = connection.cursor(binary=True)
        await cursor.execute(statement, (brand_id,))
        return [Row(*row) for row in await cursor.fetchall()]


def require_whole(rows: Sequence[Row], brand_id: str) -> dict[str, Wallet]:
    """Fails unless the log keeps every promise that can be seen in it alone; returns the wallets folded from it.

    Written from the documentation of the chain, not with the code under test.
    """
    previous = hashlib.sha256(b"tongbo log v1\0" + brand_id.encode()).digest()
    versions: dict[str, int] = {}
    wallets: dict[str, Wallet] = {}
    claims: set[str] = set()
    latest_us = between = 0
    for expected, row in enumerate(rows, start=1):
        assert row.position == expected, "positions have no gaps"
        assert row.version == versions.get(row.aggregate_id, 0) + 1, "versions have no gaps"
        assert row.command_id not in claims, "a command id is claimed once"
        assert row.recorded_us >= latest_us, "time does not run backwards"
        versions[row.aggregate_id] = row.version
        claims.add(row.command_id)
        latest_us = row.recorded_us
        texts = [row.aggregate_id.encode(), row.type.encode(), bytes(row.payload), row.command_id.encode()]
        head = previous + struct.pack(">qqq", row.position, row.version, row.recorded_us)
        head += struct.pack(">IIII", *(len(text) for text in texts))
        previous = hashlib.sha256(head + b"".join(texts)).digest()
        assert bytes(row.hash) == previous, f"the chain is broken at position {row.position}"
        event = None if row.aggregate_id == BRAND_AGGREGATE_ID else row.event
        if isinstance(event, WalletEvent):
            _require_balanced(row, event, wallets)
            between += sum(amount for account, amount in postings(event) if account == TRANSFERS)
            assert between == 0 or isinstance(event, TransferredOut), "what left one wallet arrives at once"
    assert between == 0, "what left one wallet has arrived in another"
    return wallets


def _require_balanced(row: Row, event: WalletEvent, wallets: dict[str, Wallet]) -> None:
    entries = postings(event)
    assert sum(posting.amount for posting in entries) == 0, "postings sum to zero"
    before = wallets.get(row.aggregate_id)
    moved = {"cash": 0, "bonus": 0, "held": 0}
    for posting in entries:
        kind, _, pocket = posting.account.partition(":")
        if kind == "wallet":
            moved[pocket] += posting.amount
    for pocket, amount in moved.items():
        after = getattr(event, pocket)
        assert after == (getattr(before, pocket) if before else 0) + amount, "pockets move by their postings"
        assert after >= 0, "no pocket is ever negative"
    wallet = evolve_wallet(before, event, row.aggregate_id, row.command_id)
    open_withdrawals = wallet.open_requests("withdrawal").values()
    assert wallet.held == sum(request.amount for request in open_withdrawals), "held for open withdrawals"
    wallets[row.aggregate_id] = wallet
