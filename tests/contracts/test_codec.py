"""The bytes of events. `contracts/examples` keeps one golden example of every version of every type, for ever."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import contracts
from contracts import codec
from contracts.events.brand import BrandSettingsChanged
from contracts.events.wallet import BetPlaced, Deposited, StakeLimitSet

EXAMPLES = Path(contracts.__file__).parent / "examples"
EVERY_VERSION = [
    (kind, version) for kind, current in codec.CURRENT_VERSIONS.items() for version in range(1, current + 1)
]


def example_file(kind: type, version: int) -> Path:
    return EXAMPLES / f"{kind.__name__}.v{version}.json"


@pytest.mark.parametrize(("kind", "version"), EVERY_VERSION, ids=lambda v: getattr(v, "__name__", str(v)))
def test_the_golden_example_of_every_version_decodes_for_ever(kind: type, version: int) -> None:
    event = codec.decode(f"{kind.__name__}/{version}", example_file(kind, version).read_bytes())
    assert type(event) is kind


@pytest.mark.parametrize("kind", codec.CURRENT_VERSIONS, ids=lambda k: k.__name__)
def test_the_golden_example_of_the_current_version_encodes_to_the_same_bytes(kind: type) -> None:
    stored = example_file(kind, codec.CURRENT_VERSIONS[kind]).read_bytes()
    assert codec.encode(codec.decode(codec.TYPE_NAMES[kind], stored)) == stored


@pytest.mark.parametrize("kind", codec.CURRENT_VERSIONS, ids=lambda k: k.__name__)
def test_the_golden_example_shows_every_field_that_is_not_left_out_by_rule(kind: Any) -> None:
    version = codec.CURRENT_VERSIONS[kind]
    shown = msgspec.json.decode(example_file(kind, version).read_bytes())
    required = {f.encode_name for f in msgspec.structs.fields(kind) if f.required}
    assert required <= shown.keys() <= {f.encode_name for f in msgspec.structs.fields(kind)}


def test_there_is_no_example_of_an_unknown_event() -> None:
    expected = {example_file(kind, version).name for kind, version in EVERY_VERSION}
    assert {path.name for path in EXAMPLES.iterdir()} == expected


def test_a_type_name_carries_the_version() -> None:
    assert codec.TYPE_NAMES[BetPlaced] == f"BetPlaced/{codec.CURRENT_VERSIONS[BetPlaced]}"
    assert len(set(codec.TYPE_NAMES.values())) == len(codec.TYPE_NAMES)


def test_every_event_class_is_known_to_the_codec() -> None:
    from contracts.events import agent, brand, player, staff, wallet  # noqa: PLC0415 - namespaces only

    written = {
        kind
        for module in (agent, brand, player, staff, wallet)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__
    }
    assert written - {wallet.WalletEvent} == set(codec.CURRENT_VERSIONS)


@given(
    amount=st.integers(min_value=1, max_value=2**62),
    cash=st.integers(min_value=0, max_value=2**62),
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
)
def test_what_was_encoded_decodes_equal_and_encodes_to_the_same_bytes(
    amount: int, cash: int, text: str
) -> None:
    event = Deposited(amount=amount, cash=cash, method=text, reference=text)
    stored = codec.encode(event)
    assert codec.decode("Deposited/1", stored) == event
    assert codec.encode(codec.decode("Deposited/1", stored)) == stored


def test_a_field_equal_to_its_default_is_left_out_and_none_that_is_required_is_kept() -> None:
    assert codec.encode(StakeLimitSet(max_stake=None)) == b'{"max_stake":null}'
    assert codec.decode("StakeLimitSet/1", b'{"max_stake":null}') == StakeLimitSet(max_stake=None)


@pytest.mark.parametrize(
    ("type_name", "payload"),
    [
        ("Nonsense/1", b"{}"),
        ("BetPlaced", b"{}"),
        ("BetPlaced/0", b"{}"),
        ("BetPlaced/999", b"{}"),
        ("", b"{}"),
        ("BetPlaced/1", b""),
        ("BetPlaced/1", b"[]"),
        ("BetPlaced/1", b"{}"),
        ("BetPlaced/1", b"\xff\xfe"),
        ("Deposited/1", b'{"amount":1.5,"method":"x"}'),
        ("Deposited/1", b'{"amount":"1","method":"x"}'),
        ("Deposited/1", b'{"amount":1,"method":"x"'),
        ("Deposited/1", b'{"amount":1,"method":"x"}{}'),
        ("Nonsense/1", b"\xff"),
        ("WinCredited/1", b'{"integration":"i","round_id":"r","game_id":"g","amount":1,"kind":"gift"}'),
    ],
)
def test_bytes_that_are_no_known_event_are_undecodable(type_name: str, payload: bytes) -> None:
    with pytest.raises(codec.UndecodableEvent):
        codec.decode(type_name, payload)


def test_settings_of_version_1_are_gathered_in_one_table() -> None:
    stored = example_file(BrandSettingsChanged, 1).read_bytes()
    assert codec.decode("BrandSettingsChanged/1", stored) == BrandSettingsChanged(
        settings={
            "name": "Demo",
            "domains": ["demo.example"],
            "currencies": ["EUR", "USDT", "JPY"],
            "max_stake": {"EUR": 50_000_000},
        },
        previous={"name": "Demo Casino", "domains": [], "currencies": ["EUR", "USDT"], "max_stake": {}},
        actor="staff:s-1",
    )
    assert codec.decode("BrandSettingsChanged/1", b'{"name":"B"}') == BrandSettingsChanged(
        settings={"name": "B"}, previous={}
    )


def test_an_old_version_is_upcast_step_by_step_to_the_current_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def to_9001(fields: dict[str, Any]) -> dict[str, Any]:
        fields["method"] = fields.pop("channel")
        return fields

    def to_current(fields: dict[str, Any]) -> dict[str, Any]:
        fields["amount"] = fields["amount"] * 1000
        return fields

    monkeypatch.setitem(codec.UPCASTS, "Deposited/9000", ("Deposited/9001", to_9001))
    monkeypatch.setitem(codec.UPCASTS, "Deposited/9001", (codec.TYPE_NAMES[Deposited], to_current))
    expected = Deposited(amount=5000, method="card", cash=7)
    assert codec.decode("Deposited/9000", b'{"amount":5,"channel":"card","cash":7}') == expected
    assert codec.decode("Deposited/9001", b'{"amount":5,"method":"card","cash":7}') == expected


@pytest.mark.parametrize("payload", [b"{}", b"[]", b"null", b"5", b'"text"', b'{"channel":1,"amount":1}'])
def test_old_bytes_that_cannot_be_upcast_are_undecodable(
    monkeypatch: pytest.MonkeyPatch, payload: bytes
) -> None:
    def to_current(fields: dict[str, Any]) -> dict[str, Any]:
        return {"method": fields.pop("channel"), **fields}

    monkeypatch.setitem(codec.UPCASTS, "Deposited/9000", (codec.TYPE_NAMES[Deposited], to_current))
    with pytest.raises(codec.UndecodableEvent):
        codec.decode("Deposited/9000", payload)
