"""Whether a player's status lets them in: asked at every login and refresh, of the log itself."""

from contracts.refusals import BrandInMaintenance
from edges.api.parts import ApiParts
from edges.identity.errors import WrongLogin
from edges.identity.persons import Person
from edges.log_states import read_player
from edges.people.sign_up import SignUps
from edges.problems import Problem
from edges.tenancy import in_brand
from ledger.player import Player


class Admission:
    """Of the players of all brands."""

    def __init__(self, parts: ApiParts, sign_ups: SignUps) -> None:
        self._parts = parts
        self._sign_ups = sign_ups

    async def may_enter(self, person: Person) -> None:
        """Returns for an active player, whose sign-up is completed first where that was left undone.

        Raises ``Problem`` with the reason, :class:`WrongLogin`, or what the ledger raises.
        """
        known = await self._parts.directory.brand(person.brand_id)
        if known is not None and known.state.settings.maintenance:
            raise BrandInMaintenance(notice=known.state.settings.maintenance_message)
        async with in_brand(self._parts.pool, person.brand_id) as connection:
            player = await read_player(connection, person.brand_id, person.subject_id)
        if player is None:
            player = await self._sign_ups.complete(person.brand_id, person.subject_id)
        _require_active(player)


def _require_active(player: Player) -> None:
    if player.status == "erased":
        raise WrongLogin
    if player.status == "pending":
        raise Problem(403, "player_pending", "the account waits for approval")
    if player.status == "rejected":
        raise Problem(403, "player_rejected", "the account was not approved")
    if player.blocked is not None:
        raise Problem(403, "player_blocked", "the account is blocked; ask the support")
