"""How others find a running system: only while it runs, and never its secrets."""

from pathlib import Path

import pytest

from edges.errors import StartError
from edges.state import HomeLock, PartState, RunningState, prepare_home, read_state, write_state

STATE = RunningState(
    home="/somewhere",
    pid=1,
    port_base=7300,
    bind_host="127.0.0.1",
    database_url="host=/somewhere/run/sockets dbname=tongbo",
    redis_url="unix:///somewhere/run/sockets/valkey.sock",
    ready=True,
    parts={"admin": PartState("admin", 2, ready=True, port=7304, url="http://127.0.0.1:7304")},
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return prepare_home(tmp_path / "home")


def test_finds_the_running_system(home: Path) -> None:
    lock = HomeLock(home)
    lock.take()
    write_state(home, STATE)
    assert read_state(home) == STATE
    assert STATE.url("admin") == "http://127.0.0.1:7304"
    lock.release()


def test_does_not_take_a_leftover_file_for_a_running_system(home: Path) -> None:
    write_state(home, STATE)
    assert read_state(home) is None


def test_finds_nothing_in_an_empty_home(tmp_path: Path) -> None:
    assert read_state(tmp_path) is None


def test_two_supervisors_cannot_run_one_home(home: Path) -> None:
    first = HomeLock(home)
    first.take()
    with pytest.raises(StartError, match=r"runs in .* already"):
        HomeLock(home).take()
    first.release()
    second = HomeLock(home)
    second.take()
    second.release()


def test_only_the_owner_reads_the_state(home: Path) -> None:
    write_state(home, STATE)
    assert (home / "run" / "state.json").stat().st_mode & 0o777 == 0o600
    assert (home / "logs").stat().st_mode & 0o777 == 0o700


def test_leaves_the_permissions_of_an_existing_home_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    prepare_home(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o750
