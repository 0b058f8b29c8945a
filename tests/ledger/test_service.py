"""All brands of one process: found, led, signed, handed over; and money that moves without Valkey."""

import asyncio
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contracts.commands.brand import CreateBrand
from contracts.commands.wallet import OpenWallet
from contracts.receipts import Balance
from contracts.refusals import (
    CurrencyNotAllowed,
    InvalidCommand,
    InvalidSetting,
    LedgerUnavailable,
    NotLeading,
    UnknownBrand,
)
from edges.internal.wakeups import Wakeups
from edges.metrics import Metrics
from ledger.checkpoints import CheckpointFiles
from ledger.entries import WriterOptions
from ledger.recovery import LogDiverged
from ledger.service import LedgerService
from tests.eventually import eventually
from tests.ledger.running import creation, deposit, opening, running, wallet_of
from tests.ledger_process import free_port
from tests.servers import Database

QUICK = WriterOptions(lease_poll_s=0.05, drain_s=2.0)


def service_of(database: Database, directory: Path, key: Ed25519PrivateKey | None = None) -> LedgerService:
    return LedgerService(
        database.dsn("writer"),
        directory,
        key or Ed25519PrivateKey.generate(),
        options=QUICK,
        checkpoint_interval_s=0.05,
    )


async def test_finds_brands_that_have_a_log_at_the_start_and_later(
    database: Database, tmp_path: Path
) -> None:
    async with running(database, "before"):
        pass
    service = service_of(database, tmp_path)
    await service.start()
    try:
        assert [status.brand_id for status in service.statuses()] == ["before"]
        async with running(database, "later"):
            pass
        await eventually(lambda: len(service.statuses()) == 2)
        await eventually(lambda: all(status.state == "leading" for status in service.statuses()))
    finally:
        await service.stop()


async def test_creates_a_brand_once_and_refuses_what_cannot_be_one(
    database: Database, tmp_path: Path
) -> None:
    service = service_of(database, tmp_path)
    await service.start()
    try:
        assert not (await service.create_brand(creation("acme"))).replayed
        assert (await service.create_brand(creation("acme"))).replayed
        with pytest.raises(InvalidCommand):
            await service.create_brand(creation("No brand"))
        with pytest.raises(InvalidSetting):
            await service.create_brand(
                CreateBrand(command_id="t/c", brand_id="other", name="x", currencies=("NONE",))
            )
        assert [status.brand_id for status in service.statuses()] == ["acme"]
        with pytest.raises(UnknownBrand):
            await service.brand("other").execute(opening(1))
    finally:
        await service.stop()


async def test_signs_heads_while_it_runs_and_at_the_stop(database: Database, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    service = service_of(database, tmp_path, key)
    await service.start()
    files = CheckpointFiles(tmp_path, "acme")

    def signed() -> int:
        latest = files.latest(key.public_key())
        return latest.position if latest else 0

    try:
        await service.create_brand(creation("acme"))
        await eventually(lambda: signed() == 1)
        receipt = await service.brand("acme").execute(opening(1))
        await eventually(lambda: signed() == receipt.position)
        last = await service.brand("acme").execute(deposit(1, 5, "d"))
    finally:
        await service.stop()
    assert signed() == last.position


async def test_does_not_lead_a_log_that_is_not_the_signed_one(database: Database, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    first = service_of(database, tmp_path, key)
    await first.start()
    await first.create_brand(creation("acme"))
    await first.stop()
    head = first.statuses()[0].position
    await forge(database, head)
    second = service_of(database, tmp_path, key)
    await second.start()
    try:
        with pytest.raises(LogDiverged):
            await second.check()
        assert second.statuses()[0].diverged
        with pytest.raises(NotLeading):
            await second.brand("acme").execute(opening(1))
    finally:
        await second.stop()


async def forge(database: Database, position: int) -> None:
    async with await psycopg.AsyncConnection.connect(
        database.dsn("superuser"), autocommit=True
    ) as connection:
        await connection.execute(
            "update events set hash = sha256(hash) where brand_id = 'acme' and position = %s", (position,)
        )


async def test_a_second_process_stands_by_and_takes_over_within_two_seconds(
    database: Database, tmp_path: Path
) -> None:
    key = Ed25519PrivateKey.generate()
    first, second = service_of(database, tmp_path, key), service_of(database, tmp_path, key)
    await first.start()
    await first.create_brand(creation("acme"))
    await first.brand("acme").execute_all([opening(1), deposit(1, 500, "d")])
    await second.start()
    try:
        assert await first.check() == "leading"
        assert await second.check() == "standby for 1 of 1"
        with pytest.raises(NotLeading):
            await second.brand("acme").execute(deposit(1, 1, "e"))
        await first.stop()
        async with asyncio.timeout(2.0):
            await eventually(lambda: second.statuses()[0].state == "leading")
        assert (await second.brand("acme").wallet(wallet_of(1))).balance == Balance(cash=500)
    finally:
        await second.stop()


async def test_is_not_ready_while_the_database_cannot_be_reached(tmp_path: Path) -> None:
    service = LedgerService(
        f"host=127.0.0.1 port={free_port()} user=x dbname=x connect_timeout=1",
        tmp_path,
        Ed25519PrivateKey.generate(),
    )
    await service.start()
    try:
        with pytest.raises(LedgerUnavailable):
            await service.check()
        with pytest.raises(LedgerUnavailable):
            await service.brand("acme").execute(opening(1))
    finally:
        await service.stop()


async def test_a_stop_answers_what_is_under_way(database: Database, tmp_path: Path) -> None:
    service = service_of(database, tmp_path)
    await service.start()
    await service.create_brand(creation("acme"))
    await service.brand("acme").execute(opening(1))
    under_way = [
        asyncio.ensure_future(service.brand("acme").execute(deposit(1, 1, f"d{n}"))) for n in range(100)
    ]
    await asyncio.sleep(0)
    await service.stop()
    receipts = await asyncio.gather(*under_way)
    assert max(receipt.event.cash for receipt in receipts) == 100


async def test_money_moves_without_valkey(database: Database, tmp_path: Path) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}"
    wakeups = Wakeups(nowhere, Metrics().counter("wakeups", "in this test"))
    service = LedgerService(
        database.dsn("writer"), tmp_path, Ed25519PrivateKey.generate(), options=QUICK, on_durable=wakeups
    )
    wakeups.start()
    await service.start()
    try:
        await service.create_brand(creation("acme"))
        await service.brand("acme").execute(opening(1))
        await asyncio.gather(*(service.brand("acme").execute(deposit(1, 1, f"d{n}")) for n in range(200)))
        assert (await service.brand("acme").wallet(wallet_of(1))).balance == Balance(cash=200)
        assert await service.check() == "leading"
    finally:
        await service.stop()
        await wakeups.stop()


async def test_begins_the_platforms_log_once_whoever_asks_and_opens_no_wallet_in_it(
    database: Database, tmp_path: Path
) -> None:
    service, other = service_of(database, tmp_path), service_of(database, tmp_path)
    await service.start()
    await other.start()
    try:
        await asyncio.gather(service.ensure_platform(), other.ensure_platform())
        await service.ensure_platform()
        led = [s for s in (service, other) if any(status.state == "leading" for status in s.statuses())]
        assert len(led) == 1
        platform = led[0].brand("platform")
        with pytest.raises(CurrencyNotAllowed):
            await platform.execute(OpenWallet(wallet_id="player:ann:EUR", command_id="test/open"))
        assert [status.position for status in led[0].statuses()] == [1]
    finally:
        await service.stop()
        await other.stop()
