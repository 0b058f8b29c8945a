"""The rules of a brand, each told as: given these events, when this is asked, then this event or this refusal."""

from typing import Any, Self

import msgspec
import pytest

from contracts.commands import brand as c
from contracts.events import brand as e
from contracts.money import MAX_UNITS
from contracts.refusals import (
    BrandAlreadyExists,
    IntegrationAlreadyExists,
    InvalidCommand,
    InvalidSetting,
    KeyRotationUnderWay,
    LastKey,
    LedgerError,
    UnknownBrand,
    UnknownCurrency,
    UnknownIntegration,
    UnknownKey,
)
from ledger.brand import Brand, Integration, decide, evolve

CREATED = e.BrandCreated(brand_id="demo", name="Demo", currencies=("EUR", "USDT"))
ADDED = e.IntegrationAdded(integration="acme", protocol="softswiss", key_id="k1")
ID: dict[str, Any] = {"command_id": "test/now"}


class Scenario:
    def __init__(self, *events: Any) -> None:
        self.brand: Brand | None = None
        for event in events:
            self.brand = evolve(self.brand, event, "demo")
        self.outcome: Any = None
        self.refusal: Exception | None = None

    def when(self, command: c.BrandCommand) -> Self:
        before = msgspec.msgpack.encode(self.brand)
        try:
            self.outcome = decide(self.brand, "demo", command)
        except LedgerError as refusal:
            self.refusal = refusal
        assert msgspec.msgpack.encode(self.brand) == before, "a decision changes nothing by itself"
        return self

    def then(self, event: Any) -> Brand:
        if self.refusal is not None:
            raise self.refusal
        assert self.outcome == ((event, "test/now"),)
        return evolve(self.brand, event, "demo")

    def then_refused(self, kind: type[LedgerError], **facts: Any) -> None:
        assert type(self.refusal) is kind, self.refusal or self.outcome
        assert isinstance(self.refusal, LedgerError)
        for name, value in facts.items():
            assert self.refusal.facts[name] == value


def given(*events: Any) -> Scenario:
    return Scenario(*events)


def creating(**other: Any) -> c.CreateBrand:
    fields: dict[str, Any] = {"brand_id": "demo", "name": "Demo", "currencies": ("EUR", "USDT")}
    return c.CreateBrand(**ID, **(fields | other))


def changing(**settings: Any) -> c.ChangeBrandSettings:
    return c.ChangeBrandSettings(**ID, **settings)


def test_a_brand_is_created_once() -> None:
    brand = given().when(creating()).then(CREATED)
    assert (brand.name, brand.currencies, brand.version) == ("Demo", ("EUR", "USDT"), 1)
    given(CREATED).when(creating()).then_refused(BrandAlreadyExists, brand_id="demo")


def test_another_brands_log_is_not_begun_here() -> None:
    given().when(creating(brand_id="other")).then_refused(InvalidSetting, setting="brand_id")


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"currencies": ()}, "currencies"),
        ({"currencies": ("EUR", "EUR")}, "currencies"),
        ({"currencies": ("EUR", "XXX")}, "currencies"),
        ({"currencies": ("eur",)}, "currencies"),
        ({"name": "", "currencies": ()}, "name"),
    ],
)
def test_refuses_to_create_a_brand_with_wrong_settings(settings: dict[str, Any], setting: str) -> None:
    given().when(creating(**settings)).then_refused(InvalidSetting, setting=setting)


