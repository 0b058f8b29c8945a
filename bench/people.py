"""The player edge: balance reads beside a bare handler, and what a storm of bad logins does to providers' bets."""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import aiohttp

from bench.ground import Ground
from bench.http import BRAND, CONNECTIONS, WALLETS, load, load_bets, mean, prepare
from bench.processes import part, place, process, until_ready
from bench.results import Figure, figure
from contracts.commands.brand import ChangeBrandSettings
from edges.config import Settings
from edges.identity.persons import Person
from edges.identity.tokens import AccessTokens

HOST = "bench.localhost"
STORM = 100
"""Bad logins under way at once."""

BETTORS = 16
"""Connections of the provider meanwhile: the bets keep the machine busy, not full."""

TURNS = 3


async def measure(ground: Ground, wanted: set[str], seconds: float) -> list[Figure]:
    """The figures ``gateway_balance_64`` and ``login_storm_p99``."""
    await prepare(ground)
    async with ground.writer(BRAND) as writer:
        command = ChangeBrandSettings(command_id="bench/domain", settings={"domains": [HOST]})
        await writer.execute(command)
    settings, environment = place(ground, TONGBO_TRUSTED_PROXIES="127.0.0.1/32")
    figures: list[Figure] = []
    async with part("ledger", environment), part("provider", environment), part("player", environment):
        await until_ready(settings, "provider")
        await until_ready(settings, "player")
        if "gateway_balance_64" in wanted:
            figures += await _balances(ground, settings, environment, seconds)
        if "login_storm_p99" in wanted:
            figures += await _storm(settings, seconds)
    return figures


async def _balances(
    ground: Ground, settings: Settings, environment: dict[str, str], seconds: float
) -> list[Figure]:
    tokens = AccessTokens(ground.secrets)
    people = [Person(BRAND, "player", f"p{n}") for n in range(WALLETS)]
    reads = {
        "path": "/api/v1/wallets",
        "host": HOST,
        "tokens": [tokens.issue(person, uuid4().hex).text for person in people],
    }
    bare_port = settings.port_base + 20
    bare_arguments = ["-m", "bench.bare_reader", str(bare_port), str(ground.root)]
    ours, bare = [], []
    async with process("bare", bare_arguments, environment):
        await load(settings.port("player"), 1.0, CONNECTIONS, reads=reads)
        for _ in range(2):  # in turns, so that a noisy minute hits both
            ours.append(await load(settings.port("player"), seconds / 2, CONNECTIONS, reads=reads))
            bare.append(await load(bare_port, seconds / 2, CONNECTIONS, reads=reads))
    return [
        figure(
            "gateway_balance_64", mean(ours, "rate"), "reads/s", "bare aiohttp handler", mean(bare, "rate")
        )
    ]


async def _storm(settings: Settings, seconds: float) -> list[Figure]:
    quiet, stormy = [], []
    await load_bets(settings.port("provider"), 1.0, "warm", connections=BETTORS)
    for turn in range(TURNS):  # in turns, so that a noisy minute hits both
        quiet.append(
            await load_bets(settings.port("provider"), seconds / 2, f"quiet{turn}", connections=BETTORS)
        )
        async with _bad_logins(settings):
            stormy.append(
                await load_bets(settings.port("provider"), seconds / 2, f"storm{turn}", connections=BETTORS)
            )
    return [
        figure("login_storm_p99", mean(stormy, "p99_ms"), "ms", "the same bets alone", mean(quiet, "p99_ms"))
    ]


@asynccontextmanager
async def _bad_logins(settings: Settings) -> AsyncIterator[None]:
    """So many at once, all the time, for ever other names from ever other addresses."""
    numbers = itertools.count()
    url = f"http://127.0.0.1:{settings.port('player')}/api/v1/auth/login"
    connector = aiohttp.TCPConnector(limit=0)

    async def fail_for_ever(session: aiohttp.ClientSession) -> None:
        while True:
            number = next(numbers)
            address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            body = {"login": f"nobody{secrets.token_hex(6)}", "password": "not the password"}
            headers = {"Host": HOST, "X-Forwarded-For": address}
            async with session.post(url, json=body, headers=headers) as answer:
                if answer.status == 503:  # too many wait: as a client is told to, later
                    await asyncio.sleep(1.0)
                elif answer.status != 401:
                    raise RuntimeError(f"a bad login was answered with {answer.status}")

    async with aiohttp.ClientSession(connector=connector) as session:
        attackers = [asyncio.create_task(fail_for_ever(session)) for _ in range(STORM)]
        await asyncio.sleep(0.5)
        try:
            yield
        finally:
            for attacker in attackers:
                if attacker.done():
                    attacker.result()
                attacker.cancel()
            await asyncio.gather(*attackers, return_exceptions=True)
