"""The rules of a player, each told as: given these events, when this is asked, then this event or this refusal."""

from typing import Any, Self

import msgspec
import pytest

from contracts.commands import player as c
from contracts.events import player as e
from contracts.refusals import (
    InvalidCommand,
    LedgerError,
    PlayerAlreadyRegistered,
    PlayerStateConflict,
    UnknownPlayer,
)
from ledger.player import Player, decide, evolve

ME: dict[str, Any] = {"command_id": "test/now", "player_id": "p-1"}
WHO: dict[str, Any] = {"player_id": "p-1", "actor": "staff:s"}
ACTIVE = e.PlayerRegistered(player_id="p-1", status="active", policy="open")
PENDING = e.PlayerRegistered(player_id="p-1", status="pending", policy="approval")
APPROVED = e.PlayerApproved(**WHO)
REJECTED = e.PlayerRejected(**WHO, reason="twice")
BLOCKED = e.PlayerBlocked(**WHO, reason="checks")
UNBLOCKED = e.PlayerUnblocked(**WHO, reason="checked")
ERASED = e.PlayerErased(**WHO, reason="asked for")


class Scenario:
    def __init__(self, *events: Any) -> None:
        self.player: Player | None = None
        for event in events:
            self.player = evolve(self.player, event)
        self.outcome: Any = None
        self.refusal: Exception | None = None

    def when(self, command: c.PlayerCommand) -> Self:
        before = msgspec.msgpack.encode(self.player)
        try:
            self.outcome = decide(self.player, command)
        except LedgerError as refusal:
            self.refusal = refusal
        assert msgspec.msgpack.encode(self.player) == before, "a decision changes nothing by itself"
        return self

    def then(self, event: Any) -> Player:
        if self.refusal is not None:
            raise self.refusal
        assert self.outcome == event
        return evolve(self.player, event)

    def then_refused(self, kind: type[LedgerError], **facts: Any) -> None:
        assert type(self.refusal) is kind, self.refusal or self.outcome
        assert isinstance(self.refusal, LedgerError)
        for name, value in facts.items():
            assert self.refusal.facts[name] == value


def given(*events: Any) -> Scenario:
    return Scenario(*events)


def registering(**other: Any) -> c.RegisterPlayer:
    fields: dict[str, Any] = {"status": "active", "policy": "open"} | other
    return c.RegisterPlayer(**(ME | fields))


APPROVE = c.ApprovePlayer(**ME, actor="staff:s")
REJECT = c.RejectPlayer(**ME, actor="staff:s", reason="twice")
BLOCK = c.BlockPlayer(**ME, actor="staff:s", reason="checks")
UNBLOCK = c.UnblockPlayer(**ME, actor="staff:s", reason="checked")
ASSIGN = c.AssignPlayer(**ME, actor="staff:s", agent_id="a-2", reason="moved")
ERASE = c.ErasePlayer(**ME, actor="staff:s", reason="asked for")


def test_a_player_is_registered_once() -> None:
    player = given().when(registering()).then(ACTIVE)
    assert (player.player_id, player.status, player.version) == ("p-1", "active", 1)
    for past in ([ACTIVE], [PENDING, REJECTED], [ACTIVE, ERASED]):
        given(*past).when(registering()).then_refused(PlayerAlreadyRegistered, player_id="p-1")


def test_the_event_of_a_registration_tells_all_that_was_given() -> None:
    told = {"status": "pending", "policy": "agent_code", "agent_id": "a-1", "country": "MT", "actor": "x"}
    player = given().when(registering(**told)).then(e.PlayerRegistered(player_id="p-1", **told))  # type: ignore[arg-type]
    assert (player.status, player.agent_id) == ("pending", "a-1")


@pytest.mark.parametrize("player_id", ["", "p 1", "p:1", "p/1", "x" * 65, "p\0", "p\u00e9"])
def test_refuses_an_id_that_could_not_own_a_wallet(player_id: str) -> None:
    given().when(registering(player_id=player_id)).then_refused(InvalidCommand)


