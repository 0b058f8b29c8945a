"""What can have happened to the roster of staff, which lives in the platform's log."""

from typing import Literal

from msgspec import Struct


class StaffAdded(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member of staff with these roles at these brands (``*``: at all)."""

    staff_id: str
    roles: tuple[str, ...]
    brands: tuple[str, ...]
    actor: str = ""


class StaffRightsChanged(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Other roles or brands, and those they replaced."""

    staff_id: str
    roles: tuple[str, ...]
    brands: tuple[str, ...]
    previous_roles: tuple[str, ...]
    previous_brands: tuple[str, ...]
    reason: str = ""
    actor: str = ""


class StaffDisabled(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The member may not log in any more."""

    staff_id: str
    reason: str
    actor: str = ""


class StaffEnabled(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The member may log in again."""

    staff_id: str
    reason: str
    actor: str = ""


class StaffCredentialsReset(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody gave the member a new password, or a new one-time-code secret; neither is told here."""

    staff_id: str
    what: Literal["password", "one_time_code"]
    reason: str = ""
    actor: str = ""
