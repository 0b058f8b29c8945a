"""Leaving root: the smallest set of capabilities that works, and a clear word where none does."""

import os
import sys
from pathlib import Path

import pytest

from edges.embedded.account import server_account
from edges.embedded.process import LAUNCHER, Child, Program

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop to another user")

CAP_DAC_OVERRIDE = 1 << 1
CAP_DAC_READ_SEARCH = 1 << 2


async def run(needs: list[tuple[Path, int]], log: Path) -> tuple[int | None, str]:
    account = server_account()
    child = await Child.start(
        Program(
            command=["/bin/cat", "/proc/self/status"], environment={}, log=log, account=account, needs=needs
        )
    )
    await child.wait()
    return child.exit_code, log.read_text()


def field(status: str, name: str) -> str:
    return next(line.split(maxsplit=1)[1] for line in status.splitlines() if line.startswith(name + ":"))


@pytest.fixture
def open_folder(server_root: Path, request: pytest.FixtureRequest) -> Path:
    folder = server_root / str(request.node.name)
    folder.mkdir(mode=0o755)
    return folder


async def test_keeps_no_capability_where_everything_can_be_reached(open_folder: Path) -> None:
    (open_folder / "file").write_text("")
    (open_folder / "file").chmod(0o644)
    code, status = await run([(open_folder / "file", os.R_OK)], open_folder / "log")
    assert code == 0
    assert [int(field(status, name), 16) for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")] == [0, 0, 0, 0]
    assert field(status, "NoNewPrivs") == "1"
    assert "0" not in field(status, "Uid").split()


async def test_keeps_only_the_right_to_read_and_search_where_a_directory_is_closed(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    (closed / "file").write_text("")
    code, status = await run([(closed / "file", os.R_OK)], open_folder / "log")
    assert code == 0
    assert int(field(status, "CapEff"), 16) == CAP_DAC_READ_SEARCH
    assert int(field(status, "CapPrm"), 16) == CAP_DAC_READ_SEARCH


async def test_keeps_the_right_to_override_only_for_programs_closed_to_others(open_folder: Path) -> None:
    program = open_folder / "program"
    program.write_text("")
    program.chmod(0o700)
    code, status = await run([(program, os.X_OK)], open_folder / "log")
    assert code == 0
    assert int(field(status, "CapEff"), 16) == CAP_DAC_OVERRIDE


async def test_says_what_it_cannot_reach(open_folder: Path) -> None:
    code, text = await run([(open_folder / "missing", os.R_OK)], open_folder / "log")
    assert code == 126
    assert "cannot reach" in text
    assert str(open_folder / "missing") in text


async def test_refuses_to_start_for_a_parent_that_has_gone(open_folder: Path) -> None:
    order = '{"account": null, "needs": [], "death_signal": 9, "parent": 1}'
    child = await Child.start(
        Program(
            command=[sys.executable, "-I", "-S", str(LAUNCHER), order, "/bin/true"],
            environment={},
            log=open_folder / "log",
        )
    )
    await child.wait()
    assert child.exit_code == 126
