"""What can be asked of a brand. Every field but ``command_id`` is content (see ``contracts.commands.wallet``)."""

from typing import Any, ClassVar

from msgspec import Struct, structs

from contracts.brand_settings import plain_values
from contracts.events import brand as events
from contracts.ids import BRAND_AGGREGATE_ID


class BrandCommand(Struct, frozen=True, kw_only=True, tag=True):
    outcomes: ClassVar[tuple[type, ...]] = ()
    circumstances: ClassVar[tuple[str, ...]] = ()

    command_id: str

    @property
    def aggregate_id(self) -> str:
        return BRAND_AGGREGATE_ID


class CreateBrand(BrandCommand, frozen=True, kw_only=True, tag=True):
    """Begin the brand's log. ``currencies``: ISO codes it deals in, its main one first; none for ``platform``."""

    outcomes = (events.BrandCreated,)

    brand_id: str
    name: str
    currencies: tuple[str, ...]
    actor: str = ""


class ChangeBrandSettings(BrandCommand, frozen=True, kw_only=True, tag=True):
    """Replace the given settings, named as in ``contracts.brand_settings.BrandSettings``.

    ``expected_version``: of the brand's settings, as whoever asks has seen them.
    """

    outcomes = (events.BrandSettingsChanged,)
    circumstances = ("expected_version",)

    settings: dict[str, Any]
    reason: str = ""
    actor: str = ""
    expected_version: int | None = None

    def __post_init__(self) -> None:
        structs.force_setattr(self, "settings", plain_values(self.settings))


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


class CloseBusinessDay(BrandCommand, frozen=True, kw_only=True, tag=True):
    """Say that ``day`` (ISO) is over in the brand's time zone; a timer asks, once a day."""

    outcomes = (events.BusinessDayClosed,)

    day: str
    time_zone: str
    actor: str = ""
