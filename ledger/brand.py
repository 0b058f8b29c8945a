"""The brand: its settings and its integrations with providers. Pure, like the wallet (see ``ledger.wallet``)."""

import re
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct, field, structs

from contracts.brand_settings import BrandSettings, applied, changed, plain
from contracts.commands import brand as c
from contracts.events import brand as e
from contracts.ids import PLATFORM_BRAND, check_brand_id, command_id
from contracts.refusals import (
    BrandAlreadyExists,
    DayAlreadyClosed,
    IntegrationAlreadyExists,
    InvalidCommand,
    InvalidSetting,
    KeyRotationUnderWay,
    LastKey,
    SettingsChanged,
    UnknownBrand,
    UnknownIntegration,
    UnknownKey,
)


class Integration(Struct, frozen=True):
    """A brand's contract with one provider. ``key_ids``: one valid key, or two during a rotation, newest last."""

    protocol: str
    key_ids: tuple[str, ...]


class Brand(Struct, kw_only=True):
    """A brand's state after ``version`` events."""

    brand_id: str
    version: int = 0
    settings: BrandSettings = BrandSettings()
    settings_version: int = 0
    """Changes of settings so far."""
    integrations: dict[str, Integration] = field(default_factory=dict)
    last_closed_day: str = ""

    def copy(self) -> "Brand":
        """An independent brand in the same state."""
        return Brand(**{f.name: getattr(self, f.name) for f in structs.fields(self)})


Decision = tuple[tuple[Any, str], ...]


def decide(brand: Brand | None, brand_id: str, command: c.BrandCommand) -> Decision:
    """The events to record, each with the command id it claims. Raises a :class:`contracts.refusals.Refused`."""
    if isinstance(command, c.CreateBrand):
        if brand is not None:
            raise BrandAlreadyExists(brand_id=brand_id)
        return ((_created(brand_id, command), command.command_id),)
    if brand is None:
        raise UnknownBrand(brand_id=brand_id)
    return ((_DECISIONS[type(command)](brand, command), command.command_id),)


def evolve(brand: Brand | None, event: Any, brand_id: str) -> Brand:
    """The brand after one more recorded event; the given one stays as it is."""
    brand = Brand(brand_id=brand_id) if brand is None else brand.copy()
    brand.version += 1
    _CHANGES[type(event)](brand, event)
    return brand


# --- decisions


def _created(brand_id: str, command: c.CreateBrand) -> e.BrandCreated:
    check_brand_id(brand_id)
    if command.brand_id != brand_id:
        raise InvalidSetting(setting="brand_id", reason="not the brand whose log this is")
    if brand_id == PLATFORM_BRAND:
        if command.currencies:
            raise InvalidSetting(setting="currencies", reason=f"{PLATFORM_BRAND} deals in none")
    else:
        changed(BrandSettings(), {"name": command.name, "currencies": command.currencies})
    return e.BrandCreated(
        brand_id=brand_id, name=command.name, currencies=command.currencies, actor=command.actor
    )


def _change_settings(brand: Brand, command: c.ChangeBrandSettings) -> e.BrandSettingsChanged:
    if command.expected_version not in (None, brand.settings_version):
        raise SettingsChanged(version=brand.settings_version, expected_version=command.expected_version)
    if brand.brand_id == PLATFORM_BRAND and "currencies" in command.settings:
        raise InvalidSetting(setting="currencies", reason=f"{PLATFORM_BRAND} deals in none")
    changed(brand.settings, command.settings)
    return e.BrandSettingsChanged(
        settings=command.settings,
        previous=plain(brand.settings, command.settings),
        reason=command.reason,
        actor=command.actor,
    )


def _close_day(brand: Brand, command: c.CloseBusinessDay) -> e.BusinessDayClosed:
    require_day(command.day)
    if command.day <= brand.last_closed_day:
        raise DayAlreadyClosed(day=command.day, last=brand.last_closed_day)
    return e.BusinessDayClosed(day=command.day, time_zone=command.time_zone, actor=command.actor)


