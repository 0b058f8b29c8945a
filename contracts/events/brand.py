"""What can have happened to a brand: its creation, its settings, its integrations with providers."""

from msgspec import Struct


class BrandCreated(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``currencies``: the codes the brand deals in, its main one first."""

    brand_id: str
    name: str
    currencies: tuple[str, ...]
    actor: str = ""


class BrandSettingsChanged(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """New values by setting, and the values they replaced."""

    name: str | None = None
    domains: tuple[str, ...] | None = None
    currencies: tuple[str, ...] | None = None
    max_stake: dict[str, int] | None = None
    previous: dict[str, str | list[str] | dict[str, int]] = {}
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
