"""Rate limits: GCRA on Valkey, in one script with the server's time. With Valkey gone, each process counts alone."""

import asyncio
import contextlib
import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from math import ceil
from typing import Final, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError

from edges.logs import get_logger

PREFIX: Final = "tongbo:limit:"
TIMEOUT_S: Final = 0.1
PAUSE_S: Final = 2.0
"""After Valkey did not answer, nobody asks it for so long."""

REMEMBERED: Final = 50_000

# For each key its theoretical arrival time, in microseconds: what was taken lies so far ahead of an even flow.
# Nothing is taken from any key unless all of them allow it. A cost below zero gives back.
SCRIPT: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local ahead, after, allowed = {}, {}, true
for i, key in ipairs(KEYS) do
    local interval, limit, cost = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
    ahead[i] = math.max((tonumber(redis.call('GET', key)) or now) - now, 0)
    after[i] = math.max(ahead[i] + interval * cost, 0)
    allowed = allowed and after[i] <= interval * limit
end
for i, key in ipairs(KEYS) do
    if allowed and after[i] > 0 then
        redis.call('SET', key, string.format('%.0f', now + after[i]), 'PX', math.ceil(after[i] / 1000))
    elseif allowed then
        redis.call('DEL', key)
    end
end
return ahead
"""

log = get_logger(__name__)


class Limit(NamedTuple):
    """``amount`` at once, and as many evenly over each ``window_s`` after that."""

    name: str
    amount: int
    window_s: float

    @property
    def interval_us(self) -> int:
        return ceil(self.window_s * 1e6 / self.amount)


class Take(NamedTuple):
    """One from a limit, by whoever the parts name: an account, an address. They are never stored as they are."""

    limit: Limit
    parts: tuple[str, ...]


class Allowance(NamedTuple):
    """What a limit answered. ``retry_after_s`` is zero where it allowed; ``reset_s``: when all of it is there again."""

    allowed: bool
    limit: Limit
    remaining: int
    retry_after_s: float
    reset_s: float


class RateLimits:
    """``secret`` keys the digests of what is limited. ``clock``: monotonic seconds, for the time without Valkey."""

    def __init__(self, url: str, secret: bytes, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = Redis.from_url(
            url, socket_connect_timeout=TIMEOUT_S, socket_timeout=TIMEOUT_S, retry=None
        )
        self._script = self._client.register_script(SCRIPT)
        self._secret = secret
        self._clock = clock
        self._own = OwnCounts(clock)
        self._pause_until_s = float("-inf")

    async def close(self) -> None:
        with contextlib.suppress(RedisError, OSError):
            await self._client.aclose()

    async def take(self, limit: Limit, *parts: str) -> Allowance:
        """Takes one."""
        return await self.take_all([Take(limit, parts)])

    async def take_all(self, takes: Sequence[Take]) -> Allowance:
        """Takes one from each if all allow it, else from none; answers with the tightest."""
        ahead = await self._move(takes, 1)
        answers = [_allowance(take.limit, ahead_us) for take, ahead_us in zip(takes, ahead, strict=True)]
        return min(answers, key=lambda one: (one.allowed, -one.retry_after_s, one.remaining))

    async def give_back(self, takes: Sequence[Take]) -> None:
        """Undoes a take: what it was for turned out to be welcome."""
        await self._move(takes, -1)

    async def _move(self, takes: Sequence[Take], cost: int) -> list[int]:
        """How far ahead each key was before, in microseconds."""
        keys = [self._key(take) for take in takes]
        if self._clock() >= self._pause_until_s:
            arguments = [
                value for take in takes for value in (take.limit.interval_us, take.limit.amount, cost)
            ]
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    return list(await self._script(keys=keys, args=arguments))
            except (RedisError, OSError, TimeoutError) as error:
                self._pause_until_s = self._clock() + PAUSE_S
                log.warning("rate_limits_without_valkey", error=type(error).__name__)
        return self._own.move(keys, [take.limit for take in takes], cost)

    def _key(self, take: Take) -> str:
        content = "\0".join(take.parts).encode("utf-8", "surrogatepass")
        digest = hmac.digest(self._secret, content, hashlib.sha256)
        return f"{PREFIX}{take.limit.name}:{digest[:16].hex()}"


class OwnCounts:
    """The same rule in memory, for one process."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._arrivals_us: OrderedDict[str, int] = OrderedDict()

    def move(self, keys: Sequence[str], limits: Sequence[Limit], cost: int) -> list[int]:
        """See SCRIPT."""
        now_us = int(self._clock() * 1e6)
        ahead = [max(self._arrivals_us.get(key, now_us) - now_us, 0) for key in keys]
        after = [
            max(ahead_us + limit.interval_us * cost, 0) for limit, ahead_us in zip(limits, ahead, strict=True)
        ]
        if all(
            after_us <= limit.interval_us * limit.amount
            for limit, after_us in zip(limits, after, strict=True)
        ):
            for key, after_us in zip(keys, after, strict=True):
                self._arrivals_us[key] = now_us + after_us
                self._arrivals_us.move_to_end(key)
        while len(self._arrivals_us) > REMEMBERED:
            self._arrivals_us.popitem(last=False)
        return ahead


def rate_limit_headers(allowance: Allowance) -> dict[str, str]:
    """``RateLimit``, ``RateLimit-Policy`` and, where refused, ``Retry-After``."""
    limit = allowance.limit
    headers = {
        "RateLimit-Policy": f'"{limit.name}";q={limit.amount};w={ceil(limit.window_s)}',
        "RateLimit": f'"{limit.name}";r={allowance.remaining};t={ceil(allowance.reset_s)}',
    }
    if not allowance.allowed:
        headers["Retry-After"] = str(max(ceil(allowance.retry_after_s), 1))
    return headers


def _allowance(limit: Limit, ahead_us: int) -> Allowance:
    """After taking one, if that was allowed."""
    whole_us = limit.interval_us * limit.amount
    after_us = ahead_us + limit.interval_us
    allowed = after_us <= whole_us
    left_us = after_us if allowed else ahead_us
    return Allowance(
        allowed,
        limit,
        (whole_us - left_us) // limit.interval_us,
        0.0 if allowed else (after_us - whole_us) / 1e6,
        left_us / 1e6,
    )
