"""Becoming a player: by the brand's policy, first in our own tables, then in the log; a crash in between is made good.

Login, personal data and the use of an invite are one transaction, with a row that says what the log has yet to be told.
The row goes when the ledger has answered: at once, when the request is repeated, at the next login, or by a sweep.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from contracts.brand_settings import BrandSettings
from contracts.commands import Command
from contracts.commands.player import RegisterPlayer
from contracts.commands.wallet import OpenWallet
from contracts.ids import command_id, wallet_id
from contracts.refusals import LedgerError, PlayerStateConflict
from edges.api.parts import ApiParts
from edges.identity import credentials, invites
from edges.identity.errors import InvalidInvite
from edges.identity.login import Visitor
from edges.identity.login_names import fold_login
from edges.identity.persons import Person
from edges.identity.repeating import Repeating
from edges.log_states import agent_tree, read_player
from edges.logs import get_logger
from edges.problems import Problem
from edges.tenancy import in_brand
from ledger.agents import AgentTree
from ledger.brand import Brand
from ledger.player import Player

ORIGIN: Final = "sign-up"
INVITED_BY_AGENT: Final = "agent:"

SWEEP_EVERY_S: Final = 20.0
SWEEP_AFTER: Final = timedelta(seconds=20)
"""Whoever is still at work on a sign-up that young may finish it."""

SWEEP_AT_ONCE: Final = 100

INSERT: Final = """
INSERT INTO sign_ups (brand_id, player_id, status, policy, agent_id, country, currency, created_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
SELECT: Final = """
SELECT status, policy, agent_id, country, currency FROM sign_ups WHERE brand_id = %s AND player_id = %s
"""
SELECT_WAITING: Final = """
SELECT player_id FROM sign_ups WHERE brand_id = %s AND created_at < %s ORDER BY created_at LIMIT %s
"""
DELETE: Final = "DELETE FROM sign_ups WHERE brand_id = %s AND player_id = %s"

log = get_logger(__name__)


class Applicant(NamedTuple):
    """Whoever wants to become a player. ``personal``: by field of the vault."""

    login: str
    password: str
    personal: Mapping[str, str]
    birth_date: date | None = None
    agent_code: str | None = None
    invite: str | None = None
    country: str = ""


class Terms(NamedTuple):
    """What the log is told of a new player. ``currency``: of the wallet, which a pending one gets on approval."""

    status: Literal["pending", "active"]
    policy: str
    agent_id: str
    country: str
    currency: str


class SignUps:
    """Of all brands."""

    def __init__(self, parts: ApiParts) -> None:
        self._parts = parts
        self._agents = agent_tree(parts.pool)
        self.sweeping: Final = Repeating(self.sweep, SWEEP_EVERY_S, "sign_ups_not_swept")

    async def sign_up(
        self, brand: Brand, player_id: str, applicant: Applicant, visitor: Visitor
    ) -> tuple[Player, bool]:
        """The player, and whether it is the first time that this was asked. ``player_id``: the same when repeated.

        Raises ``Problem`` for what the policy does not allow, an ``IdentityError``, or what the ledger raises.
        """
        person = Person(brand.brand_id, "player", player_id)
        first = not await self._has_login(person, applicant.login) and await self._begin(
            brand, person, applicant, visitor
        )
        player = await self.complete(brand.brand_id, player_id)
        if player.status == "erased":
            raise _erased(player_id)
        return player, first

    async def complete(self, brand_id: str, player_id: str) -> Player:
        """Tells the log of a player whose login is there, unless it knows; the player as of now.

        Raises what the ledger raises, and ``Problem`` for somebody who never signed up.
        """
        async with in_brand(self._parts.pool, brand_id) as connection:
            row = await (await connection.execute(SELECT, (brand_id, player_id))).fetchone()
        if row is not None:
            await self._parts.ledger.brand(brand_id).execute_all(_registration(player_id, Terms(*row)))
        async with in_brand(self._parts.pool, brand_id) as connection:
            if row is not None:
                await connection.execute(DELETE, (brand_id, player_id))
            player = await read_player(connection, brand_id, player_id)
        if player is None:
            log.error("login_without_player", brand=brand_id, player=player_id)
            raise Problem(403, "player_unknown", "the account is not ready to be used")
        return player

    async def sweep(self) -> None:
        """Completes what was left behind, of every brand."""
        before = self._parts.now() - SWEEP_AFTER
        for brand_id in self._parts.directory.brand_ids():
            async with in_brand(self._parts.pool, brand_id) as connection:
                cursor = await connection.execute(SELECT_WAITING, (brand_id, before, SWEEP_AT_ONCE))
                waiting = await cursor.fetchall()
            for (player_id,) in waiting:
                try:
                    await self.complete(brand_id, player_id)
                except LedgerError as error:
                    log.warning("sign_up_not_completed", brand=brand_id, player=player_id, error=error.code)

    async def _has_login(self, person: Person, login: str) -> bool:
        """Whether this very sign-up was begun before, whatever the policy says since then."""
        async with in_brand(self._parts.pool, person.brand_id) as connection:
            known = await credentials.of_subjects(
                connection, person.brand_id, person.kind, [person.subject_id]
            )
        return bool(known) and fold_login(known[person.subject_id].login) == fold_login(login)

    async def _begin(self, brand: Brand, person: Person, applicant: Applicant, visitor: Visitor) -> bool:
        """The part that our own tables keep; False if another request for the same was quicker."""
        settings, brand_id = brand.settings, brand.brand_id
        require_policy(settings, applicant)
        require_age(settings, applicant.birth_date, self._parts.now())
        tree = await self._agents.read() if applicant.agent_code or applicant.invite else AgentTree()
        agent_id = (
            "" if applicant.agent_code is None else _agent_of_code(tree, applicant.agent_code, brand_id)
        )
        new = await self._parts.identity.password_changes.prepare_sign_up(
            brand_id, applicant.login, applicant.password, visitor.address
        )
        now = self._parts.now()
        async with in_brand(self._parts.pool, brand_id) as connection:
            if not await credentials.create(connection, person, new, now):
                return False
            if await read_player(connection, brand_id, person.subject_id) is not None:
                raise _erased(person.subject_id)  # nobody else whom the log knows has no login
            if applicant.invite is not None:
                redeemed = await invites.redeem(connection, brand_id, applicant.invite, now)
                agent_id = agent_id or _agent_of_invite(tree, redeemed, brand_id)
            await self._parts.identity.vault.store(connection, person, applicant.personal)
            terms = _terms(settings, agent_id, applicant.country)
            await connection.execute(INSERT, (brand_id, person.subject_id, *terms, now))
        return True


def require_policy(settings: BrandSettings, applicant: Applicant) -> None:
    """Raises ``Problem`` where the brand takes nobody, or nobody like this."""
    if settings.sign_up == "closed":
        raise Problem(403, "sign_up_closed", "the brand takes no new players")
    if settings.sign_up == "invite" and applicant.invite is None:
        raise Problem(422, "invite_required", "an invite code is needed")
    if settings.sign_up == "agent_code" and applicant.agent_code is None:
        raise Problem(422, "agent_code_required", "an agent's code is needed")


def require_age(settings: BrandSettings, birth_date: date | None, now: datetime) -> None:
    """Raises ``Problem`` for somebody too young, by the brand's calendar."""
    if birth_date is None:
        return
    today = now.astimezone(ZoneInfo(settings.time_zone)).date()
    had_birthday = (today.month, today.day) >= (birth_date.month, birth_date.day)
    if today.year - birth_date.year - (not had_birthday) < settings.minimum_age:
        raise Problem(422, "too_young", "not old enough", minimum_age=settings.minimum_age)


def _erased(player_id: str) -> PlayerStateConflict:
    """Whoever was erased does not come back by sending the old sign-up again."""
    return PlayerStateConflict(player_id=player_id, state="erased")


def _agent_of_code(tree: AgentTree, code: str, brand_id: str) -> str:
    """One answer for all that cannot be: unknown, blocked, not allowed to serve the brand."""
    agent_id = tree.by_code.get(code, "")
    if not _may_serve(tree, agent_id, brand_id):
        raise Problem(422, "unknown_agent", "no agent of this brand has this code")
    return agent_id


def _agent_of_invite(tree: AgentTree, redeemed: invites.Redeemed, brand_id: str) -> str:
    """Whoever comes by an agent's invite is the agent's. Raises :class:`InvalidInvite` if that is one no more."""
    if not redeemed.created_by.startswith(INVITED_BY_AGENT):
        return ""
    agent_id = redeemed.created_by.removeprefix(INVITED_BY_AGENT)
    if not _may_serve(tree, agent_id, brand_id):
        raise InvalidInvite
    return agent_id


def _may_serve(tree: AgentTree, agent_id: str, brand_id: str) -> bool:
    agent = tree.agents.get(agent_id)
    return agent is not None and agent.blocked is None and brand_id in agent.brands


def _terms(settings: BrandSettings, agent_id: str, country: str) -> Terms:
    status: Literal["pending", "active"] = "pending" if settings.sign_up == "approval" else "active"
    return Terms(status, settings.sign_up, agent_id, country, settings.currencies[0])


def _registration(player_id: str, terms: Terms) -> list[Command]:
    """Always the same, so that it can be told again."""
    commands: list[Command] = [
        RegisterPlayer(
            command_id=command_id(ORIGIN, f"{player_id}/register"),
            player_id=player_id,
            status=terms.status,
            policy=terms.policy,
            agent_id=terms.agent_id,
            country=terms.country,
            actor=f"player:{player_id}",
        )
    ]
    if terms.status == "active":
        wallet = wallet_id(player_id, terms.currency)
        commands.append(OpenWallet(wallet_id=wallet, command_id=command_id(ORIGIN, f"{player_id}/wallet")))
    return commands
