"""The roster of staff, one aggregate in the platform's log: so that there is always somebody left to run it. Pure."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec import Struct, field, structs

from contracts.commands import staff as c
from contracts.events import staff as e
from contracts.ids import check_brand_id, check_owner_id
from contracts.refusals import (
    InvalidRights,
    LastAdministrator,
    OwnRights,
    StaffAlreadyExists,
    StaffStateConflict,
    UnknownStaff,
)
from contracts.roles import ADMINISTRATOR, EVERY_BRAND, ROLES

MAX_BRANDS: Final = 1000


class Member(Struct, frozen=True):
    """A member of staff. ``brands``: ids, or ``*`` alone for all."""

    roles: tuple[str, ...]
    brands: tuple[str, ...]
    enabled: bool = True

    @property
    def administers(self) -> bool:
        """Whether they may do everything everywhere."""
        return self.enabled and ADMINISTRATOR in self.roles and EVERY_BRAND in self.brands


class StaffRoster(Struct, kw_only=True):
    """All members by id, after ``version`` events."""

    version: int = 0
    members: dict[str, Member] = field(default_factory=dict)

    def copy(self) -> "StaffRoster":
        """An independent roster in the same state."""
        return StaffRoster(version=self.version, members=dict(self.members))


def decide(roster: StaffRoster | None, command: c.StaffCommand) -> Any:
    """The event to record. Raises a :class:`contracts.refusals.Refused`."""
    roster = roster or StaffRoster()
    if isinstance(command, c.AddStaff):
        return _add(roster, command)
    member = roster.members.get(command.staff_id)
    if member is None:
        raise UnknownStaff(staff_id=command.staff_id[:64])
    return _DECISIONS[type(command)](roster, member, command)


def evolve(roster: StaffRoster | None, event: Any) -> StaffRoster:
    """Applies a recorded event to the roster, in place, and returns it."""
    roster = StaffRoster() if roster is None else roster
    roster.version += 1
    _CHANGES[type(event)](roster, event)
    return roster


# --- decisions


def _add(roster: StaffRoster, command: c.AddStaff) -> e.StaffAdded:
    check_owner_id(command.staff_id)
    if command.staff_id in roster.members:
        raise StaffAlreadyExists(staff_id=command.staff_id)
    _check_rights(command.roles, command.brands)
    return e.StaffAdded(
        staff_id=command.staff_id, roles=command.roles, brands=command.brands, actor=command.actor
    )


def _change_rights(roster: StaffRoster, member: Member, command: c.ChangeStaffRights) -> e.StaffRightsChanged:
    _check_rights(command.roles, command.brands)
    _require_another(command)
    after = structs.replace(member, roles=command.roles, brands=command.brands)
    _require_administrator(roster, command.staff_id, member, after)
    return e.StaffRightsChanged(
        staff_id=command.staff_id,
        roles=command.roles,
        brands=command.brands,
        previous_roles=member.roles,
        previous_brands=member.brands,
        reason=command.reason,
        actor=command.actor,
    )


def _disable(roster: StaffRoster, member: Member, command: c.DisableStaff) -> e.StaffDisabled:
    if not member.enabled:
        raise StaffStateConflict(staff_id=command.staff_id, reason="is disabled already")
    _require_another(command)
    _require_administrator(roster, command.staff_id, member, structs.replace(member, enabled=False))
    return e.StaffDisabled(staff_id=command.staff_id, reason=command.reason, actor=command.actor)


def _enable(roster: StaffRoster, member: Member, command: c.EnableStaff) -> e.StaffEnabled:
    if member.enabled:
        raise StaffStateConflict(staff_id=command.staff_id, reason="is not disabled")
    return e.StaffEnabled(staff_id=command.staff_id, reason=command.reason, actor=command.actor)


def _reset_credentials(
    roster: StaffRoster, member: Member, command: c.ResetStaffCredentials
) -> e.StaffCredentialsReset:
    return e.StaffCredentialsReset(
        staff_id=command.staff_id, what=command.what, reason=command.reason, actor=command.actor
    )


_DECISIONS: Final[dict[type[c.StaffCommand], Callable[[StaffRoster, Member, Any], Any]]] = {
    c.ChangeStaffRights: _change_rights,
    c.DisableStaff: _disable,
    c.EnableStaff: _enable,
    c.ResetStaffCredentials: _reset_credentials,
}


def _check_rights(roles: Sequence[str], brands: Sequence[str]) -> None:
    if not roles or len(set(roles)) != len(roles) or not set(roles) <= ROLES.keys():
        raise InvalidRights(reason=f"at least one role, each once, of: {', '.join(sorted(ROLES))}")
    if not 0 < len(brands) <= MAX_BRANDS or len(set(brands)) != len(brands):
        raise InvalidRights(reason="at least one brand, each once")
    if EVERY_BRAND in brands:
        if len(brands) > 1:
            raise InvalidRights(reason=f"{EVERY_BRAND} stands alone")
    else:
        for brand in brands:
            check_brand_id(brand)


def _require_another(command: c.ChangeStaffRights | c.DisableStaff) -> None:
    if command.actor == f"staff:{command.staff_id}":
        raise OwnRights


def _require_administrator(roster: StaffRoster, staff_id: str, before: Member, after: Member) -> None:
    if before.administers and not after.administers:
        others = (member for name, member in roster.members.items() if name != staff_id)
        if not any(member.administers for member in others):
            raise LastAdministrator


# --- changes


def _added(roster: StaffRoster, event: e.StaffAdded) -> None:
    roster.members[event.staff_id] = Member(roles=event.roles, brands=event.brands)


def _rights_changed(roster: StaffRoster, event: e.StaffRightsChanged) -> None:
    _change(roster, event.staff_id, roles=event.roles, brands=event.brands)


def _disabled(roster: StaffRoster, event: e.StaffDisabled) -> None:
    _change(roster, event.staff_id, enabled=False)


def _enabled(roster: StaffRoster, event: e.StaffEnabled) -> None:
    _change(roster, event.staff_id, enabled=True)


def _credentials_reset(roster: StaffRoster, event: e.StaffCredentialsReset) -> None:
    """Nothing that a later decision depends on."""


def _change(roster: StaffRoster, staff_id: str, **changes: Any) -> None:
    roster.members[staff_id] = structs.replace(roster.members[staff_id], **changes)


_CHANGES: Final[dict[type, Callable[[StaffRoster, Any], None]]] = {
    e.StaffAdded: _added,
    e.StaffRightsChanged: _rights_changed,
    e.StaffDisabled: _disabled,
    e.StaffEnabled: _enabled,
    e.StaffCredentialsReset: _credentials_reset,
}
