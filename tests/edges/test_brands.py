"""The brand directory: folded from the log, fresh within a second, and at once for what is not known."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool

from contracts.commands.brand import (
    AddIntegration,
    AddIntegrationKey,
    ChangeBrandSettings,
    CreateBrand,
    RetireIntegrationKey,
)
from contracts.refusals import LedgerUnavailable
from edges.brands import BrandDirectory
from edges.secrets import Secrets
from edges.tenancy import Pool
from ledger.writer import Writer
from tests.eventually import eventually
from tests.servers import Database


@pytest.fixture
async def pool(shared_database: Database) -> AsyncIterator[Pool]:
    async with AsyncConnectionPool(shared_database.dsn("edge"), min_size=1, open=False) as pool:
        yield pool


@pytest.fixture
def keys(tmp_path: Path) -> Secrets:
    return Secrets(tmp_path / "secrets")


@pytest.fixture
def directory(pool: Pool, keys: Secrets) -> BrandDirectory:
    """Not opened: it reads only when a test makes it."""
    return BrandDirectory(pool, keys)


@pytest.fixture
async def writer(shared_database: Database, brand_id: str) -> AsyncIterator[Writer]:
    writer = Writer(brand_id, shared_database.dsn("writer"))
    await writer.start()
    await writer.execute(CreateBrand(command_id="t/1", brand_id=brand_id, name="House", currencies=("EUR",)))
    yield writer
    await writer.stop()


@pytest.mark.usefixtures("writer")
async def test_knows_a_brand_the_first_time_it_is_asked(directory: BrandDirectory, brand_id: str) -> None:
    known = await directory.brand(brand_id)
    assert known is not None
    assert (known.state.settings.name, known.state.settings.currencies) == ("House", ("EUR",))
    assert await directory.brand("nobody") is None


async def test_follows_what_happens_to_a_brand(
    directory: BrandDirectory, writer: Writer, brand_id: str
) -> None:
    await directory.refresh()
    domain = f"{brand_id}.example"
    await writer.execute(
        ChangeBrandSettings(command_id="t/2", settings={"name": "Renamed", "domains": [domain]})
    )
    assert directory.brand_of_domain(domain) is None
    await directory.refresh()
    known = await directory.brand(brand_id)
    assert known is not None
    assert known.state.settings.name == "Renamed"
    assert directory.brand_of_domain(f"{domain.upper()}:443") == brand_id
    await writer.execute(ChangeBrandSettings(command_id="t/3", settings={"domains": []}))
    await directory.refresh()
    assert directory.brand_of_domain(domain) is None


async def test_gives_the_valid_keys_newest_first(
    directory: BrandDirectory, writer: Writer, brand_id: str, keys: Secrets
) -> None:
    for key_id in ("k1", "k2", "k3"):
        keys.write_integration(brand_id, "softswiss", key_id, f"secret {key_id}".encode())
    assert await directory.integration(brand_id, "play") is None
    await writer.execute(
        AddIntegration(command_id="t/2", integration="play", protocol="softswiss", key_id="k1")
    )
    found = await directory.integration(brand_id, "play")
    assert found is not None
    assert (found[1].protocol, found[1].secrets) == ("softswiss", (b"secret k1",))
    await writer.execute(AddIntegrationKey(command_id="t/3", integration="play", key_id="k2"))
    await directory.refresh()
    found = await directory.integration(brand_id, "play")
    assert found is not None
    assert found[1].secrets == (b"secret k2", b"secret k1")
    await writer.execute(RetireIntegrationKey(command_id="t/4", integration="play", key_id="k1"))
    await directory.refresh()
    found = await directory.integration(brand_id, "play")
    assert found is not None
    assert found[1].secrets == (b"secret k2",)


async def test_reads_a_key_that_comes_later_than_its_event(
    directory: BrandDirectory, writer: Writer, brand_id: str, keys: Secrets
) -> None:
    await writer.execute(
        AddIntegration(command_id="t/2", integration="hub88", protocol="hub88", key_id="late")
    )
    found = await directory.integration(brand_id, "hub88")
    assert found is not None
    assert found[1].secrets == ()
    keys.write_integration(brand_id, "hub88", "late", b"here now")
    await directory.refresh()
    found = await directory.integration(brand_id, "hub88")
    assert found is not None
    assert found[1].secrets == (b"here now",)


async def test_many_questions_about_unknown_brands_share_few_reads(
    directory: BrandDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0
    read = directory._read

    async def counted() -> object:
        nonlocal reads
        reads += 1
        return await read()

    monkeypatch.setattr(directory, "_read", counted)
    answers = await asyncio.gather(*(directory.brand(f"nobody{n}") for n in range(200)))
    assert set(answers) == {None}
    assert reads == 1


@pytest.mark.usefixtures("writer")
async def test_without_the_database_it_says_so_and_keeps_what_it_knows(
    brand_id: str, directory: BrandDirectory, keys: Secrets
) -> None:
    dsn = make_conninfo("", host="/nonexistent", dbname="x", user="tongbo_edge", connect_timeout=1)
    async with AsyncConnectionPool(dsn, min_size=1, timeout=0.2, open=False) as nowhere:
        blind = BrandDirectory(nowhere, keys)
        with pytest.raises(LedgerUnavailable):
            await blind.brand(brand_id)
        with pytest.raises(LedgerUnavailable):
            await blind.check()
        await directory.refresh()
        directory._pool = nowhere
        assert await directory.brand(brand_id) is not None
        with pytest.raises(LedgerUnavailable):
            await directory.refresh()
        await directory.check()


async def test_keeps_itself_fresh(pool: Pool, keys: Secrets, writer: Writer, brand_id: str) -> None:
    directory = BrandDirectory(pool, keys, refresh_interval_s=0.01)
    await directory.open()
    await writer.execute(ChangeBrandSettings(command_id="t/2", settings={"domains": [f"{brand_id}.fresh"]}))
    await eventually(lambda: directory.brand_of_domain(f"{brand_id}.fresh") == brand_id)
    await directory.close()
