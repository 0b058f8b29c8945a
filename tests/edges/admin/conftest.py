"""The admin edge over two brands, for the tests of its topics."""

from collections.abc import AsyncIterator
from functools import partial

import pytest

from edges.admin.app import admin_app
from tests.edges.admin.desk import Desk
from tests.edges.api.running import Clock, RunningEdge, RunningPeople, running_people
from tests.servers import Database


@pytest.fixture(scope="module")
async def people(
    module_database: Database, valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RunningPeople]:
    """The house with an admin edge, a module's own."""
    clock = Clock()
    home = tmp_path_factory.mktemp("admin")
    edges = {"admin": partial(admin_app, clock=clock)}
    async with running_people(module_database, valkey_url, home, edges, clock=clock) as people:
        yield people


@pytest.fixture
def admin(people: RunningPeople) -> RunningEdge:
    return people.edges["admin"]


@pytest.fixture
def desk(people: RunningPeople, admin: RunningEdge) -> Desk:
    return Desk(people, admin)
