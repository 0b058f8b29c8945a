"""Rate limits: the same rule on Valkey and without it, exact against a simple model, and nobody waits for it."""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from edges.identity.rate_limits import (
    PAUSE_S,
    PREFIX,
    REMEMBERED,
    TIMEOUT_S,
    Allowance,
    Limit,
    OwnCounts,
    RateLimits,
    Take,
    rate_limit_headers,
)
from tests.edges.identity.conftest import Clock

NOWHERE = "redis://127.0.0.1:1/0"
SECRET = b"a secret of the tests"


def slow(amount: int = 3) -> Limit:
    """Gives nothing back while a test runs; nobody else uses it."""
    return Limit(f"test-{uuid4().hex}", amount, 1e6)


@pytest.fixture
async def limits(valkey_url: str) -> AsyncIterator[RateLimits]:
    limits = RateLimits(valkey_url, SECRET)
    yield limits
    await limits.close()


@pytest.fixture
async def alone(clock: Clock) -> AsyncIterator[RateLimits]:
    """Without a Valkey."""
    limits = RateLimits(NOWHERE, SECRET, clock=clock)
    yield limits
    await limits.close()


@pytest.fixture(params=["limits", "alone"])
def either(request: pytest.FixtureRequest) -> RateLimits:
    limits: RateLimits = request.getfixturevalue(request.param)
    return limits


async def test_lets_through_as_many_as_the_limit_says(either: RateLimits) -> None:
    limit = slow(3)
    taken = [await either.take(limit, "mei") for _ in range(5)]
    assert [one.allowed for one in taken] == [True, True, True, False, False]
    assert [one.remaining for one in taken] == [2, 1, 0, 0, 0]
    assert taken[0].retry_after_s == 0
    assert 0.99 * 1e6 / 3 < taken[3].retry_after_s <= 1e6 / 3 + 1
    assert 0.99 * 1e6 < taken[3].reset_s <= 1e6 + 1
    assert (await either.take(limit, "lin")).allowed
    assert (await either.take(slow(3), "mei")).allowed


async def test_takes_from_all_or_from_none(either: RateLimits) -> None:
    wide, narrow = slow(10), slow(1)
    both = [Take(wide, ("a",)), Take(narrow, ("b",))]
    first = await either.take_all(both)
    assert (first.allowed, first.limit, first.remaining) == (True, narrow, 0)
    refused = await either.take_all(both)
    assert (refused.allowed, refused.limit) == (False, narrow)
    assert (await either.take(wide, "a")).remaining == 8


async def test_gives_back_what_was_taken_and_not_more(either: RateLimits) -> None:
    limit = slow(2)
    for _ in range(2):
        await either.take(limit, "mei")
    await either.give_back([Take(limit, ("mei",))])
    assert (await either.take(limit, "mei")).allowed
    assert not (await either.take(limit, "mei")).allowed
    for _ in range(5):
        await either.give_back([Take(limit, ("mei",))])
    assert (await either.take(limit, "mei")).remaining == 1


async def test_all_processes_count_together(limits: RateLimits, valkey_url: str) -> None:
    elsewhere, limit = RateLimits(valkey_url, SECRET), slow(10)
    taken = await asyncio.gather(
        *(each.take(limit, "mei") for each in (limits, elsewhere) for _ in range(10))
    )
    assert sum(one.allowed for one in taken) == 10
    await elsewhere.close()


async def test_valkey_holds_no_name_and_forgets_by_itself(limits: RateLimits, valkey_url: str) -> None:
    limit = Limit(f"test-{uuid4().hex}", 2, 60)
    await limits.take(limit, "mei@example.org", "192.0.2.7")
    async with Redis.from_url(valkey_url) as valkey:
        (key,) = [key async for key in valkey.scan_iter(f"{PREFIX}{limit.name}:*", count=10_000)]
        assert 0 < await valkey.pttl(key) <= 30_000
    assert b"mei" not in key
    assert b"192" not in key


async def test_other_parts_are_another_key(limits: RateLimits) -> None:
    limit = slow(1)
    for parts in (("a", "b"), ("ab",), ("a", "b", ""), ("b", "a"), ("\ud800",)):
        assert (await limits.take(limit, *parts)).allowed


async def test_time_gives_back_evenly(alone: RateLimits, clock: Clock) -> None:
    limit = Limit("test", 3, 30)
    for _ in range(3):
        await alone.take(limit, "mei")
    assert (await alone.take(limit, "mei")).retry_after_s == 10
    clock.now_s += 9.9
    assert not (await alone.take(limit, "mei")).allowed
    clock.now_s += 0.1
    assert (await alone.take(limit, "mei")) == Allowance(True, limit, 0, 0.0, 30.0)
    clock.now_s += 1000
    assert (await alone.take(limit, "mei")).remaining == 2


