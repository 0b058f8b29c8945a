"""A house of people for tests of edges: brands in a real ledger, projections, and edges on ports of their own."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import aiohttp
from aiohttp import web

from contracts.commands import Command
from contracts.commands.agent import AddAgent, AllowAgent
from contracts.commands.brand import ChangeBrandSettings
from contracts.commands.player import RegisterPlayer
from contracts.commands.staff import AddStaff
from contracts.ids import PLATFORM_BRAND
from contracts.receipts import Receipt
from edges.api.parts import PARTS, ApiParts
from edges.config import load
from edges.connections import location_of, open_secrets
from edges.health import Health
from edges.identity import credentials
from edges.identity.credentials import NewCredentials
from edges.identity.passwords import Passwords
from edges.identity.persons import Person
from edges.identity.totp import new_secret
from edges.internal.wakeups import Wakeups
from edges.metrics import Metrics
from edges.process import Process
from edges.tenancy import in_brand
from projections.positions import wait_for
from projections.worker import Worker, WorkerOptions
from tests.ledger.running import creation
from tests.ledger_process import TOKEN, LedgerProcess, ledger_process, served
from tests.servers import Database

PASSWORD = "a horse under the stairs"
CHEAP_KIB = 64
"""Memory of hashes that only need to be verified."""

Compose = Callable[[Process], web.Application]


class Clock:
    """Seconds since 1970, moved by hand; it begins with the real time, since cookies and databases have that too."""

    def __init__(self) -> None:
        self.now_s = time.time()

    def __call__(self) -> float:
        return self.now_s


class Someone(NamedTuple):
    """A person with PASSWORD and a session that has just begun."""

    person: Person
    login: str
    token: str
    session_id: str
    totp_secret: str = ""

    @property
    def id(self) -> str:
        return self.person.subject_id

    @property
    def actor(self) -> str:
        return f"{self.person.kind}:{self.id}"


class Answer(NamedTuple):
    """``content``: of JSON, decoded; else the text."""

    status: int
    content: Any
    headers: Mapping[str, str]
    cookies: SimpleCookie


@dataclass
class RunningEdge:
    """One edge on its port."""

    app: web.Application
    url: str
    http: aiohttp.ClientSession

    @property
    def parts(self) -> ApiParts:
        return self.app[PARTS]

    async def ask(
        self,
        method: str,
        path: str,
        who: Someone | str | None = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Answer:
        """One request. ``who``: a person or a token; ``key``: of idempotency, a new one if none is given."""
        sent = {"Idempotency-Key": key or uuid4().hex} | dict(headers or {})
        if who is not None:
            sent["Authorization"] = f"Bearer {who.token if isinstance(who, Someone) else who}"
        async with self.http.request(
            method, path, headers=sent, allow_redirects=False, **options
        ) as response:
            is_json = "json" in response.content_type
            content = await response.json(content_type=None) if is_json else await response.text()
            return Answer(response.status, content, response.headers, response.cookies)


@dataclass
class RunningPeople:
    """Everything that runs. ``edges``: by name, as they were asked for."""

    database: Database
    ledger: LedgerProcess
    clock: Clock
    edges: dict[str, RunningEdge] = field(default_factory=dict)
    password_hash: str = ""

    @property
    def parts(self) -> ApiParts:
        """Of any edge: what tests look at the tables with."""
        return next(iter(self.edges.values())).parts

    async def execute(self, brand_id: str, *commands: Command) -> tuple[Receipt, ...]:
        return await self.ledger.service.brand(brand_id).execute_all(commands)

    async def change_settings(self, brand_id: str, **settings: Any) -> None:
        """Changes a brand's settings, and lets the edges know."""
        await self.execute(brand_id, ChangeBrandSettings(command_id=f"test/{uuid4().hex}", settings=settings))
        for edge in self.edges.values():
            await edge.parts.directory.refresh()

    async def projected(self, brand_id: str, *projections: str) -> None:
        """Returns when these read models have everything that the ledger has."""
        (status,) = [s for s in self.ledger.service.statuses() if s.brand_id == brand_id]
        async with in_brand(self.parts.pool, brand_id) as connection:
            for projection in projections:
                await wait_for(connection, brand_id, projection, status.position, 10.0)

    async def add_staff(
        self, *roles: str, brands: Sequence[str] = ("*",), stepped_up: bool = True, must_change: bool = False
    ) -> Someone:
        """A member of staff with these roles at these brands, logged in."""
        staff_id = f"s{uuid4().hex[:20]}"
        await self.execute(
            PLATFORM_BRAND,
            AddStaff(
                command_id=f"test/add-{staff_id}",
                staff_id=staff_id,
                roles=roles,
                brands=tuple(brands),
                actor="cli",
            ),
        )
        person = Person(PLATFORM_BRAND, "staff", staff_id)
        return await self.sign_in(person, stepped_up=stepped_up, must_change=must_change)

    async def add_agent(self, *brands: str, parent: str = "") -> Someone:
        """An agent that these brands allow, logged in."""
        agent_id = f"a{uuid4().hex[:20]}"
        await self.execute(
            PLATFORM_BRAND,
            AddAgent(command_id=f"test/{agent_id}", agent_id=agent_id, parent=parent, code=agent_id),
            *(
                AllowAgent(command_id=f"test/{agent_id}/{brand}", agent_id=agent_id, brand=brand)
                for brand in brands
            ),
        )
        return await self.sign_in(Person(PLATFORM_BRAND, "agent", agent_id))

    async def add_player(self, brand_id: str) -> Someone:
        """An active player, logged in."""
        player_id = f"p{uuid4().hex[:20]}"
        await self.execute(
            brand_id,
            RegisterPlayer(
                command_id=f"test/{player_id}",
                player_id=player_id,
                status="active",
                policy="open",
                actor=f"player:{player_id}",
            ),
        )
        return await self.sign_in(Person(brand_id, "player", player_id))

    async def sign_in(
        self, person: Person, *, stepped_up: bool = False, must_change: bool = False
    ) -> Someone:
        """Gives somebody who exists already credentials, if there are none, and a session."""
        identity, now = self.parts.identity, self.parts.now()
        login, secret = person.subject_id[:16], new_secret()
        async with in_brand(self.parts.pool, person.brand_id) as connection:
            await credentials.create(
                connection, person, NewCredentials(login, self.password_hash, must_change), now
            )
            if person.kind == "staff":
                await identity.codes.enrol(connection, person, secret)
            begun = await identity.sign_ins.begin(connection, person, must_change_password=must_change)
        if stepped_up:
            await identity.sign_ins.note_step_up(person.brand_id, begun.session_id)
        token = identity.tokens.issue(
            person,
            begun.session_id,
            stepped_up_at_s=int(now.timestamp()) if stepped_up else None,
            must_change_password=must_change,
        )
        return Someone(person, login, token.text, begun.session_id, secret)


