"""What can be asked of the roster of staff. Content as in ``contracts.commands.wallet``."""

from typing import ClassVar, Literal

from msgspec import Struct

from contracts.events import staff as events
from contracts.ids import STAFF_AGGREGATE_ID


class StaffCommand(Struct, frozen=True, kw_only=True, tag=True):
    outcomes: ClassVar[tuple[type, ...]] = ()
    circumstances: ClassVar[tuple[str, ...]] = ()

    command_id: str
    staff_id: str

    @property
    def aggregate_id(self) -> str:
        return STAFF_AGGREGATE_ID


class AddStaff(StaffCommand, frozen=True, kw_only=True, tag=True):
    """``roles``: of ``contracts.roles``; ``brands``: ids, or ``*`` alone for all."""

    outcomes = (events.StaffAdded,)

    roles: tuple[str, ...]
    brands: tuple[str, ...]
    actor: str = ""


class ChangeStaffRights(StaffCommand, frozen=True, kw_only=True, tag=True):
    outcomes = (events.StaffRightsChanged,)

    roles: tuple[str, ...]
    brands: tuple[str, ...]
    reason: str = ""
    actor: str = ""


class DisableStaff(StaffCommand, frozen=True, kw_only=True, tag=True):
    outcomes = (events.StaffDisabled,)

    reason: str
    actor: str = ""


class EnableStaff(StaffCommand, frozen=True, kw_only=True, tag=True):
    outcomes = (events.StaffEnabled,)

    reason: str
    actor: str = ""


class ResetStaffCredentials(StaffCommand, frozen=True, kw_only=True, tag=True):
    """Put it on record that a new password, or one-time-code secret, was given."""

    outcomes = (events.StaffCredentialsReset,)

    what: Literal["password", "one_time_code"]
    reason: str = ""
    actor: str = ""