async def test_with_valkey_gone_nobody_waits_for_it(clock: Clock) -> None:
    """A server that takes connections and says nothing is the worst case."""

    connections = 0

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    silent, limit = RateLimits(f"redis://127.0.0.1:{port}/0", SECRET, clock=clock), slow(3)
    started = time.monotonic()
    taken = await asyncio.gather(*(silent.take(limit, "mei") for _ in range(10)))
    assert time.monotonic() - started < TIMEOUT_S * 10
    assert sum(one.allowed for one in taken) == 3
    tried = connections
    started = time.monotonic()
    assert not (await silent.take(limit, "mei")).allowed
    assert time.monotonic() - started < TIMEOUT_S
    assert connections == tried
    clock.now_s += PAUSE_S
    await silent.take(limit, "mei")
    assert connections == tried + 1
    await silent.close()
    server.close()
    await server.wait_closed()


async def test_goes_back_to_valkey_when_that_answers(clock: Clock, valkey_url: str) -> None:
    limits, limit = RateLimits(valkey_url, SECRET, clock=clock), slow(2)
    limits._pause_until_s = clock.now_s + PAUSE_S
    for _ in range(2):
        await limits.take(limit, "mei")
    assert not (await limits.take(limit, "mei")).allowed
    clock.now_s += PAUSE_S
    assert (await limits.take(limit, "mei")).remaining == 1
    await limits.close()


def test_remembers_no_more_than_it_has_room_for(clock: Clock) -> None:
    counts, limit = OwnCounts(clock), slow(1)
    for n in range(REMEMBERED + 10):
        counts.move([str(n)], [limit], 1)
    assert len(counts._arrivals_us) == REMEMBERED


class Bucket:
    """The simplest thing with the same rule: a bucket that leaks evenly, and takes a drop if there is room for it."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.level_us = 0
        self.seen_us = 0

    def take(self, now_us: int, cost: int) -> bool:
        self.level_us = max(self.level_us - (now_us - self.seen_us), 0)
        self.seen_us = now_us
        after = self.level_us + cost * self.limit.interval_us
        if after > self.limit.amount * self.limit.interval_us:
            return False
        self.level_us = max(after, 0)
        return True


@given(
    st.integers(1, 20),
    st.integers(1, 600),
    st.lists(st.tuples(st.integers(0, 100_000_000), st.sampled_from([1, 1, 1, -1])), max_size=60),
)
def test_allows_what_a_leaking_bucket_has_room_for(
    amount: int, window_s: int, steps: list[tuple[int, int]]
) -> None:
    limit, clock = Limit("test", amount, window_s), Clock()
    counts, bucket, now_us = OwnCounts(clock), Bucket(limit), 1_000_000
    for waited_us, cost in steps:
        now_us += waited_us
        clock.now_s = now_us / 1e6
        now_us = int(clock.now_s * 1e6)
        (ahead_us,) = counts.move(["key"], [limit], cost)
        allowed = ahead_us + cost * limit.interval_us <= amount * limit.interval_us
        assert allowed == bucket.take(now_us, cost)


async def test_the_script_decides_as_the_model_does(limits: RateLimits) -> None:
    """Many takes, some given back, while no time passes that would matter."""
    wide, narrow = slow(12), slow(5)
    buckets = {wide: Bucket(wide), narrow: Bucket(narrow)}
    for step in range(60):
        asked = [limit for limit, every in ((wide, 2), (narrow, 3)) if step % every == 0] or [wide]
        takes = [Take(limit, ("key",)) for limit in asked]
        if step % 7 == 6:
            await limits.give_back(takes)
            for limit in asked:
                buckets[limit].take(0, -1)
            continue
        room = all(
            buckets[limit].level_us + limit.interval_us <= limit.amount * limit.interval_us for limit in asked
        )
        allowance = await limits.take_all(takes)
        assert allowance.allowed == room
        if room:
            for limit in asked:
                buckets[limit].take(0, 1)


def test_headers_say_what_is_left_and_when_to_come_again() -> None:
    limit = Limit("login", 10, 600)
    assert rate_limit_headers(Allowance(True, limit, 3, 0.0, 419.2)) == {
        "RateLimit-Policy": '"login";q=10;w=600',
        "RateLimit": '"login";r=3;t=420',
    }
    refused = rate_limit_headers(Allowance(False, limit, 0, 0.01, 600.0))
    assert refused["Retry-After"] == "1"