@asynccontextmanager
async def running_people(
    database: Database,
    valkey_url: str,
    home: Path,
    edges: Mapping[str, Compose],
    *,
    brands: Sequence[str] = ("acme", "other"),
    clock: Clock | None = None,
    variables: Mapping[str, str] | None = None,
) -> AsyncIterator[RunningPeople]:
    """Runs these edges, by name, over brands that deal in EUR and have the domain ``<brand>.example``.

    ``variables``: further settings of the edges.
    An edge that is to share the clock is given it by the caller: ``partial(admin_app, clock=clock)``.
    """
    async with AsyncExitStack() as stack:
        wakeups = Wakeups(valkey_url, Metrics().counter("wakeups", "Of these tests"))
        wakeups.start()
        stack.push_async_callback(wakeups.stop)
        ledger = await stack.enter_async_context(
            ledger_process(database.dsn("writer"), home / "checkpoints", on_durable=wakeups)
        )
        await ledger.service.ensure_platform()
        for brand_id in brands:
            await ledger.service.create_brand(creation(brand_id))
            await ledger.service.brand(brand_id).execute(
                ChangeBrandSettings(command_id="test/domain", settings={"domains": [f"{brand_id}.example"]})
            )
        await stack.enter_async_context(_projecting(database, ledger))
        people = RunningPeople(database, ledger, clock or Clock())
        hasher = Passwords(memory_kib=CHEAP_KIB)
        people.password_hash = await hasher.hash(PASSWORD)
        hasher.close()
        for name, make in edges.items():
            process = _process(
                name,
                database,
                valkey_url=valkey_url,
                home=home,
                ledger_url=ledger.url,
                variables=variables or {},
            )
            app = make(process)
            url = await stack.enter_async_context(served(app))
            jar = aiohttp.DummyCookieJar()
            http = await stack.enter_async_context(aiohttp.ClientSession(url, cookie_jar=jar))
            people.edges[name] = RunningEdge(app, url, http)
        yield people


@asynccontextmanager
async def _projecting(database: Database, ledger: LedgerProcess) -> AsyncIterator[None]:
    async def execute(brand_id: str, command: Command) -> Receipt:
        return await ledger.service.brand(brand_id).execute(command)

    worker = Worker(database.dsn("projector"), execute=execute, options=WorkerOptions(poll_s=0.02))
    await worker.start()
    try:
        yield
    finally:
        await worker.stop()


def _process(
    name: str,
    database: Database,
    *,
    valkey_url: str,
    home: Path,
    ledger_url: str,
    variables: Mapping[str, str],
) -> Process:
    passwords = {
        f"TONGBO_{role.upper()}_PASSWORD": database.secrets.database_password(role)
        for role in ("edge", "reader", "auditor")
    }
    settings = load(
        {"TONGBO_SERVICE_TOKEN": TOKEN, **passwords, **variables},
        home=home,
        database_url=location_of(database.dsn("edge")),
        redis_url=valkey_url,
        ledger_url=ledger_url,
    )
    return Process(name, settings, open_secrets(settings), Metrics(), Health())
