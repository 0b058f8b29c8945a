"""The first member of staff is told at the first start, and again only where that was interrupted."""

from pathlib import Path

from edges.admin.app import admin_app
from edges.cli.first_administrator import LOGIN, ensure_first_administrator, told
from tests.edges.api.running import running_people
from tests.servers import Database


async def test_is_told_once_and_anew_after_an_interruption(
    database: Database, valkey_url: str, tmp_path: Path
) -> None:
    async with running_people(
        database, valkey_url, tmp_path, {"admin": admin_app}, brands=("acme",)
    ) as people:
        first = await ensure_first_administrator(people.parts, tmp_path)
        second = await ensure_first_administrator(people.parts, tmp_path)  # nobody said that it was told
        assert first is not None
        assert second is not None
        assert (first.login, first.person) == (LOGIN, second.person)
        assert first.password != second.password

        told(tmp_path)
        assert await ensure_first_administrator(people.parts, tmp_path) is None
