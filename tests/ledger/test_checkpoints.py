"""Signed checkpoints: what is trusted, what a crash may leave, and when a writer must not lead."""

import asyncio
import os
from pathlib import Path

import msgspec
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contracts.refusals import NotLeading
from ledger import chain
from ledger.append import AppendConnection, Head
from ledger.checkpoints import Checkpoint, CheckpointFiles, InvalidCheckpoint, require_agreement
from ledger.entries import State
from ledger.recovery import LogDiverged
from tests.eventually import eventually
from tests.ledger.running import bet, open_wallets, running, standing_by, until_leading
from tests.servers import Database

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()


@pytest.fixture
def files(tmp_path: Path) -> CheckpointFiles:
    return CheckpointFiles(tmp_path, "demo")


def head(position: int) -> Head:
    return Head(position, bytes([position]) * 32, 1_000 + position)


def only_file(files: CheckpointFiles) -> Path:
    (path,) = files.directory.iterdir()
    return path


def test_what_was_written_is_read_back_in_order(files: CheckpointFiles) -> None:
    assert files.latest(PUBLIC) is None
    for position in (1, 5, 9):
        files.write(head(position), KEY)
    assert [checkpoint.position for checkpoint in files.read(PUBLIC)] == [1, 5, 9]
    latest = files.latest(PUBLIC)
    assert latest is not None
    assert (latest.position, latest.hash, latest.recorded_us) == (9, "09" * 32, 1_009)


def test_a_new_file_is_sure_to_be_found_before_anything_stands_in_it(
    files: CheckpointFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[Path, int]] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        size = sum(path.stat().st_size for path in files.directory.iterdir())
        synced.append((Path(f"/proc/self/fd/{descriptor}").readlink(), size))

    monkeypatch.setattr(os, "fsync", noted)
    files.write(head(1), KEY)
    path = only_file(files)
    one_line = path.stat().st_size
    assert synced == [(files.directory, 0), (files.directory.parent, 0), (path, one_line)]
    synced.clear()
    files.write(head(2), KEY)
    assert synced == [(path, 2 * one_line)]


@pytest.mark.parametrize("left", range(1, 300, 23))
def test_a_last_line_that_a_crash_cut_short_never_was_a_checkpoint(files: CheckpointFiles, left: int) -> None:
    files.write(head(1), KEY)
    whole = only_file(files).read_bytes()
    files.write(head(2), KEY)
    both = only_file(files).read_bytes()
    only_file(files).write_bytes(both[: min(len(whole) + left, len(both) - 2)])
    assert [checkpoint.position for checkpoint in files.read(PUBLIC)] == [1]
    files.write(head(3), KEY)
    assert [checkpoint.position for checkpoint in files.read(PUBLIC)] == [1, 3]
    latest = files.latest(PUBLIC)
    assert latest is not None
    assert latest.position == 3


@pytest.mark.parametrize(
    "change",
    [{"position": 2}, {"hash": "ff" * 32}, {"recorded_us": 7}, {"signature": "00" * 64}, {"signature": "zz"},
     {"brand_id": "other"}],
    ids=str,
)  # fmt: skip
def test_a_forged_checkpoint_is_found(files: CheckpointFiles, change: dict[str, object]) -> None:
    files.write(head(1), KEY)
    path = only_file(files)
    forged = {**msgspec.json.decode(path.read_bytes()), **change}
    path.write_bytes(msgspec.json.encode(forged) + b"\n")
    with pytest.raises(InvalidCheckpoint):
        list(files.read(PUBLIC))
    with pytest.raises(InvalidCheckpoint):
        files.latest(PUBLIC)


def test_a_checkpoint_signed_with_another_key_is_found(files: CheckpointFiles) -> None:
    files.write(head(1), Ed25519PrivateKey.generate())
    with pytest.raises(InvalidCheckpoint):
        files.latest(PUBLIC)


def test_another_brands_checkpoints_do_not_pass_as_ours(tmp_path: Path) -> None:
    CheckpointFiles(tmp_path, "other").write(head(1), KEY)
    (tmp_path / "other").rename(tmp_path / "demo")
    with pytest.raises(InvalidCheckpoint):
        CheckpointFiles(tmp_path, "demo").latest(PUBLIC)


def test_the_latest_is_in_the_newest_file_that_has_any(files: CheckpointFiles) -> None:
    files.write(head(1), KEY)
    only_file(files).rename(files.directory / "2020-01-01.ndjson")
    files.write(head(2), KEY)
    (files.directory / "2999-01-01.ndjson").write_bytes(b'{"cut')
    latest = files.latest(PUBLIC)
    assert latest is not None
    assert latest.position == 2
    assert [checkpoint.position for checkpoint in files.read(PUBLIC)] == [1, 2]


async def test_a_log_that_does_not_continue_what_was_signed_is_not_led(
    shared_database: Database, brand_id: str, tmp_path: Path
) -> None:
    files = CheckpointFiles(tmp_path, brand_id)

    def check(connection: AppendConnection, end: Head) -> None:
        require_agreement(files.latest(PUBLIC), connection, end)

    async with running(shared_database, brand_id, check_head=check) as writer:
        await open_wallets(writer, [1], 100)
        signed = writer.head
        files.write(signed, KEY)
        await writer.execute(bet(1, 1, "b"))
    async with running(shared_database, brand_id, check_head=check) as writer:
        assert writer.state is State.LEADING
    async with await psycopg.AsyncConnection.connect(shared_database.dsn("superuser")) as connection:
        await connection.execute(
            "delete from events where brand_id = %s and position >= %s", (brand_id, signed.position)
        )
        await connection.commit()
    checks = 0

    def counted(connection: AppendConnection, end: Head) -> None:
        nonlocal checks
        checks += 1
        check(connection, end)

    async with standing_by(shared_database, brand_id, check_head=counted, lease_poll_s=0.005) as writer:
        await eventually(lambda: checks >= 3)
        assert writer.state is State.STANDBY
        with pytest.raises(NotLeading):
            await writer.execute(bet(1, 1, "c"))


async def test_agreement_is_about_position_and_hash(shared_database: Database, brand_id: str) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 100)
        end = writer.head
    connection = await asyncio.to_thread(AppendConnection, shared_database.dsn("writer"), brand_id)

    def require(position: int, digest: bytes) -> None:
        require_agreement(Checkpoint(brand_id, position, digest.hex(), 0, ""), connection, end)

    require_agreement(None, connection, end)
    require(end.position, end.hash)
    require(0, chain.genesis(brand_id))
    for position, digest in (
        (end.position + 1, end.hash),
        (end.position, b"\0" * 32),
        (end.position - 1, end.hash),
        (0, b"\0" * 32),
    ):
        with pytest.raises(LogDiverged):
            require(position, digest)
    connection.close()


async def test_a_check_that_fails_for_any_other_reason_does_not_stop_a_writer_for_good(
    shared_database: Database, brand_id: str
) -> None:
    failures = 3

    def check(_connection: AppendConnection, _end: Head) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise OSError("the checkpoint files cannot be read")

    async with standing_by(shared_database, brand_id, lease_poll_s=0.01, check_head=check) as writer:
        await until_leading(writer)
        assert failures == 0
