"""The first member of staff is told at the first start, and again only where that was interrupted."""

from edges.cli.first_administrator import LOGIN, UNTOLD, ensure_first_administrator, told
from edges.cli.reach import find_system
from tests.running_system import RunningSystem


async def test_was_told_once_and_is_told_anew_after_an_interruption(system: RunningSystem) -> None:
    found = find_system(system.home)
    assert not (system.home / UNTOLD).exists()
    assert await ensure_first_administrator(found) is None
    assert not (system.home / UNTOLD).exists()

    (system.home / UNTOLD).touch()
    first = await ensure_first_administrator(found)
    second = await ensure_first_administrator(found)  # nobody said that the first one was told
    assert first is not None
    assert second is not None
    assert (first.login, first.person) == (LOGIN, second.person)
    assert first.password != second.password
    assert (system.home / UNTOLD).exists()

    told(system.home)
    assert await ensure_first_administrator(found) is None
