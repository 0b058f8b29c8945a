"""The staff console over real HTTP: closed without the key, whole, live, and never asking anybody else."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from edges.admin.access import COOKIE, access_key
from edges.admin.app import BOARD, admin_app
from edges.config import load
from edges.connections import location_of, open_secrets
from edges.health import Health
from edges.metrics import Metrics
from edges.process import Process
from projections.worker import Worker, WorkerOptions
from tests.eventually import eventually
from tests.ledger.running import creation, deposit, opening
from tests.ledger_process import TOKEN, LedgerProcess, ledger_process, served
from tests.servers import Database

KEY = "the key of these tests"


@dataclass(frozen=True)
class Console:
    """A console over a brand with money in it."""

    url: str
    board: Any
    ledger: LedgerProcess

    def session(self, **options: Any) -> aiohttp.ClientSession:
        jar = aiohttp.CookieJar(unsafe=True)
        return aiohttp.ClientSession(self.url, cookie_jar=jar, **options)

    def known(self) -> aiohttp.ClientSession:
        return self.session(headers={"Authorization": f"Bearer {KEY}"})


@pytest.fixture(scope="module")
async def console(
    module_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Console]:
    home = tmp_path_factory.mktemp("console")
    async with ledger_process(module_database.dsn("writer"), home / "checkpoints") as ledger:
        await ledger.service.create_brand(creation("acme"))
        await ledger.service.brand("acme").execute_all([opening(1), deposit(1, 500_000_000, "d")])
        worker = Worker(module_database.dsn("projector"), options=WorkerOptions(poll_s=0.02))
        await worker.start()
        settings = load(
            {
                "TONGBO_SERVICE_TOKEN": TOKEN,
                "TONGBO_AUDITOR_PASSWORD": module_database.secrets.database_password("auditor"),
            },
            home=home,
            database_url=location_of(module_database.dsn("auditor")),
            redis_url="redis://127.0.0.1:1",
            ledger_url=ledger.url,
        )
        app = admin_app(Process("admin", settings, open_secrets(settings), Metrics(), Health()), KEY)
        async with served(app) as url:
            board = app[BOARD]
            await eventually(
                lambda: bool(board.latest.brands) and board.latest.brands[0].verified_position == 3
            )
            yield Console(url, board, ledger)
        await worker.stop()


@pytest.mark.parametrize("path", ["/", "/api/v1/status", "/ws/status", "/nowhere"])
async def test_strangers_are_kept_out(console: Console, path: str) -> None:
    async with console.session() as stranger:
        async with stranger.get(path, allow_redirects=False) as response:
            assert response.status == 401
        async with stranger.get(path, headers={"Accept": "text/html"}, allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (303, "/login")
        async with stranger.get(
            path, headers={"Cookie": f"{COOKIE}={KEY}"}, allow_redirects=False
        ) as response:
            assert response.status == 401


async def test_the_key_in_the_address_is_traded_for_a_cookie(console: Console) -> None:
    async with console.session() as person:
        async with person.get("/", params={"key": KEY}, allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (303, "/")
            cookie = response.cookies[COOKIE]
            assert cookie["httponly"]
            assert cookie["samesite"] == "Strict"
            assert KEY not in cookie.value
        async with person.get("/") as response:
            assert response.status == 200


async def test_the_form_takes_the_key_and_says_when_it_is_wrong(console: Console) -> None:
    async with console.session() as person:
        async with person.post("/login", data={"key": "wrong"}) as response:
            assert "That is not the key" in await response.text()
        async with person.post("/login", data={"key": KEY}) as response:
            assert response.url.path == "/"
            assert "acme" in await response.text()


async def test_the_page_shows_position_lag_verification_and_a_balance_of_zero(console: Console) -> None:
    async with console.known() as person, person.get("/") as response:
        page = await response.text()
        policy = response.headers["Content-Security-Policy"]
    assert "All is well" in page
    assert "zero ✔" in page
    assert "5\u202f000.00" in page
    for name in ("balances", "statements", "rounds", "trial_balance", "bank:card", "wallet:cash"):
        assert name in page
    assert "unsafe" not in policy
    assert not re.search(r"\s(style|on\w+)=", page)
    assert not re.search(r"(src|href)=\"(?!/|#)", page)


async def test_programs_read_the_same_as_json(console: Console) -> None:
    async with console.known() as program, program.get("/api/v1/status") as response:
        (brand,) = (await response.json())["brands"]
    assert brand["brand_id"] == "acme"
    assert brand["sums"] == {"EUR": 0}
    assert brand["writer"] == "leading"
    assert brand["position"] == brand["verified_position"] == 3


async def test_a_watcher_sees_money_move(console: Console) -> None:
    origin = {"Origin": console.url, "Authorization": f"Bearer {KEY}"}
    async with console.session() as person, person.ws_connect("/ws/status", headers=origin) as socket:
        assert "acme" in (await socket.receive_str(timeout=5))
        await console.ledger.service.brand("acme").execute(deposit(1, 100, "watched"))
        async with asyncio.timeout(10):
            while ">4<" not in await socket.receive_str():
                pass


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null", "http://127.0.0.1:1"])
async def test_a_foreign_page_cannot_watch(console: Console, origin: str | None) -> None:
    headers = {"Authorization": f"Bearer {KEY}"} | ({"Origin": origin} if origin else {})
    async with console.session() as person:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await person.ws_connect("/ws/status", headers=headers)
    assert refused.value.status == 403


async def test_a_slow_watcher_gets_the_newest_status_only(console: Console) -> None:
    board = console.board
    seen = board.latest.number
    for _ in range(3):
        await board.look()
    assert (await board.newer_than(seen)).number >= seen + 3


async def test_serves_its_own_files_and_nothing_else(console: Console) -> None:
    async with console.session() as anybody:
        for name in ("console.css", "console.js", "coin.svg"):
            async with anybody.get(f"/static/{name}") as response:
                assert response.status == 200
        for name in ("..%2f..%2fapp.py", "app.py", "%2e%2e/app.py"):
            async with anybody.get(f"/static/{name}") as response:
                assert response.status in {401, 404}


def test_the_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    first = access_key(tmp_path)
    assert len(first) >= 32
    assert access_key(tmp_path) == first
    assert (tmp_path / "secrets" / "admin_access_key").stat().st_mode & 0o777 == 0o600
