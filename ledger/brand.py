"""The brand: its settings and its integrations with providers. Pure, like the wallet (see ``ledger.wallet``)."""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct, field, structs

from contracts.commands import brand as c
from contracts.events import brand as e
from contracts.ids import check_brand_id, command_id
from contracts.money import MAX_UNITS, currency_of
from contracts.refusals import (
    BrandAlreadyExists,
    IntegrationAlreadyExists,
    InvalidSetting,
    KeyRotationUnderWay,
    LastKey,
    UnknownBrand,
    UnknownCurrency,
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
    name: str = ""
    domains: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    max_stake: dict[str, int] = field(default_factory=dict)
    """Largest stake of one bet, in ledger units, by currency."""
    integrations: dict[str, Integration] = field(default_factory=dict)

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
    _check_name(command.name)
    _check_currencies(command.currencies)
    return e.BrandCreated(
        brand_id=brand_id, name=command.name, currencies=command.currencies, actor=command.actor
    )


def _change_settings(brand: Brand, command: c.ChangeBrandSettings) -> e.BrandSettingsChanged:
    changes = {name: getattr(command, name) for name in _SETTINGS if getattr(command, name) is not None}
    if not changes:
        raise InvalidSetting(setting="", reason="no setting was given")
    for name, value in changes.items():
        _SETTINGS[name](value)
    if "currencies" in changes and not set(brand.currencies) <= set(changes["currencies"]):
        raise InvalidSetting(setting="currencies", reason="a currency in use cannot be taken away")
    previous = {name: _plain(getattr(brand, name)) for name in changes}
    return e.BrandSettingsChanged(**changes, previous=previous, actor=command.actor)


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
}


def _integration(brand: Brand, name: str) -> Integration:
    try:
        return brand.integrations[name]
    except KeyError:
        raise UnknownIntegration(integration=name) from None


def _check_name(name: str) -> None:
    if not 0 < len(name) <= 100 or not name.isprintable():
        raise InvalidSetting(setting="name", reason="1 to 100 printable characters")


def _check_domains(domains: tuple[str, ...]) -> None:
    for domain in domains:
        if not 0 < len(domain) <= 253 or domain != domain.lower() or not domain.isascii() or " " in domain:
            raise InvalidSetting(setting="domains", reason="lower-case host names")


def _check_currencies(currencies: tuple[str, ...]) -> None:
    if not currencies or len(set(currencies)) != len(currencies):
        raise InvalidSetting(setting="currencies", reason="at least one code, each once")
    for code in currencies:
        try:
            currency_of(code)
        except UnknownCurrency:
            raise InvalidSetting(setting="currencies", reason=f"{code[:32]} is not supported") from None


def _check_max_stake(limits: dict[str, int]) -> None:
    for code, limit in limits.items():
        currency_of(code)
        if not 0 <= limit <= MAX_UNITS:
            raise InvalidSetting(setting="max_stake", reason="an amount within bounds")


_SETTINGS: Final[dict[str, Callable[[Any], None]]] = {
    "name": _check_name,
    "domains": _check_domains,
    "currencies": _check_currencies,
    "max_stake": _check_max_stake,
}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


# --- changes


def _was_created(brand: Brand, event: e.BrandCreated) -> None:
    brand.name = event.name
    brand.currencies = event.currencies


def _settings_changed(brand: Brand, event: e.BrandSettingsChanged) -> None:
    for name in _SETTINGS:
        value = getattr(event, name)
        if value is not None:
            setattr(brand, name, value)


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


_CHANGES: Final[dict[type, Callable[[Brand, Any], None]]] = {
    e.BrandCreated: _was_created,
    e.BrandSettingsChanged: _settings_changed,
    e.IntegrationAdded: _integration_added,
    e.IntegrationKeyAdded: _key_added,
    e.IntegrationKeyRetired: _key_retired,
}
