"""The rules of the roster of staff: who may be given what, and that somebody is always left to run it."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given as property_of
from hypothesis import strategies as st

from contracts.commands import staff as c
from contracts.events import staff as e
from contracts.refusals import (
    InvalidCommand,
    InvalidRights,
    LastAdministrator,
    LedgerError,
    OwnRights,
    Refused,
    StaffAlreadyExists,
    StaffStateConflict,
    UnknownStaff,
)
from contracts.roles import ROLES
from ledger.staff import MAX_BRANDS, Member, StaffRoster, decide, evolve

NOW: dict[str, Any] = {"command_id": "test/now"}
EVERYWHERE = ("*",)


def adding(
    staff_id: str, roles: Sequence[str] = ("administrator",), brands: Sequence[str] = EVERYWHERE
) -> c.AddStaff:
    return c.AddStaff(**NOW, staff_id=staff_id, roles=tuple(roles), brands=tuple(brands), actor="cli")


def changing(
    staff_id: str,
    roles: Sequence[str] = ("finance",),
    brands: Sequence[str] = EVERYWHERE,
    actor: str = "staff:other",
) -> c.ChangeStaffRights:
    return c.ChangeStaffRights(
        **NOW, staff_id=staff_id, roles=tuple(roles), brands=tuple(brands), reason="r", actor=actor
    )


def disabling(staff_id: str, actor: str = "staff:other") -> c.DisableStaff:
    return c.DisableStaff(**NOW, staff_id=staff_id, reason="r", actor=actor)


def enabling(staff_id: str) -> c.EnableStaff:
    return c.EnableStaff(**NOW, staff_id=staff_id, reason="r", actor="staff:other")


def roster_of(*commands: c.StaffCommand) -> StaffRoster:
    roster = StaffRoster()
    for command in commands:
        roster = evolve(roster, decide(roster, command))
    return roster


def refused(
    roster: StaffRoster | None, command: c.StaffCommand, kind: type[LedgerError], **facts: Any
) -> None:
    before = msgspec.msgpack.encode(roster)
    with pytest.raises(kind) as caught:
        decide(roster, command)
    assert type(caught.value) is kind
    assert msgspec.msgpack.encode(roster) == before
    for name, value in facts.items():
        assert caught.value.facts[name] == value


TWO = (adding("ada"), adding("bob"))


# --- adding


def test_a_member_is_added_with_roles_at_brands() -> None:
    event = decide(None, adding("ada", ("finance", "support"), ("demo", "other")))
    assert event == e.StaffAdded(
        staff_id="ada", roles=("finance", "support"), brands=("demo", "other"), actor="cli"
    )
    roster = evolve(None, event)
    assert roster.members == {"ada": Member(("finance", "support"), ("demo", "other"))}
    assert not roster.members["ada"].administers


def test_refuses_a_member_in_order_of_precedence() -> None:
    roster = roster_of(adding("ada"))
    refused(roster, adding("a b", (), ()), InvalidCommand)
    refused(roster, adding("ada", (), ()), StaffAlreadyExists, staff_id="ada")
    refused(roster, adding("bob", (), ()), InvalidRights)
    refused(roster, adding("bob", ("finance",), ()), InvalidRights, reason="at least one brand, each once")


@pytest.mark.parametrize("roles", [(), ("king",), ("finance", "finance"), ("finance", "king"), ("",)])
def test_refuses_roles_that_are_none_unknown_or_told_twice(roles: tuple[str, ...]) -> None:
    refused(None, adding("ada", roles), InvalidRights)
    refused(roster_of(*TWO), changing("ada", roles), InvalidRights)


@pytest.mark.parametrize(
    ("brands", "refusal"),
    [
        ((), InvalidRights),
        (("demo", "demo"), InvalidRights),
        (("*", "demo"), InvalidRights),
        (tuple(f"b{n:04}" for n in range(MAX_BRANDS + 1)), InvalidRights),
        (("No Brand",), InvalidCommand),
        (("",), InvalidCommand),
    ],
)
def test_refuses_brands_that_are_none_told_twice_or_cannot_be(
    brands: tuple[str, ...], refusal: type[LedgerError]
) -> None:
    refused(None, adding("ada", brands=brands), refusal)
    refused(roster_of(*TWO), changing("ada", brands=brands), refusal)


# --- changing


def test_rights_are_replaced_and_the_event_tells_what_they_were() -> None:
    roster = roster_of(*TWO)
    event = decide(roster, changing("ada", ("risk",), ("demo",)))
    assert event == e.StaffRightsChanged(
        staff_id="ada",
        roles=("risk",),
        brands=("demo",),
        previous_roles=("administrator",),
        previous_brands=("*",),
        reason="r",
        actor="staff:other",
    )
    assert evolve(roster.copy(), event).members["ada"] == Member(("risk",), ("demo",))


def test_a_member_is_disabled_and_enabled_and_keeps_their_rights() -> None:
    roster = roster_of(*TWO)
    assert decide(roster, disabling("ada")) == e.StaffDisabled(
        staff_id="ada", reason="r", actor="staff:other"
    )
    refused(roster, enabling("ada"), StaffStateConflict, staff_id="ada")
    disabled = roster_of(*TWO, disabling("ada"))
    assert not disabled.members["ada"].enabled
    refused(disabled, disabling("ada"), StaffStateConflict, staff_id="ada")
    assert roster_of(*TWO, disabling("ada"), enabling("ada")).members == roster.members


@pytest.mark.parametrize("what", ["password", "one_time_code"])
def test_new_credentials_are_put_on_record_and_change_no_rights(what: Any) -> None:
    roster = roster_of(*TWO)
    reset = c.ResetStaffCredentials(**NOW, staff_id="ada", what=what, reason="lost", actor="staff:ada")
    event = decide(roster, reset)
    assert event == e.StaffCredentialsReset(staff_id="ada", what=what, reason="lost", actor="staff:ada")
    after = evolve(roster.copy(), event)
    assert (after.members, after.version) == (roster.members, roster.version + 1)


def test_nobody_changes_or_ends_their_own_rights() -> None:
    roster = roster_of(*TWO, adding("eve", ("support",), ("demo",)))
    for name in ("ada", "eve"):
        own = f"staff:{name}"
        refused(roster, changing(name, ("administrator",), actor=own), OwnRights)
        refused(roster, disabling(name, own), OwnRights)
    assert decide(roster, changing("eve", ("administrator",), actor="staff:ada")).staff_id == "eve"


def test_refuses_a_change_of_rights_in_order_of_precedence() -> None:
    alone = roster_of(adding("ada"))
    refused(alone, changing("nobody", (), actor="staff:nobody"), UnknownStaff, staff_id="nobody")
    refused(alone, changing("ada", (), actor="staff:ada"), InvalidRights)
    refused(alone, changing("ada", actor="staff:ada"), OwnRights)
    refused(alone, changing("ada"), LastAdministrator)
    refused(roster_of(*TWO, disabling("ada")), disabling("ada", "staff:ada"), StaffStateConflict)
    refused(alone, disabling("ada", "staff:ada"), OwnRights)
    refused(alone, disabling("ada"), LastAdministrator)


def test_the_last_who_may_do_everything_everywhere_stays() -> None:
    here_only = adding("here", ("administrator",), ("demo",))
    finance = adding("fin", ("finance",))
    gone = (adding("bob"), disabling("bob"))
    roster = roster_of(adding("ada"), here_only, finance, *gone)
    for command in (
        disabling("ada"),
        changing("ada", ("finance",)),
        changing("ada", ("administrator",), ("demo",)),
    ):
        refused(roster, command, LastAdministrator)
    assert decide(roster, changing("ada", ("administrator", "risk"))).roles == ("administrator", "risk")
    helped = roster_of(adding("ada"), here_only, finance, *gone, enabling("bob"))
    assert decide(helped, disabling("ada")).staff_id == "ada"
    assert decide(roster, disabling("here")).staff_id == "here"


@pytest.mark.parametrize(
    "command",
    [
        changing("x"),
        disabling("x"),
        enabling("x"),
        c.ResetStaffCredentials(**NOW, staff_id="x", what="password"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_refuses_everything_but_the_addition_of_an_unknown_member(command: c.StaffCommand) -> None:
    refused(None, command, UnknownStaff, staff_id="x")
    refused(roster_of(*TWO), command, UnknownStaff)


# --- whatever happens


names = st.sampled_from([f"s{n}" for n in range(5)])
actors = st.one_of(names.map("staff:{}".format), st.just("cli"))
roles = st.lists(st.sampled_from(sorted(ROLES)), max_size=2)
brands = st.sampled_from([("*",), ("*",), ("demo",), ("demo", "other"), ("*", "demo"), ()])
commands = st.one_of(
    st.builds(adding, names, roles, brands),
    st.builds(adding, names),
    st.builds(changing, names, roles, brands, actors),
    st.builds(disabling, names, actors),
    st.builds(enabling, names),
)


@property_of(history=st.lists(commands, max_size=60))
def test_no_history_leaves_the_roster_without_an_administrator_it_once_had(
    history: list[c.StaffCommand],
) -> None:
    roster, led = StaffRoster(), False
    for command in history:
        before = roster.copy()
        try:
            event = decide(roster, command)
        except Refused:
            assert roster == before, "a refused command changes nothing"
            continue
        if isinstance(command, c.ChangeStaffRights | c.DisableStaff):
            assert command.actor != f"staff:{command.staff_id}", "nobody changes their own rights"
        roster = evolve(roster, event)
        administered = any(member.administers for member in roster.members.values())
        assert administered or not led
        led = administered
        for member in roster.members.values():
            assert member.roles
            assert set(member.roles) <= ROLES.keys()
            assert member.brands == ("*",) or (member.brands and "*" not in member.brands)
