"""Commands: what makes a replay recognisable, and that the wire knows every one of them."""

import typing
from typing import Any

import msgspec
import pytest

from contracts import commands
from contracts.codec import CURRENT_VERSIONS
from contracts.commands import AnyCommand
from contracts.commands.agent import AgentCommand
from contracts.commands.brand import BrandCommand
from contracts.commands.player import PlayerCommand
from contracts.commands.staff import StaffCommand
from contracts.commands.wallet import PlaceBet, WalletCommand
from contracts.events import wallet as w
from ledger.replays import content_fields

COMMANDS: tuple[type, ...] = typing.get_args(AnyCommand)


def written_commands() -> set[type]:
    roots = (WalletCommand, BrandCommand, PlayerCommand, AgentCommand, StaffCommand)
    files = (commands.wallet, commands.brand, commands.player, commands.agent, commands.staff)
    return {
        kind
        for module in files
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, roots) and kind not in roots
    }


def test_the_wire_knows_every_command() -> None:
    assert set(COMMANDS) == written_commands()


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda k: k.__name__)
def test_the_content_of_a_command_is_told_by_each_event_that_answers_it(kind: Any) -> None:
    assert kind.outcomes
    for outcome in kind.outcomes:
        told = {f.name: f for f in msgspec.structs.fields(outcome)}
        for field in msgspec.structs.fields(kind):
            if field.name not in ("command_id", "wallet_id", *kind.circumstances):
                assert field.name in told, f"{outcome.__name__} does not tell {field.name}"
                assert told[field.name].type == field.type


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda k: k.__name__)
def test_content_is_every_field_but_circumstances_and_the_ids_of_command_and_wallet(kind: Any) -> None:
    names = {f.name for f in msgspec.structs.fields(kind)}
    assert set(kind.circumstances) <= names
    assert set(content_fields(kind)) == names - {"command_id", "wallet_id", *kind.circumstances}


def test_circumstances_are_what_depends_on_when_a_command_is_asked() -> None:
    circumstances = {name for kind in COMMANDS for name in kind.circumstances}  # type: ignore[attr-defined]
    assert circumstances == {"expected_version", "expires_us", "day"}


def test_every_event_answers_a_command_or_stands_beside_one_that_does() -> None:
    answers = {outcome for kind in COMMANDS for outcome in kind.outcomes}  # type: ignore[attr-defined]
    assert set(CURRENT_VERSIONS) - answers == {w.TransactionVoided}


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda k: k.__name__)
def test_a_command_is_frozen_and_tagged_with_its_name(kind: type) -> None:
    info = msgspec.inspect.type_info(kind)
    assert isinstance(info, msgspec.inspect.StructType)
    assert info.tag == kind.__name__
    assert kind.__struct_config__.frozen  # type: ignore[attr-defined]


def test_a_command_travels_over_the_wire_unchanged() -> None:
    bet = PlaceBet(
        wallet_id="player:p:EUR", command_id="acme/1", integration="acme", round_id="r", game_id="g", amount=5
    )
    assert msgspec.json.decode(msgspec.json.encode(bet), type=AnyCommand) == bet


def test_an_amount_that_is_no_integer_does_not_pass_the_wire() -> None:
    bet = PlaceBet(
        wallet_id="player:p:EUR", command_id="acme/1", integration="acme", round_id="r", game_id="g", amount=5
    )
    for wrong in (b"5.5", b'"5"', b"null", b"true", b"5e3000"):
        with pytest.raises(msgspec.MsgspecError):
            msgspec.json.decode(msgspec.json.encode(bet).replace(b":5", b":" + wrong), type=AnyCommand)
