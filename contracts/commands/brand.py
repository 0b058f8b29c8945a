"""What can be asked of a brand. Every field but ``command_id`` is content (see ``contracts.commands.wallet``)."""

from typing import ClassVar

from msgspec import Struct

from contracts.events import brand as events
from contracts.ids import BRAND_AGGREGATE_ID


class BrandCommand(Struct, frozen=True, kw_only=True, tag=True):
    outcomes: ClassVar[tuple[type, ...]] = ()

    command_id: str

    @property
    def aggregate_id(self) -> str:
        return BRAND_AGGREGATE_ID


class CreateBrand(BrandCommand, frozen=True, kw_only=True, tag=True):
    """Begin the brand's log. ``currencies``: ISO codes it deals in, its main one first."""

    outcomes = (events.BrandCreated,)

    brand_id: str
    name: str
    currencies: tuple[str, ...]
    actor: str = ""


class ChangeBrandSettings(BrandCommand, frozen=True, kw_only=True, tag=True):
    """Replace the given settings. ``max_stake``: ledger units by currency; a missing currency has no limit."""

    outcomes = (events.BrandSettingsChanged,)

    name: str | None = None
    domains: tuple[str, ...] | None = None
    currencies: tuple[str, ...] | None = None
    max_stake: dict[str, int] | None = None
    actor: str = ""


class AddIntegration(BrandCommand, frozen=True, kw_only=True, tag=True):
    outcomes = (events.IntegrationAdded,)

    integration: str
    protocol: str
    key_id: str
    actor: str = ""


class AddIntegrationKey(BrandCommand, frozen=True, kw_only=True, tag=True):
    """Begin a rotation: the new key is valid beside the old one."""

    outcomes = (events.IntegrationKeyAdded,)

    integration: str
    key_id: str
    actor: str = ""


class RetireIntegrationKey(BrandCommand, frozen=True, kw_only=True, tag=True):
    outcomes = (events.IntegrationKeyRetired,)

    integration: str
    key_id: str
    actor: str = ""
