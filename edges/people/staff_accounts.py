"""Accounts of staff: a member of the roster in the platform's log, and the login that goes with it."""

from collections.abc import Callable, Sequence
from typing import Final, Literal

from contracts.commands.staff import (
    AddStaff,
    ChangeStaffRights,
    DisableStaff,
    EnableStaff,
    ResetStaffCredentials,
)
from contracts.ids import PLATFORM_BRAND, command_id
from contracts.receipts import Receipt
from contracts.refusals import OwnRights, Refused
from contracts.roles import ADMINISTRATOR, EVERY_BRAND
from edges.api.write_keys import WriteKey, digest_id
from edges.identity.kit import Identity
from edges.identity.persons import Person
from edges.log_states import staff_roster
from edges.people.given_logins import GivenLogin, GivenLogins
from edges.tenancy import Pool
from ledger.interface import Ledger
from ledger.staff import StaffRoster, decide

FIRST: Final = "first-administrator"
CLI: Final = "cli"


def staff_person(staff_id: str) -> Person:
    """Staff live in brand ``platform``."""
    return Person(PLATFORM_BRAND, "staff", staff_id)


class StaffAccounts:
    """Every change is told to the log first, but for a new login's name, which is claimed before.

    Whatever stops in between is completed by the same request again. ``clock``: seconds since 1970.
    """

    def __init__(self, pool: Pool, identity: Identity, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._identity = identity
        self._platform = ledger.brand(PLATFORM_BRAND)
        self._roster = staff_roster(pool)
        self._logins = GivenLogins(pool, identity, clock)

    async def roster(self) -> StaffRoster:
        """Everybody as of now; not to be changed."""
        return await self._roster.read()

    async def add(
        self,
        key: WriteKey,
        login: str,
        roles: Sequence[str],
        brands: Sequence[str],
        actor: str,
        *,
        temporary: bool = True,
    ) -> GivenLogin:
        """``temporary``: whether another password has to be chosen.

        Raises a ``LedgerError`` or an ``IdentityError``.
        """
        command = AddStaff(
            command_id=key.command_id("add"),
            staff_id=key.id,
            roles=tuple(roles),
            brands=tuple(brands),
            actor=actor,
        )
        return await self._add(command, login, temporary=temporary)

    async def change_rights(
        self,
        key: WriteKey,
        staff_id: str,
        roles: Sequence[str],
        brands: Sequence[str],
        *,
        reason: str,
        actor: str,
    ) -> Receipt:
        """They count from the next request on."""
        return await self._platform.execute(
            ChangeStaffRights(
                command_id=key.command_id("rights"),
                staff_id=staff_id,
                roles=tuple(roles),
                brands=tuple(brands),
                reason=reason,
                actor=actor,
            )
        )

    async def disable(self, key: WriteKey, staff_id: str, reason: str, actor: str) -> Receipt:
        """All sessions end."""
        receipt = await self._platform.execute(
            DisableStaff(command_id=key.command_id("disable"), staff_id=staff_id, reason=reason, actor=actor)
        )
        await self._identity.sign_ins.end_all(staff_person(staff_id), "blocked")
        return receipt

    async def enable(self, key: WriteKey, staff_id: str, reason: str, actor: str) -> Receipt:
        """The login is the one from before."""
        return await self._platform.execute(
            EnableStaff(command_id=key.command_id("enable"), staff_id=staff_id, reason=reason, actor=actor)
        )

    async def reset(
        self,
        key: WriteKey,
        staff_id: str,
        what: Literal["password", "one_time_code"],
        reason: str,
        actor: str,
    ) -> GivenLogin:
        """A new password, or secret of one-time codes. Nobody resets their own: raises :class:`OwnRights`."""
        if actor == f"staff:{staff_id}":
            raise OwnRights
        await self._platform.execute(
            ResetStaffCredentials(
                command_id=key.command_id("reset"),
                staff_id=staff_id,
                what=what,
                reason=reason,
                actor=actor,
            )
        )
        person = staff_person(staff_id)
        if what == "password":
            return await self._logins.reset_password(person, key)
        return await self._logins.reset_code(person, key)

    async def ensure_first_administrator(self, login: str, *, unfinished: bool = False) -> GivenLogin | None:
        """Somebody who may do everything, where there is nobody yet.

        ``unfinished``: what was given before was not told, so give it anew, unless it is in use. None: nothing to tell.
        """
        command = AddStaff(
            command_id=command_id(CLI, FIRST),
            staff_id=digest_id(FIRST),
            roles=(ADMINISTRATOR,),
            brands=(EVERY_BRAND,),
            actor=CLI,
        )
        others = (await self.roster()).members.keys() - ({command.staff_id} if unfinished else set())
        if others:
            return None
        given = await self._add(command, login, temporary=False)
        return given if given.password is not None else None

    async def _add(self, command: AddStaff, login: str, *, temporary: bool = True) -> GivenLogin:
        roster = await self.roster()
        if command.staff_id not in roster.members:
            decide(roster, command)  # a refusal must not claim the name
        person = staff_person(command.staff_id)
        given = await self._logins.give(person, login, exists=self._exists, temporary=temporary)
        try:
            await self._platform.execute(command)
        except Refused:
            if not await self._exists(command.staff_id):
                await self._logins.take_back(person)
            raise
        return given

    async def _exists(self, staff_id: str) -> bool:
        return staff_id in (await self.roster()).members
