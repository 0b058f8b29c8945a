"""Every kind of aggregate: whose log it lives in, who decides, and that no event is left without its change."""

from typing import Any

import pytest

from contracts import codec
from contracts.commands import agent, player, staff
from contracts.events import agent as agent_events
from contracts.events import brand as brand_events
from contracts.events import player as player_events
from contracts.events import staff as staff_events
from contracts.events import wallet as wallet_events
from contracts.ids import PLATFORM_BRAND
from contracts.refusals import InvalidCommand
from ledger.agents import AgentTree
from ledger.aggregates import _CHANGED_BY, decide_on_people, evolve
from ledger.brand import Brand
from ledger.player import Player
from ledger.staff import StaffRoster
from ledger.wallet import Wallet

REGISTER = player.RegisterPlayer(command_id="t/1", player_id="p", status="active", policy="open")
ADD_AGENT = agent.AddAgent(command_id="t/1", agent_id="a", parent="", code="abc")
ADD_STAFF = staff.AddStaff(command_id="t/1", staff_id="s", roles=("risk",), brands=("*",))


def test_every_event_changes_an_aggregate() -> None:
    elsewhere = {
        kind
        for kind in codec.CURRENT_VERSIONS
        if issubclass(kind, wallet_events.WalletEvent) or kind.__module__ == brand_events.__name__
    }
    assert set(_CHANGED_BY) == set(codec.CURRENT_VERSIONS) - elsewhere


@pytest.mark.parametrize(
    ("event", "aggregate_id", "kind"),
    [
        (
            wallet_events.WalletOpened(owner_kind="player", owner_id="p", currency="EUR"),
            "player:p:EUR",
            Wallet,
        ),
        (brand_events.BrandCreated(brand_id="demo", name="Demo", currencies=("EUR",)), "brand", Brand),
        (
            player_events.PlayerRegistered(player_id="p", status="active", policy="open"),
            "players/p",
            Player,
        ),
        (agent_events.AgentAdded(agent_id="a", parent="", level=1, code="abc"), "agents", AgentTree),
        (staff_events.StaffAdded(staff_id="s", roles=("risk",), brands=("*",)), "staff", StaffRoster),
    ],
    ids=["wallet", "brand", "player", "agents", "staff"],
)
def test_the_first_event_begins_an_aggregate_of_its_kind(event: Any, aggregate_id: str, kind: type) -> None:
    state = evolve(None, event, aggregate_id, "t/1", "demo")
    assert type(state) is kind
    assert state.version == 1


@pytest.mark.parametrize(
    ("command", "aggregate_id"), [(REGISTER, "players/p"), (ADD_AGENT, "agents"), (ADD_STAFF, "staff")]
)
def test_a_command_about_people_finds_its_aggregate(command: Any, aggregate_id: str) -> None:
    assert command.aggregate_id == aggregate_id


def test_players_belong_to_a_brand_and_agents_and_staff_to_the_platform() -> None:
    ((registered, claim),) = decide_on_people(None, REGISTER, "demo")
    assert (type(registered), claim) == (player_events.PlayerRegistered, "t/1")
    with pytest.raises(InvalidCommand):
        decide_on_people(None, REGISTER, PLATFORM_BRAND)
    for command, kind in ((ADD_AGENT, agent_events.AgentAdded), (ADD_STAFF, staff_events.StaffAdded)):
        ((event, claim),) = decide_on_people(None, command, PLATFORM_BRAND)
        assert (type(event), claim) == (kind, "t/1")
        with pytest.raises(InvalidCommand):
            decide_on_people(None, command, "demo")