@pytest.mark.parametrize(
    "command",
    [
        changing(name="New"),
        c.AddIntegration(**ID, integration="acme", protocol="softswiss", key_id="k1"),
        c.AddIntegrationKey(**ID, integration="acme", key_id="k2"),
        c.RetireIntegrationKey(**ID, integration="acme", key_id="k1"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_brand_that_does_not_exist_refuses_everything_but_its_creation(command: c.BrandCommand) -> None:
    given().when(command).then_refused(UnknownBrand, brand_id="demo")


def test_settings_are_replaced_and_the_event_tells_what_they_were() -> None:
    brand = (
        given(CREATED)
        .when(
            changing(
                name="New", domains=("new.example",), currencies=("USDT", "EUR", "JPY"), max_stake={"EUR": 5}
            )
        )
        .then(
            e.BrandSettingsChanged(
                name="New",
                domains=("new.example",),
                currencies=("USDT", "EUR", "JPY"),
                max_stake={"EUR": 5},
                previous={"name": "Demo", "domains": [], "currencies": ["EUR", "USDT"], "max_stake": {}},
            )
        )
    )
    assert (brand.name, brand.domains, brand.max_stake) == ("New", ("new.example",), {"EUR": 5})


def test_a_setting_not_given_stays_and_limits_are_lifted_by_an_empty_set() -> None:
    limited = e.BrandSettingsChanged(max_stake={"EUR": 5})
    brand = (
        given(CREATED, limited)
        .when(changing(max_stake={}))
        .then(e.BrandSettingsChanged(max_stake={}, previous={"max_stake": {"EUR": 5}}))
    )
    assert (brand.name, brand.max_stake) == ("Demo", {})


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({}, ""),
        ({"name": ""}, "name"),
        ({"domains": ("Demo.example",)}, "domains"),
        ({"domains": ("",)}, "domains"),
        ({"domains": ("a b",)}, "domains"),
        ({"domains": ("x" * 254,)}, "domains"),
        ({"domains": ("bücher.example",)}, "domains"),
        ({"currencies": ("EUR",)}, "currencies"),
        ({"currencies": ("EUR", "USDT", "XXX")}, "currencies"),
        ({"max_stake": {"EUR": -1}}, "max_stake"),
        ({"max_stake": {"EUR": MAX_UNITS + 1}}, "max_stake"),
    ],
)
def test_refuses_settings_that_are_wrong(settings: dict[str, Any], setting: str) -> None:
    given(CREATED).when(changing(**settings)).then_refused(InvalidSetting, setting=setting)


def test_refuses_a_limit_in_an_unknown_currency() -> None:
    given(CREATED).when(changing(max_stake={"XXX": 1})).then_refused(UnknownCurrency, currency="XXX")


def test_an_integration_is_added_once() -> None:
    command = c.AddIntegration(**ID, integration="acme", protocol="softswiss", key_id="k1")
    brand = given(CREATED).when(command).then(ADDED)
    assert brand.integrations == {"acme": Integration("softswiss", ("k1",))}
    given(CREATED, ADDED).when(command).then_refused(IntegrationAlreadyExists, integration="acme")


@pytest.mark.parametrize("name", ["", "Acme", "a/b", "a:b", "x" * 33])
def test_refuses_an_integration_whose_commands_could_be_mistaken_for_anothers(name: str) -> None:
    command = c.AddIntegration(**ID, integration=name, protocol="softswiss", key_id="k1")
    given(CREATED).when(command).then_refused(InvalidCommand)


def test_a_key_is_rotated_with_two_valid_in_between() -> None:
    second = e.IntegrationKeyAdded(integration="acme", key_id="k2")
    gone = e.IntegrationKeyRetired(integration="acme", key_id="k1")
    add = c.AddIntegrationKey(**ID, integration="acme", key_id="k2")
    retire = c.RetireIntegrationKey(**ID, integration="acme", key_id="k1")
    assert given(CREATED, ADDED).when(add).then(second).integrations["acme"].key_ids == ("k1", "k2")
    assert given(CREATED, ADDED, second).when(retire).then(gone).integrations["acme"].key_ids == ("k2",)


def test_refuses_a_third_key_the_same_key_and_the_loss_of_the_last() -> None:
    second = e.IntegrationKeyAdded(integration="acme", key_id="k2")

    def add(key_id: str, integration: str = "acme") -> c.AddIntegrationKey:
        return c.AddIntegrationKey(**ID, integration=integration, key_id=key_id)

    def retire(key_id: str, integration: str = "acme") -> c.RetireIntegrationKey:
        return c.RetireIntegrationKey(**ID, integration=integration, key_id=key_id)

    given(CREATED, ADDED).when(add("k1")).then_refused(KeyRotationUnderWay)
    given(CREATED, ADDED, second).when(add("k3")).then_refused(KeyRotationUnderWay, integration="acme")
    given(CREATED, ADDED).when(add("k2", "other")).then_refused(UnknownIntegration, integration="other")
    given(CREATED, ADDED).when(retire("k1", "other")).then_refused(UnknownIntegration)
    given(CREATED, ADDED).when(retire("k9")).then_refused(UnknownKey, key_id="k9")
    given(CREATED, ADDED).when(retire("k1")).then_refused(LastKey, integration="acme")


def test_the_state_before_an_event_stays_as_it_was() -> None:
    brand = given(CREATED, ADDED).brand
    assert brand is not None
    before = msgspec.msgpack.encode(brand)
    evolve(brand, e.IntegrationKeyAdded(integration="acme", key_id="k2"), "demo")
    evolve(brand, e.BrandSettingsChanged(name="New", max_stake={"EUR": 1}), "demo")
    assert msgspec.msgpack.encode(brand) == before
