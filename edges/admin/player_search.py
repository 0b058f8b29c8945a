"""Finding players: by what the log knows of them, by their login names, or by who they are."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from edges.admin.lists import Document, rendered
from edges.api.answers import time_text
from edges.api.callers import Caller
from edges.api.parts import ApiParts
from edges.identity import credentials, vault
from edges.problems import Problem
from edges.tenancy import Connection, in_brand
from projections import players
from projections.pages import Page, decode_cursor, encode_cursor
from projections.players import Player, Sorting, Wanted

PERSONAL: Final = "players.personal"
PERSONAL_FIELDS: Final = (vault.PHONE, vault.EMAIL, vault.BANK_ACCOUNT, vault.NAME)
"""What can be searched, named alike in the query and in the vault."""

SAME_MAX: Final = 200
"""Players who share a name or an account, at most; the others are not found."""

NAMES_AT_ONCE: Final = 200
NAMES_MAX: Final = 4_000
"""Login names that one page looks at: filters may let few of them through."""


class PlayerSearch:
    """One search. Raises ``Problem`` 403 for personal data that the caller may not see."""

    def __init__(self, parts: ApiParts, brand_id: str, caller: Caller, query: dict[str, Any]) -> None:
        self._parts = parts
        self._brand_id = brand_id
        self._query = query
        self._shows_names = PERSONAL in caller.permissions
        self._personal = {name: query[name] for name in PERSONAL_FIELDS if query[name] is not None}
        if self._personal and not self._shows_names:
            raise Problem(403, "forbidden", "your roles do not allow this", permission=PERSONAL)

    async def fetch(self, limit: int, cursor: str | None) -> Page[Document]:
        """A page of players, rendered. Raises ``InvalidCursor``."""
        async with in_brand(self._parts.pool, self._brand_id) as connection:
            wanted = await self._wanted(connection)
            if self._query["login"] is None:
                page = await self._in_order(connection, wanted, limit, cursor)
            else:
                page = await self._by_login(connection, wanted, limit, cursor)
            return rendered(page, await self._documents(connection, page.items))

    async def _wanted(self, connection: Connection) -> Wanted:
        query = self._query
        return Wanted(
            statuses=None if query["status"] is None else [query["status"]],
            agent_ids=None if query["agent_id"] is None else [query["agent_id"]],
            player_ids=await self._ids(connection),
            blocked=query["blocked"],
            since=query["registered_from"],
            until=query["registered_to"],
        )

    async def _ids(self, connection: Connection) -> Collection[str] | None:
        """Whom exact values narrow it down to; None where none were given."""
        given = [] if self._query["player_id"] is None else [{self._query["player_id"]}]
        for field, value in self._personal.items():
            found = await self._parts.identity.vault.find(
                connection, self._brand_id, "player", field, value, limit=SAME_MAX
            )
            given.append(set(found))
        return set.intersection(*given) if given else None

    async def _in_order(
        self, connection: Connection, wanted: Wanted, limit: int, cursor: str | None
    ) -> Page[Player]:
        sort: str = self._query["sort"]
        sorting: Sorting = "player_id" if sort.endswith("player_id") else "registered_at"
        return await players.list_page(
            connection,
            self._brand_id,
            wanted,
            sorting=sorting,
            descending=sort.startswith("-"),
            limit=limit,
            cursor=cursor,
        )

    async def _by_login(
        self, connection: Connection, wanted: Wanted, limit: int, cursor: str | None
    ) -> Page[Player]:
        """In the order of login names; a page may be short where the filters let few through."""
        (after,) = decode_cursor(cursor, (str,)) if cursor else ("",)
        found: list[tuple[str, Player]] = []
        looked_at, more = 0, True
        while more and len(found) < limit and looked_at < NAMES_MAX:
            named = await credentials.search(
                connection, self._brand_id, "player", self._query["login"], after=after, limit=NAMES_AT_ONCE
            )
            known = await self._known(connection, wanted, [player_id for player_id, _ in named])
            found += [(login, known[player_id]) for player_id, login in named if player_id in known]
            looked_at, more = looked_at + len(named), len(named) == NAMES_AT_ONCE
            after = named[-1][1] if named else after
        if len(found) > limit:
            found, more = found[:limit], True
            after = found[-1][0]
        return Page([player for _, player in found], next=encode_cursor(after) if more else None)

    async def _known(
        self, connection: Connection, wanted: Wanted, player_ids: Sequence[str]
    ) -> dict[str, Player]:
        allowed = wanted.player_ids
        asked = [player_id for player_id in player_ids if allowed is None or player_id in allowed]
        page = await players.list_page(
            connection, self._brand_id, wanted._replace(player_ids=asked), limit=NAMES_AT_ONCE
        )
        return {player.player_id: player for player in page.items}

    async def _documents(self, connection: Connection, found: Sequence[Player]) -> list[Document]:
        ids = [player.player_id for player in found]
        logins = await credentials.of_subjects(connection, self._brand_id, "player", ids)
        names: dict[str, dict[str, str]] = {}
        if self._shows_names:
            names = await self._parts.identity.vault.read(
                connection, self._brand_id, "player", ids, [vault.NAME]
            )
        return [
            item_document(
                player, logins.get(player.player_id), names.get(player.player_id, {}).get(vault.NAME)
            )
            for player in found
        ]


def item_document(player: Player, known: credentials.Credentials | None, name: str | None) -> Document:
    """A player as lists show them."""
    return {
        "player_id": player.player_id,
        "login": known.login if known else None,
        "name": name,
        "status": player.status,
        "blocked": player.blocked,
        "agent_id": player.agent_id or None,
        "country": player.country or None,
        "registered_at": time_text(player.registered_at),
        "last_login_at": time_text(known.last_login_at) if known else None,
    }
