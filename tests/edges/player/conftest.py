"""The player edge over several brands, for the tests of its topics; one for all of them."""

from collections.abc import AsyncIterator
from functools import partial

import pytest

from edges.embedded.postgres import EmbeddedPostgres
from edges.identity.passwords import Passwords
from edges.player.app import player_app
from edges.secrets import Secrets
from tests.edges.api.running import CHEAP_KIB, Clock, running_people
from tests.edges.player.house import BRAND, SETTINGS, House
from tests.servers import copy_template, drop_database

POLICIES = ("invite", "agent_code", "approval", "closed")
"""Of the brands whose sign-up is another than ``open``, each called like its policy."""

BRANDS = (BRAND, "other", "resting", "legacy", *(policy.replace("_", "-") for policy in POLICIES))


@pytest.fixture(scope="session")
async def house(
    postgres: EmbeddedPostgres,
    secrets: Secrets,
    template_database: str,
    valkey_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[House]:
    database = await copy_template(postgres, secrets, template_database, "test_player_edge")
    clock = Clock()
    edges = {"player": partial(player_app, clock=clock)}
    home = tmp_path_factory.mktemp("player")
    proxies = {"TONGBO_TRUSTED_PROXIES": "127.0.0.0/8"}
    async with running_people(
        database, valkey_url, home, edges, brands=BRANDS, clock=clock, variables=proxies
    ) as people:
        await people.change_settings(BRAND, **SETTINGS)
        for policy in POLICIES:
            await people.change_settings(policy.replace("_", "-"), sign_up=policy)
        cheap = Passwords(memory_kib=CHEAP_KIB)
        vars(people.parts.identity.passwords).update(_hasher=cheap._hasher, _nobodys_hash=cheap._nobodys_hash)
        yield House(people)
    await drop_database(database)
