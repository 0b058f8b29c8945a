"""Sessions in a running system without a login, for load and crash tests: what they try is not the way in."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from psycopg_pool import AsyncConnectionPool

from edges.cli.reach import System
from edges.connections import redis_url
from edges.database import Role
from edges.identity.kit import Identity
from edges.identity.persons import Person
from edges.metrics import Metrics
from edges.tenancy import Pool, in_brand

FIRST = "SELECT subject_id FROM credentials WHERE brand_id = %s AND kind = %s ORDER BY created_at LIMIT 1"


async def mint(system: System, person: Person) -> str:
    """An access token of this person, with a session that has just begun and stepped up."""
    async with _pool(system) as pool:
        identity = Identity(pool, system.secrets, redis_url(system.settings, system.secrets), Metrics())
        async with in_brand(pool, person.brand_id) as connection:
            begun = await identity.sign_ins.begin(
                connection,
                person,
                client=f"minted {uuid4().hex[:8]}",
                address=None,
                must_change_password=False,
            )
        now_s = int(datetime.now(UTC).timestamp())
        return identity.tokens.issue(person, begun.session_id, stepped_up_at_s=now_s).text


async def first_of_kind(system: System, brand_id: str, kind: Any) -> Person:
    """Whoever of this kind got a login first."""
    async with _pool(system) as pool, in_brand(pool, brand_id) as connection:
        row = await (await connection.execute(FIRST, (brand_id, kind))).fetchone()
    assert row is not None, f"there is no {kind} of {brand_id}"
    return Person(brand_id, kind, row[0])


def _pool(system: System) -> Pool:
    return AsyncConnectionPool(system.dsn(Role.EDGE), min_size=1, max_size=2, open=False)