def _add_integration(brand: Brand, command: c.AddIntegration) -> e.IntegrationAdded:
    command_id(command.integration, "x")  # an integration is the origin of its provider's commands
    if command.integration in brand.integrations:
        raise IntegrationAlreadyExists(integration=command.integration)
    return e.IntegrationAdded(
        integration=command.integration,
        protocol=command.protocol,
        key_id=command.key_id,
        actor=command.actor,
    )


def _add_key(brand: Brand, command: c.AddIntegrationKey) -> e.IntegrationKeyAdded:
    integration = _integration(brand, command.integration)
    if len(integration.key_ids) >= 2 or command.key_id in integration.key_ids:
        raise KeyRotationUnderWay(integration=command.integration)
    return e.IntegrationKeyAdded(integration=command.integration, key_id=command.key_id, actor=command.actor)


def _retire_key(brand: Brand, command: c.RetireIntegrationKey) -> e.IntegrationKeyRetired:
    integration = _integration(brand, command.integration)
    if command.key_id not in integration.key_ids:
        raise UnknownKey(integration=command.integration, key_id=command.key_id)
    if len(integration.key_ids) == 1:
        raise LastKey(integration=command.integration)
    return e.IntegrationKeyRetired(
        integration=command.integration, key_id=command.key_id, actor=command.actor
    )


_DECISIONS: Final[dict[type[c.BrandCommand], Callable[[Brand, Any], Any]]] = {
    c.ChangeBrandSettings: _change_settings,
    c.AddIntegration: _add_integration,
    c.AddIntegrationKey: _add_key,
    c.RetireIntegrationKey: _retire_key,
    c.CloseBusinessDay: _close_day,
}

_DAY: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", re.ASCII)


def require_day(day: str) -> None:
    """Raises :class:`InvalidCommand` unless it looks like a day: days are compared as the texts they are."""
    if not _DAY.fullmatch(day):
        raise InvalidCommand(reason="a day is YYYY-MM-DD")


def _integration(brand: Brand, name: str) -> Integration:
    try:
        return brand.integrations[name]
    except KeyError:
        raise UnknownIntegration(integration=name) from None


# --- changes


def _was_created(brand: Brand, event: e.BrandCreated) -> None:
    brand.settings = structs.replace(brand.settings, name=event.name, currencies=event.currencies)


def _settings_changed(brand: Brand, event: e.BrandSettingsChanged) -> None:
    brand.settings = applied(brand.settings, event.settings)
    brand.settings_version += 1


def _integration_added(brand: Brand, event: e.IntegrationAdded) -> None:
    added = Integration(protocol=event.protocol, key_ids=(event.key_id,))
    brand.integrations = {**brand.integrations, event.integration: added}


def _key_added(brand: Brand, event: e.IntegrationKeyAdded) -> None:
    old = brand.integrations[event.integration]
    new = Integration(protocol=old.protocol, key_ids=(*old.key_ids, event.key_id))
    brand.integrations = {**brand.integrations, event.integration: new}


def _key_retired(brand: Brand, event: e.IntegrationKeyRetired) -> None:
    old = brand.integrations[event.integration]
    left = tuple(key_id for key_id in old.key_ids if key_id != event.key_id)
    brand.integrations = {**brand.integrations, event.integration: Integration(old.protocol, left)}


def _day_closed(brand: Brand, event: e.BusinessDayClosed) -> None:
    brand.last_closed_day = event.day


_CHANGES: Final[dict[type, Callable[[Brand, Any], None]]] = {
    e.BrandCreated: _was_created,
    e.BrandSettingsChanged: _settings_changed,
    e.IntegrationAdded: _integration_added,
    e.IntegrationKeyAdded: _key_added,
    e.IntegrationKeyRetired: _key_retired,
    e.BusinessDayClosed: _day_closed,
}
