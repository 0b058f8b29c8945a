"""Tampering, done as the database's superuser, is found and located; an honest log verifies."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contracts.commands.brand import CreateBrand
from contracts.commands.wallet import CreditWin, Deposit, OpenWallet, PlaceBet, RollBack
from contracts.ids import wallet_id
from edges.audit import AuditReport, verify
from ledger import chain
from ledger.checkpoints import CheckpointFiles
from ledger.writer import Writer
from tests.servers import Database

EVENTS = 42
"""In the log that every test tampers with; the checkpoints lie at 20 and at the end."""

READ_ROWS = """
select position, aggregate_id, version, type, (extract(epoch from recorded_at) * 1000000)::bigint, payload, command_id,
    hash from events where brand_id = %s order by position
"""


class Books:
    """A brand with a signed log, and a superuser's hands."""

    def __init__(self, database: Database, brand_id: str, directory: Path) -> None:
        self.database = database
        self.brand_id = brand_id
        self.directory = directory
        self.key = Ed25519PrivateKey.generate()
        self.superuser = psycopg.connect(database.dsn("superuser"), autocommit=True)

    async def fill(self) -> None:
        files = CheckpointFiles(self.directory, self.brand_id)
        writer = Writer(self.brand_id, self.database.dsn("writer"))
        await writer.start()
        wallet = wallet_id("alice", "EUR")
        await writer.execute(
            CreateBrand(command_id="t/brand", brand_id=self.brand_id, name="B", currencies=("EUR",))
        )
        await writer.execute(OpenWallet(wallet_id=wallet, command_id="t/open"))
        await writer.execute(Deposit(wallet_id=wallet, command_id="t/fund", amount=10_000, method="bank"))
        for n in range(18):
            await writer.execute(_bet(wallet, n))
            if writer.head.position == 20:
                files.write(writer.head, self.key)
            await writer.execute(_win(wallet, n))
        await writer.execute(
            RollBack(
                wallet_id=wallet,
                command_id="p/rollback",
                reference="p/bet-0",
                integration="p",
                round_id="r0",
                game_id="dice",
            )
        )
        await writer.execute(Deposit(wallet_id=wallet, command_id="t/more", amount=1, method="bank"))
        files.write(writer.head, self.key)
        assert writer.head.position == EVENTS
        await writer.stop()

    def verify(self) -> AuditReport:
        return verify(self.database.dsn("auditor"), self.brand_id, self.directory, self.key.public_key())

    def tamper(self, statement: str, *parameters: Any) -> None:
        """As superuser, whom no privilege and no policy holds back."""
        assert self.superuser.execute(statement, parameters).rowcount != 0

    def recompute_chain(self) -> None:
        """What a careful forger does after changing a row: make every later hash fit again."""
        digest = chain.genesis(self.brand_id)
        for row in self.superuser.execute(READ_ROWS, (self.brand_id,)).fetchall():
            position, aggregate_id, version, kind, recorded_us, payload, command_id, _ = row
            digest = chain.link(
                digest,
                position,
                aggregate_id.encode(),
                version,
                kind.encode(),
                recorded_us,
                bytes(payload),
                command_id.encode(),
            )
            self.tamper(
                "update events set hash = %s where brand_id = %s and position = %s",
                digest,
                self.brand_id,
                position,
            )

    def kinds(self) -> dict[str, tuple[int, int]]:
        """The span of each kind of finding's first occurrence."""
        found: dict[str, tuple[int, int]] = {}
        for finding in self.verify().findings:
            found.setdefault(finding.kind, (finding.first_position, finding.last_position))
        return found


def _bet(wallet: str, n: int) -> PlaceBet:
    return PlaceBet(
        wallet_id=wallet,
        command_id=f"p/bet-{n}",
        integration="p",
        round_id=f"r{n}",
        game_id="dice",
        amount=100,
    )


def _win(wallet: str, n: int) -> CreditWin:
    return CreditWin(
        wallet_id=wallet,
        command_id=f"p/win-{n}",
        integration="p",
        round_id=f"r{n}",
        game_id="dice",
        amount=50,
    )


@pytest.fixture
async def books(database: Database, tmp_path: Path, brand_id: str) -> AsyncIterator[Books]:
    made = Books(database, brand_id, tmp_path)
    with made.superuser:
        await made.fill()
        yield made


async def test_an_honest_log_verifies(books: Books) -> None:
    report = books.verify()
    assert report.findings == ()
    assert report.verified
    assert report.events == report.head_position == EVENTS
    assert report.checkpoints == 2
    assert report.last_checkpoint == EVENTS
    assert report.wallets == 1


