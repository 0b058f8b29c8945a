"""The rules of a brand, each told as: given these events, when this is asked, then this event or this refusal."""

from typing import Any, Self

import msgspec
import pytest

from contracts.commands import brand as c
from contracts.events import brand as e
from contracts.money import MAX_UNITS
from contracts.refusals import (
    BrandAlreadyExists,
    DayAlreadyClosed,
    IntegrationAlreadyExists,
    InvalidCommand,
    InvalidSetting,
    KeyRotationUnderWay,
    LastKey,
    LedgerError,
    SettingsChanged,
    UnknownBrand,
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
    return c.ChangeBrandSettings(**ID, settings=settings)


def was_changed(previous: dict[str, Any], **settings: Any) -> e.BrandSettingsChanged:
    return e.BrandSettingsChanged(settings=settings, previous=previous)


def test_a_brand_is_created_once() -> None:
    brand = given().when(creating()).then(CREATED)
    assert (brand.settings.name, brand.settings.currencies) == ("Demo", ("EUR", "USDT"))
    assert (brand.version, brand.settings_version) == (1, 0)
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
        c.CloseBusinessDay(**ID, day="2026-11-23", time_zone="UTC"),
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
            was_changed(
                {"name": "Demo", "domains": [], "currencies": ["EUR", "USDT"], "max_stake": {}},
                name="New",
                domains=["new.example"],
                currencies=["USDT", "EUR", "JPY"],
                max_stake={"EUR": 5},
            )
        )
    )
    settings = brand.settings
    assert (settings.name, settings.domains, settings.max_stake) == ("New", ("new.example",), {"EUR": 5})
    assert brand.settings_version == 1


def test_a_setting_not_given_stays_and_limits_are_lifted_by_an_empty_set() -> None:
    limited = was_changed({}, max_stake={"EUR": 5})
    brand = (
        given(CREATED, limited)
        .when(changing(max_stake={}))
        .then(was_changed({"max_stake": {"EUR": 5}}, max_stake={}))
    )
    assert (brand.settings.name, brand.settings.max_stake, brand.settings_version) == ("Demo", {}, 2)


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
        ({"max_stake": {"XXX": 1}}, "max_stake"),
        ({"maximum_stake": {"EUR": 1}}, "maximum_stake"),
    ],
)
def test_refuses_settings_that_are_wrong(settings: dict[str, Any], setting: str) -> None:
    given(CREATED).when(changing(**settings)).then_refused(InvalidSetting, setting=setting)


def test_refuses_settings_that_somebody_else_has_changed_meanwhile() -> None:
    renamed = was_changed({"name": "Demo"}, name="New")
    late = c.ChangeBrandSettings(**ID, settings={"name": "Other"}, expected_version=0)
    given(CREATED, renamed).when(late).then_refused(SettingsChanged, version=1, expected_version=0)
    wrong = c.ChangeBrandSettings(**ID, settings={"name": ""}, expected_version=0)
    given(CREATED, renamed).when(wrong).then_refused(SettingsChanged)
    given(CREATED).when(late).then(was_changed({"name": "Demo"}, name="Other"))
    seen = c.ChangeBrandSettings(**ID, settings={"name": "Other"}, expected_version=1, reason="r", actor="a")
    given(CREATED, renamed).when(seen).then(
        e.BrandSettingsChanged(settings={"name": "Other"}, previous={"name": "New"}, reason="r", actor="a")
    )


def test_integrations_and_days_do_not_count_as_changes_of_settings() -> None:
    closed = e.BusinessDayClosed(day="2026-11-23", time_zone="UTC")
    brand = given(CREATED, ADDED, closed).brand
    assert brand is not None
    assert (brand.version, brand.settings_version) == (3, 0)


def test_settings_that_would_be_refused_today_still_count_once_they_are_in_the_log() -> None:
    odd = was_changed(
        {}, domains=["localhost:8000", "localhost:8000"], currencies=["OLD"], time_zone="Europe/Atlantis"
    )
    brand = given(CREATED, odd).brand
    assert brand is not None
    assert brand.settings.domains == ("localhost:8000", "localhost:8000")
    assert (brand.settings.currencies, brand.settings.time_zone) == (("OLD",), "Europe/Atlantis")


def test_the_reserved_brand_is_created_without_currencies_and_no_other_one() -> None:
    platform = c.CreateBrand(**ID, brand_id="platform", name="Platform", currencies=())
    event = e.BrandCreated(brand_id="platform", name="Platform", currencies=())
    assert decide(None, "platform", platform) == ((event, "test/now"),)
    assert evolve(None, event, "platform").settings.currencies == ()
    with pytest.raises(InvalidSetting):
        decide(None, "platform", msgspec.structs.replace(platform, currencies=("XXX",)))


# --- business days


def closing(day: str) -> c.CloseBusinessDay:
    return c.CloseBusinessDay(**ID, day=day, time_zone="Europe/Malta", actor="timer")


def closed_day(day: str) -> e.BusinessDayClosed:
    return e.BusinessDayClosed(day=day, time_zone="Europe/Malta", actor="timer")


def test_a_business_day_is_closed_once_and_in_order() -> None:
    brand = given(CREATED).when(closing("2026-11-23")).then(closed_day("2026-11-23"))
    assert brand.last_closed_day == "2026-11-23"
    past = given(CREATED, closed_day("2026-11-23"))
    past.when(closing("2026-11-24")).then(closed_day("2026-11-24"))
    for day in ("2026-11-23", "2026-11-22", "2025-12-31"):
        given(CREATED, closed_day("2026-11-23")).when(closing(day)).then_refused(
            DayAlreadyClosed, day=day, last="2026-11-23"
        )


@pytest.mark.parametrize("day", ["", "2026-11-2", "24.11.2026", "2026-11-24T00:00", "\uff12026-11-24"])
def test_refuses_to_close_what_is_no_day(day: str) -> None:
    given(CREATED).when(closing(day)).then_refused(InvalidCommand)


# --- integrations


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
    evolve(brand, was_changed({}, name="New", max_stake={"EUR": 1}), "demo")
    assert msgspec.msgpack.encode(brand) == before
