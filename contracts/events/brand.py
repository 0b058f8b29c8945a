"""What can have happened to a brand: its creation, its settings, its integrations with providers, its days."""

from typing import Any

from msgspec import Struct


class BrandCreated(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``currencies``: the codes the brand deals in, its main one first."""

    brand_id: str
    name: str
    currencies: tuple[str, ...]
    actor: str = ""


class BrandSettingsChanged(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """New values by setting, and the values they replaced (``contracts.brand_settings`` says what each may be)."""

    settings: dict[str, Any]
    previous: dict[str, Any]
    reason: str = ""
    actor: str = ""


class IntegrationAdded(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The brand can be called by a provider of ``protocol``. The key itself lives outside the log, under its id."""

    integration: str
    protocol: str
    key_id: str
    actor: str = ""


class IntegrationKeyAdded(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rotation began: from now on two keys are valid."""

    integration: str
    key_id: str
    actor: str = ""


class IntegrationKeyRetired(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rotation ended: this key is valid no more."""

    integration: str
    key_id: str
    actor: str = ""


class BusinessDayClosed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``day`` (ISO, in the brand's time zone then) is over: what is recorded from here on is of a later one."""

    day: str
    time_zone: str
    actor: str = ""
