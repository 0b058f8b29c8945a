"""Log files of children: bounded in size, and their important lines reach the console once."""

import os
from pathlib import Path

import pytest

from edges.logfiles import LogFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.log"


def append(path: Path, *lines: str) -> None:
    with path.open("a") as file:
        file.writelines(line + "\n" for line in lines)


IMPORTANT = [
    '{"part":"ledger","event":"commit_failed","level":"error"}',
    "2026-11-23 07:50:57.130 UTC [3090] PANIC:  could not write",
    "2026-11-23 07:50:57.130 UTC [3090] tongbo_writer@tongbo FATAL:  password authentication failed",
    "ValueError: broken",
    "edges.errors.ConfigurationError: TONGBO_X is not a setting",
    "cannot start /x: not found",
]
ORDINARY = [
    '{"part":"ledger","event":"batch","level":"info"}',
    "2026-11-23 07:50:57.130 UTC [3090] tongbo_writer@tongbo ERROR:  duplicate key",
    "5216:M 23 Nov 2026 08:01:33.384 # WARNING Memory overcommit must be enabled!",
    "Traceback (most recent call last):",
]


def test_picks_the_lines_that_matter_to_a_person(path: Path) -> None:
    file = LogFile(path)
    append(path, *IMPORTANT, *ORDINARY)
    assert file.important_lines() == IMPORTANT


def test_shows_each_line_once_and_nothing_from_before(path: Path) -> None:
    append(path, IMPORTANT[0])
    file = LogFile(path)
    assert file.important_lines() == []
    append(path, IMPORTANT[1])
    assert file.important_lines() == [IMPORTANT[1]]
    assert file.important_lines() == []


def test_waits_for_the_rest_of_a_line(path: Path) -> None:
    file = LogFile(path)
    path.write_text("ValueError: bro")
    assert file.important_lines() == []
    with path.open("a") as rest:
        rest.write("ken\n")
    assert file.important_lines() == ["ValueError: broken"]


def test_has_nothing_to_say_before_the_file_exists(path: Path) -> None:
    file = LogFile(path)
    assert file.important_lines() == []
    assert not file.rotate_if_large()


def test_rotates_by_size_and_keeps_a_bounded_number_of_files(path: Path) -> None:
    file = LogFile(path, max_bytes=100, kept_files=2)
    child = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for number in range(4):
        os.write(child, f"{number} {'x' * 100}\n".encode())
        assert file.rotate_if_large()
        assert path.stat().st_size == 0
    os.write(child, b"ValueError: after\n")
    os.close(child)
    assert file.important_lines() == ["ValueError: after"]
    assert not file.rotate_if_large()
    assert sorted(other.name for other in path.parent.iterdir()) == [
        "ledger.log",
        "ledger.log.1",
        "ledger.log.2",
    ]
    assert path.with_name("ledger.log.1").read_text().startswith("3 ")