async def test_an_empty_log_verifies(database: Database, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate().public_key()
    report = verify(database.dsn("auditor"), "nobody", tmp_path, key)
    assert report.verified
    assert report.events == 0


async def test_finds_a_changed_payload_at_its_position(books: Books) -> None:
    books.tamper(
        "update events set payload = replace(convert_from(payload, 'UTF8'), '\"to_cash\":50', '\"to_cash\":60')::bytea"
        " where brand_id = %s and position = 11",
        books.brand_id,
    )
    assert books.kinds()["hash_mismatch"] == (11, 11)
    assert books.kinds()["pockets_differ"] == (11, 11)


@pytest.mark.parametrize(
    "change",
    [
        "recorded_at = recorded_at - interval '1 second'",
        "command_id = 'p/other'",
        "type = 'WinCredited/1'",
        "hash = sha256('x')",
    ],
)
async def test_finds_any_changed_column_at_its_position(books: Books, change: str) -> None:
    books.tamper(f"update events set {change} where brand_id = %s and position = 12", books.brand_id)
    assert books.kinds()["hash_mismatch"] == (12, 12)


async def test_finds_a_deleted_row(books: Books) -> None:
    books.tamper("delete from events where brand_id = %s and position = 9", books.brand_id)
    assert books.kinds()["rows_missing"] == (9, 9)


async def test_finds_a_deleted_tail_by_the_signed_checkpoint(books: Books) -> None:
    books.tamper("delete from events where brand_id = %s and position > 30", books.brand_id)
    assert books.kinds() == {"tail_missing": (31, EVENTS)}


async def test_finds_a_whole_deleted_log(books: Books) -> None:
    books.tamper("delete from events where brand_id = %s", books.brand_id)
    assert books.kinds() == {"tail_missing": (1, EVENTS)}


async def test_finds_an_inserted_row(books: Books) -> None:
    books.tamper(
        "insert into events select brand_id, 43, aggregate_id, 99, type, recorded_at, payload, 'p/forged', hash"
        " from events where brand_id = %s and position = 42",
        books.brand_id,
    )
    assert books.kinds()["hash_mismatch"] == (43, 43)
    assert books.kinds()["version_gap"] == (43, 43)


async def test_finds_swapped_rows(books: Books) -> None:
    for here, there in ((9, 1000), (10, 9), (1000, 10)):
        books.tamper(
            "update events set position = %s where brand_id = %s and position = %s",
            there,
            books.brand_id,
            here,
        )
    report = books.verify()
    assert {f.first_position for f in report.findings if f.kind == "hash_mismatch"} == {9, 10, 11}
    assert books.kinds()["version_gap"] == (9, 9)


async def test_finds_a_rewritten_log_whose_chain_was_recomputed(books: Books) -> None:
    """The last checkpoint that holds and the first that does not enclose the forgery."""
    books.tamper(
        "update events set command_id = 'p/other' where brand_id = %s and position = 25", books.brand_id
    )
    books.recompute_chain()
    assert books.kinds() == {"checkpoint_mismatch": (21, EVENTS)}


async def test_finds_a_deleted_tail_whose_chain_was_regrown(books: Books) -> None:
    books.tamper("update events set payload = '{}' where brand_id = %s and position = 20", books.brand_id)
    books.recompute_chain()
    assert books.kinds()["checkpoint_mismatch"] == (1, 20)


async def test_finds_another_brands_log_passed_off_as_this_ones(books: Books) -> None:
    books.tamper("update events set brand_id = 'other' where brand_id = %s", books.brand_id)
    report = verify(books.database.dsn("auditor"), "other", books.directory, books.key.public_key())
    assert report.findings[0].kind == "hash_mismatch"
    assert report.findings[0].first_position == 1


async def test_finds_a_checkpoint_that_another_key_signed(books: Books) -> None:
    files = CheckpointFiles(books.directory, books.brand_id)
    writer = Writer(books.brand_id, books.database.dsn("writer"))
    await writer.start()
    files.write(writer.head, Ed25519PrivateKey.generate())
    await writer.stop()
    assert "invalid_checkpoint" in books.kinds()


async def test_finds_a_balance_that_is_not_what_the_log_says(books: Books) -> None:
    books.tamper(
        "insert into projection_positions (brand_id, projection, generation, live, position)"
        " values (%s, 'balances', 0, true, %s)",
        books.brand_id,
        EVENTS,
    )
    assert books.kinds()["balance_missing"] == (0, 0)
    books.tamper(
        "insert into balances (brand_id, generation, wallet_id, version, position, cash, bonus, held, recorded_at)"
        " values (%s, 0, 'player:alice:EUR', 41, %s, 1, 0, 0, now())",
        books.brand_id,
        EVENTS,
    )
    assert "balance_differs" in books.kinds()
    books.tamper(
        "update balances set cash = 9201 where brand_id = %s and wallet_id = 'player:alice:EUR'",
        books.brand_id,
    )
    assert books.verify().verified


async def test_compares_balances_at_the_position_they_are_shown_for(books: Books) -> None:
    """A projection that lags is not wrong: its balances are those of its position."""
    books.tamper(
        "insert into projection_positions (brand_id, projection, generation, live, position)"
        " values (%s, 'balances', 0, true, 3)",
        books.brand_id,
    )
    books.tamper(
        "insert into balances (brand_id, generation, wallet_id, version, position, cash, bonus, held, recorded_at)"
        " values (%s, 0, 'player:alice:EUR', 2, 3, 10000, 0, 0, now())",
        books.brand_id,
    )
    assert books.verify().verified