@pytest.mark.parametrize(
    "command", [APPROVE, REJECT, BLOCK, UNBLOCK, ASSIGN, ERASE], ids=lambda command: type(command).__name__
)
def test_refuses_everything_but_the_registration_of_an_unknown_player(command: c.PlayerCommand) -> None:
    given().when(command).then_refused(UnknownPlayer, player_id="p-1")
    given().when(msgspec.structs.replace(command, player_id="x" * 99)).then_refused(
        UnknownPlayer, player_id="x" * 64
    )


def test_a_pending_player_is_approved_or_rejected_once() -> None:
    assert given(PENDING).when(APPROVE).then(APPROVED).status == "active"
    assert given(PENDING).when(REJECT).then(REJECTED).status == "rejected"
    for past, status in (
        ([ACTIVE], "active"),
        ([PENDING, APPROVED], "active"),
        ([PENDING, REJECTED], "rejected"),
        ([PENDING, ERASED], "erased"),
    ):
        for command in (APPROVE, REJECT):
            given(*past).when(command).then_refused(PlayerStateConflict, player_id="p-1", state=status)


@pytest.mark.parametrize("registered", [ACTIVE, PENDING], ids=["active", "pending"])
def test_a_player_is_blocked_whatever_else_they_are(registered: Any) -> None:
    player = given(registered).when(BLOCK).then(BLOCKED)
    assert (player.status, player.blocked) == (registered.status, "checks")
    again = c.BlockPlayer(**ME, reason="other")
    assert given(registered, BLOCKED).when(again).then(
        e.PlayerBlocked(player_id="p-1", reason="other")
    ).blocked == "other"  # fmt: skip


def test_approving_a_blocked_player_does_not_unblock_them() -> None:
    player = given(PENDING, BLOCKED).when(APPROVE).then(APPROVED)
    assert (player.status, player.blocked) == ("active", "checks")


def test_refuses_to_block_who_cannot_play_anyway() -> None:
    given(PENDING, REJECTED).when(BLOCK).then_refused(PlayerStateConflict, state="rejected")
    given(ACTIVE, ERASED).when(BLOCK).then_refused(PlayerStateConflict, state="erased")


def test_only_a_blocked_player_is_unblocked() -> None:
    assert given(ACTIVE, BLOCKED).when(UNBLOCK).then(UNBLOCKED).blocked is None
    unreasoned = e.PlayerBlocked(player_id="p-1", reason="")
    assert given(ACTIVE, unreasoned).when(UNBLOCK).then(UNBLOCKED).blocked is None
    given(ACTIVE).when(UNBLOCK).then_refused(PlayerStateConflict)
    given(ACTIVE, BLOCKED, UNBLOCKED).when(UNBLOCK).then_refused(PlayerStateConflict)


def test_a_player_moves_to_an_agent_or_to_none_and_the_event_tells_whose_they_were() -> None:
    theirs = e.PlayerRegistered(player_id="p-1", status="active", policy="open", agent_id="a-1")
    moved = e.PlayerAssigned(**WHO, agent_id="a-2", previous="a-1", reason="moved")
    assert given(theirs).when(ASSIGN).then(moved).agent_id == "a-2"
    none = c.AssignPlayer(**ME, agent_id="")
    assert given(theirs, moved).when(none).then(
        e.PlayerAssigned(player_id="p-1", agent_id="", previous="a-2")
    ).agent_id == ""  # fmt: skip
    given(theirs, ERASED).when(ASSIGN).then_refused(PlayerStateConflict, state="erased")


@pytest.mark.parametrize("past", [[ACTIVE], [PENDING], [PENDING, REJECTED], [ACTIVE, BLOCKED]])
def test_a_player_is_erased_once_in_whatever_state(past: list[Any]) -> None:
    assert given(*past).when(ERASE).then(ERASED).status == "erased"
    given(*past, ERASED).when(ERASE).then_refused(PlayerStateConflict, state="erased")


def test_a_copy_of_a_player_does_not_change_with_them() -> None:
    player = given(PENDING).player
    assert player is not None
    copy, stored = player.copy(), msgspec.msgpack.encode(player)
    assert msgspec.msgpack.encode(copy) == stored
    for event in (APPROVED, BLOCKED, e.PlayerAssigned(player_id="p-1", agent_id="a"), ERASED):
        evolve(player, event)
    assert msgspec.msgpack.encode(copy) == stored
