"""The list of parts: complete, without circles, and stopped in the right order."""

from dataclasses import replace

import pytest

from edges.parts import PARTS, SERVERS, Part, parts_by_name, stop_stages
from edges.ports import PORT_OFFSETS


def test_every_port_belongs_to_a_part_and_no_two_share_one() -> None:
    assert {part.name for part in PARTS} == set(PORT_OFFSETS)
    assert len({part.port(7300) for part in PARTS}) == len(PARTS)


def test_parts_depend_on_parts_and_servers_that_exist() -> None:
    names = {part.name for part in PARTS} | set(SERVERS)
    assert all(set(part.depends) <= names for part in PARTS)


def test_is_started_by_the_command_line() -> None:
    assert parts_by_name()["ledger"].command == ("serve", "ledger")
    assert parts_by_name()["admin"].health_url(7300) == "http://127.0.0.1:7304/health/ready"


def test_stops_the_edges_first_and_the_ledger_last() -> None:
    stages = [{part.name for part in stage} for stage in stop_stages(PARTS)]
    assert stages == [{"provider", "admin", "player", "agent"}, {"projections"}, {"ledger"}]


def test_refuses_a_circle() -> None:
    first = Part("ledger", ("admin",), ())
    with pytest.raises(ValueError, match="circle"):
        stop_stages([first, replace(first, name="admin", depends=("ledger",))])
