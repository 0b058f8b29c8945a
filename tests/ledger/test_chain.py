"""The hash chain, verified by an implementation of its own."""

import hashlib
import struct
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.commands.wallet import AdjustBalance
from ledger import chain
from ledger.append import EventBatch, Head
from tests.ledger.running import (
    bet,
    deposit,
    open_wallets,
    read_log,
    require_whole,
    roll_back,
    running,
    wallet_of,
    win,
)
from tests.servers import Database

texts = st.binary(max_size=40)
numbers = st.integers(min_value=0, max_value=2**62)


def expected(
    previous: bytes, numbers: tuple[int, int, int], parts: tuple[bytes, bytes, bytes, bytes]
) -> bytes:
    position, version, recorded_us = numbers
    data = previous + struct.pack(">qqq", position, version, recorded_us)
    data += b"".join(struct.pack(">I", len(part)) for part in parts) + b"".join(parts)
    return hashlib.sha256(data).digest()


@given(numbers, numbers, numbers, texts, texts, texts, texts)
def test_a_link_is_the_hash_of_head_and_texts_as_documented(  # noqa: PLR0917 - all that is hashed
    position: int, version: int, recorded_us: int, a: bytes, t: bytes, p: bytes, c: bytes
) -> None:
    previous = chain.genesis("demo")
    link = chain.link(previous, position, a, version, t, recorded_us, p, c)
    assert link == expected(previous, (position, version, recorded_us), (a, t, p, c))


@given(texts, texts, texts, texts, st.integers(min_value=0, max_value=40))
def test_moving_bytes_from_one_text_to_the_next_changes_the_hash(
    a: bytes, t: bytes, p: bytes, c: bytes, n: int
) -> None:
    previous, both = chain.genesis("demo"), a + t
    one = chain.link(previous, 1, a, 1, t, 1, p, c)
    other = chain.link(previous, 1, both[:n], 1, both[n:], 1, p, c)
    assert (one == other) == (both[:n] == a)


def test_each_brand_begins_at_a_hash_of_its_own() -> None:
    assert chain.genesis("demo") == hashlib.sha256(b"tongbo log v1\0demo").digest()
    assert chain.genesis("demo") != chain.genesis("demo2")


def test_every_part_of_an_event_is_in_its_hash() -> None:
    usual: tuple[Any, ...] = (b"\0" * 32, 1, b"a", 2, b"t", 3, b"p", b"c")
    changed: tuple[Any, ...] = (b"\1" * 32, 9, b"b", 9, b"u", 9, b"q", b"d")
    hashes = {chain.link(*usual)}
    for n, value in enumerate(changed):
        parts: list[Any] = [*usual]
        parts[n] = value
        hashes.add(chain.link(*parts))
    assert len(hashes) == 9


def test_a_batch_never_goes_back_in_time_and_continues_the_chain() -> None:
    batch = EventBatch(Head(7, b"\1" * 32, 5_000))
    batch.stamp(4_000)
    assert batch.recorded_us == 5_000
    assert [batch.add(b"a", n, b"t", b"{}", b"c%d" % n) for n in (1, 2)] == [8, 9]
    assert batch.head.position == 9
    first = expected(b"\1" * 32, (8, 1, 5_000), (b"a", b"t", b"{}", b"c1"))
    assert batch.head.hash == expected(first, (9, 2, 5_000), (b"a", b"t", b"{}", b"c2"))


async def test_a_log_is_chained_over_batches_restarts_and_odd_texts(
    shared_database: Database, brand_id: str
) -> None:
    note = "ärger 💶 \\u0041 " + "x" * 10_000
    for run in range(3):
        async with running(shared_database, brand_id) as writer:
            await open_wallets(writer, [f"{run}-1", f"{run}-2"], 100)
            await writer.execute(bet(f"{run}-1", 5, f"b{run}", round_id=note[:200]))
            await writer.execute_all([win(f"{run}-2", 5, f"w{run}"), deposit(f"{run}-1", 1, f"d{run}")])
            await writer.execute(roll_back(f"{run}-1", f"b{run}", f"rb{run}"))
            await writer.execute(
                AdjustBalance(
                    wallet_id=wallet_of(f"{run}-2"),
                    command_id=f"test/a{run}",
                    amount=-1,
                    reason="r",
                    note=note,
                )
            )
    rows = await read_log(shared_database, brand_id)
    assert len(require_whole(rows, brand_id)) == 6
    assert all(earlier.hash != later.hash for earlier, later in pairwise(rows))


async def test_the_independent_check_finds_a_changed_row(shared_database: Database, brand_id: str) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 100)
    rows = await read_log(shared_database, brand_id)
    for wrong in (
        rows[2]._replace(payload=bytes(rows[2].payload).replace(b"100", b"999")),
        rows[2]._replace(recorded_us=rows[2].recorded_us + 1),
        rows[2]._replace(command_id="test/other"),
        rows[2]._replace(version=3),
    ):
        with pytest.raises(AssertionError):
            require_whole([*rows[:2], wrong], brand_id)
    with pytest.raises(AssertionError):
        require_whole(rows[1:], brand_id)
