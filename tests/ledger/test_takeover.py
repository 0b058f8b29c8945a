"""A ledger process killed in the midst of its work: another leads soon, and whatever was acknowledged is there once."""

import asyncio
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contracts.receipts import Receipt
from contracts.refusals import NotLeading
from ledger.client import LedgerClient
from tests.eventually import eventually
from tests.ledger.running import answered, creation, deposit, opening, read_log, require_whole, wallet_of
from tests.ledger_process import TOKEN, ledger_process, own_ledger_process
from tests.servers import Database

BRAND = "acme"
CALLERS = 16
BEFORE_THE_KILL = 500
AFTER_IT = 200
TAKEOVER_S = 2.0
BUSY_MACHINE_FACTOR = 4
"""The promise is for a machine with nothing else to do; a test run has other things to do."""


class Load:
    """Deposits of 1 from several callers at once, each sent until it is answered."""

    def __init__(self, client: LedgerClient) -> None:
        self._brand = client.brand(BRAND)
        self._numbers = count()
        self.receipts: dict[str, Receipt] = {}
        self.stopping = False

    async def call(self) -> None:
        while not self.stopping:
            command = deposit(1, 1, f"load-{next(self._numbers)}")
            self.receipts[command.command_id] = await answered(partial(self._brand.execute, command))


async def test_another_process_leads_when_the_first_is_killed_and_nothing_acknowledged_is_lost(
    database: Database, tmp_path: Path
) -> None:
    key, dsn = Ed25519PrivateKey.generate(), database.dsn("writer")
    async with own_ledger_process(dsn, tmp_path, key) as (leader, url):
        async with LedgerClient([url], TOKEN) as alone:
            await alone.create_brand(creation(BRAND))
            await alone.brand(BRAND).execute(opening(1))
        async with ledger_process(dsn, tmp_path, key=key) as standby, standby.client() as alone:
            with pytest.raises(NotLeading):
                await standby.service.brand(BRAND).execute(deposit(1, 1, "too early"))
            async with LedgerClient([url, standby.url], TOKEN) as client:
                load = Load(client)
                callers = [asyncio.create_task(load.call()) for _ in range(CALLERS)]
                await eventually(lambda: len(load.receipts) >= BEFORE_THE_KILL)
                leader.kill()
                before = len(load.receipts)
                await eventually(lambda: standby.leads(BRAND), TAKEOVER_S * BUSY_MACHINE_FACTOR)
                await eventually(lambda: len(load.receipts) >= before + AFTER_IT)
                load.stopping = True
                await asyncio.gather(*callers)
            assert (await alone.brand(BRAND).wallet(wallet_of(1))).balance.cash == len(load.receipts)
    rows = await read_log(database, BRAND)
    require_whole(rows, BRAND)
    stored = {row.command_id: row for row in rows}
    assert len(rows) == 2 + len(load.receipts), "each once, and nothing else"
    for command_id, receipt in load.receipts.items():
        assert (stored[command_id].position, stored[command_id].event) == (receipt.position, receipt.event)
