"""Inquiries: what a player asks staff, and what either side replies. Subjects and texts are in the player's vault."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from edges.content.paging import before_moment, moment_us, page_of
from edges.identity import credentials
from edges.identity.persons import Person
from edges.identity.vault import Vault
from edges.problems import Problem
from edges.tenancy import Connection
from projections.pages import Page

Status = Literal["open", "answered", "closed"]

NOT_CLOSED_MAX: Final = 10
"""Inquiries that a player may have going on."""

REPLIES_MAX: Final = 200
"""In one inquiry."""

INSERT: Final = """
INSERT INTO inquiries
    (brand_id, inquiry_id, player_id, status, unread_by_staff, unread_by_player, replies, opened_at, changed_at,
     changed_by)
SELECT %s, %s, %s, 'open', true, false, 0, %s, %s, %s
WHERE %s > (SELECT count(*) FROM inquiries WHERE brand_id = %s AND player_id = %s AND status <> 'closed')
ON CONFLICT DO NOTHING RETURNING true
"""
INSERT_REPLY: Final = """
INSERT INTO inquiry_replies (brand_id, inquiry_id, reply_id, player_id, written_by, written_at)
VALUES (%s, %s, %s, %s, %s, %s)
"""
SELECT: Final = """
SELECT inquiry_id, player_id, status, unread_by_staff, unread_by_player, replies, opened_at, changed_at, changed_by
FROM inquiries WHERE brand_id = %(brand_id)s
"""
BY_ID: Final = " AND inquiry_id = %(inquiry_id)s"
LOCKED: Final = " FOR UPDATE"
OF_PLAYER: Final = " AND player_id = %(player_id)s"
OF_STATUS: Final = " AND status = %(status)s"
UNREAD_BY_STAFF: Final = " AND unread_by_staff"
OPENED_BEFORE: Final = """
 AND (opened_at, inquiry_id) < (%(moment)s, %(after)s) ORDER BY opened_at DESC, inquiry_id DESC LIMIT %(limit)s
"""
CHANGED_BEFORE: Final = """
 AND (changed_at, inquiry_id) < (%(moment)s, %(after)s) ORDER BY changed_at DESC, inquiry_id DESC LIMIT %(limit)s
"""
SELECT_REPLY: Final = """
SELECT true FROM inquiry_replies WHERE brand_id = %s AND inquiry_id = %s AND reply_id = %s
"""
SELECT_REPLIES: Final = """
SELECT reply_id, written_by, written_at FROM inquiry_replies WHERE brand_id = %s AND inquiry_id = %s
ORDER BY written_at, reply_id
"""
REPLIED: Final = """
UPDATE inquiries
SET status = %s, unread_by_staff = %s, unread_by_player = %s, replies = replies + 1, changed_at = %s, changed_by = %s
WHERE brand_id = %s AND inquiry_id = %s
"""
CLOSE: Final = """
UPDATE inquiries SET status = 'closed', unread_by_staff = false, changed_at = %s, changed_by = %s
WHERE brand_id = %s AND inquiry_id = %s AND status <> 'closed'
"""
READ_BY_STAFF: Final = "UPDATE inquiries SET unread_by_staff = false WHERE brand_id = %s AND inquiry_id = %s"
READ_BY_PLAYER: Final = (
    "UPDATE inquiries SET unread_by_player = false WHERE brand_id = %s AND inquiry_id = %s"
)
COUNT_UNREAD: Final = "SELECT count(*) FROM inquiries WHERE brand_id = %s AND unread_by_staff"


class Inquiry(NamedTuple):
    """``replies``: how many texts it has, the first one included. ``changed_by``: the actor of the last step."""

    inquiry_id: str
    player_id: str
    status: Status
    unread_by_staff: bool
    unread_by_player: bool
    replies: int
    opened_at: datetime
    changed_at: datetime
    changed_by: str
    subject: str = ""


class Reply(NamedTuple):
    """``written_by``: ``player:<id>`` or ``staff:<id>``."""

    reply_id: str
    written_by: str
    written_at: datetime
    body: str


class Wanted(NamedTuple):
    """Which inquiries staff look for."""

    player_id: str | None = None
    status: Status | None = None
    unread: bool = False


async def open_inquiry(
    connection: Connection,
    vault: Vault,
    person: Person,
    *,
    inquiry_id: str,
    subject: str,
    body: str,
    now: datetime,
) -> None:
    """By the player; again is harmless. Raises ``UnknownPerson``, or ``Problem`` for one too many."""
    await credentials.hold(connection, person)
    brand_id, _, player_id = person
    actor = _actor(person)
    values = (brand_id, inquiry_id, player_id, now, now, actor, NOT_CLOSED_MAX, brand_id, player_id)
    if await (await connection.execute(INSERT, values)).fetchone():
        await vault.store(connection, person, {_subject_field(inquiry_id): subject})
        first = Reply(inquiry_id, actor, now, body)
        await _add_reply(connection, vault, person, inquiry_id, first)
    elif await find(connection, vault, brand_id, inquiry_id) is None:
        raise Problem(422, "too_many_inquiries", "too many inquiries are open already", limit=NOT_CLOSED_MAX)


async def reply(
    connection: Connection,
    vault: Vault,
    brand_id: str,
    inquiry_id: str,
    *,
    reply_id: str,
    body: str,
    written_by: str,
    now: datetime,
    player_id: str | None = None,
) -> None:
    """By staff, or by the player where one is given, whose it then has to be; again is harmless.

    Raises ``Problem`` for one that is not there, is closed, or is full.
    """
    inquiry = await _lock(connection, brand_id, inquiry_id)
    if player_id not in {None, inquiry.player_id}:
        raise _unknown()
    person = Person(brand_id, "player", inquiry.player_id)
    await credentials.hold(connection, person)
    place = (brand_id, inquiry_id, reply_id)
    if await (await connection.execute(SELECT_REPLY, place)).fetchone():
        return
    if inquiry.status == "closed":
        raise Problem(409, "inquiry_closed", "the inquiry is closed; open another one")
    if inquiry.replies >= REPLIES_MAX:
        raise Problem(422, "inquiry_full", "the inquiry has too many replies", limit=REPLIES_MAX)
    await _add_reply(connection, vault, person, inquiry_id, Reply(reply_id, written_by, now, body))


async def close(connection: Connection, brand_id: str, inquiry_id: str, actor: str, now: datetime) -> None:
    """By staff; again is harmless. Raises ``Problem`` for one that is not there."""
    await _lock(connection, brand_id, inquiry_id)
    await connection.execute(CLOSE, (now, actor, brand_id, inquiry_id))


async def note_read_by_staff(connection: Connection, brand_id: str, inquiry_id: str) -> None:
    """A member of staff has looked at it."""
    await connection.execute(READ_BY_STAFF, (brand_id, inquiry_id))


async def note_read_by_player(connection: Connection, brand_id: str, inquiry_id: str) -> None:
    """The player has looked at it."""
    await connection.execute(READ_BY_PLAYER, (brand_id, inquiry_id))


async def count_unread(connection: Connection, brand_id: str) -> int:
    """How many wait for staff to look at."""
    row = await (await connection.execute(COUNT_UNREAD, (brand_id,))).fetchone()
    return int(row[0]) if row else 0


async def find(connection: Connection, vault: Vault, brand_id: str, inquiry_id: str) -> Inquiry | None:
    """One inquiry, whosever it is."""
    parameters = {"brand_id": brand_id, "inquiry_id": inquiry_id}
    rows = await (await connection.execute(SELECT + BY_ID, parameters)).fetchall()
    found = await _with_subjects(connection, vault, brand_id, rows)
    return found[0] if found else None


async def replies_of(connection: Connection, vault: Vault, brand_id: str, inquiry: Inquiry) -> list[Reply]:
    """The oldest first: the one that opened it."""
    rows = await (await connection.execute(SELECT_REPLIES, (brand_id, inquiry.inquiry_id))).fetchall()
    person = Person(brand_id, "player", inquiry.player_id)
    texts = await vault.read_one(connection, person, [_body_field(reply_id) for reply_id, _, _ in rows])
    return [
        Reply(reply_id, written_by, written_at, texts.get(_body_field(reply_id), ""))
        for reply_id, written_by, written_at in rows
    ]


async def list_of_player(
    connection: Connection, vault: Vault, person: Person, *, limit: int = 50, cursor: str | None = None
) -> Page[Inquiry]:
    """For the player: the one opened last first. Raises :class:`InvalidCursor`."""
    statement = SELECT + OF_PLAYER + OPENED_BEFORE
    parameters = _parameters(person.brand_id, Wanted(person.subject_id), limit, cursor)
    rows = await (await connection.execute(statement, parameters)).fetchall()
    found = await _with_subjects(connection, vault, person.brand_id, rows)
    return page_of(found, limit, lambda one: (moment_us(one.opened_at), one.inquiry_id))


async def list_page(
    connection: Connection,
    vault: Vault,
    brand_id: str,
    wanted: Wanted,
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Inquiry]:
    """For staff: the one changed last first. Raises :class:`InvalidCursor`."""
    statement = SELECT
    statement += OF_PLAYER if wanted.player_id is not None else ""
    statement += OF_STATUS if wanted.status is not None else ""
    statement += UNREAD_BY_STAFF if wanted.unread else ""
    parameters = _parameters(brand_id, wanted, limit, cursor)
    rows = await (await connection.execute(statement + CHANGED_BEFORE, parameters)).fetchall()
    found = await _with_subjects(connection, vault, brand_id, rows)
    return page_of(found, limit, lambda one: (moment_us(one.changed_at), one.inquiry_id))


async def _lock(connection: Connection, brand_id: str, inquiry_id: str) -> Inquiry:
    parameters = {"brand_id": brand_id, "inquiry_id": inquiry_id}
    row = await (await connection.execute(SELECT + BY_ID + LOCKED, parameters)).fetchone()
    if row is None:
        raise _unknown()
    return Inquiry(*row)


async def _add_reply(
    connection: Connection, vault: Vault, person: Person, inquiry_id: str, new: Reply
) -> None:
    by_player = new.written_by == _actor(person)
    status: Status = "open" if by_player else "answered"
    place = (person.brand_id, inquiry_id)
    await vault.store(connection, person, {_body_field(new.reply_id): new.body})
    await connection.execute(
        INSERT_REPLY, (*place, new.reply_id, person.subject_id, new.written_by, new.written_at)
    )
    await connection.execute(
        REPLIED, (status, by_player, not by_player, new.written_at, new.written_by, *place)
    )


async def _with_subjects(
    connection: Connection, vault: Vault, brand_id: str, rows: Sequence[tuple[Any, ...]]
) -> list[Inquiry]:
    found = [Inquiry(*row) for row in rows]
    players = sorted({inquiry.player_id for inquiry in found})
    fields = [_subject_field(inquiry.inquiry_id) for inquiry in found]
    texts = await vault.read(connection, brand_id, "player", players, fields) if found else {}
    return [
        one._replace(subject=texts[one.player_id].get(_subject_field(one.inquiry_id), "")) for one in found
    ]


def _parameters(brand_id: str, wanted: Wanted, limit: int, cursor: str | None) -> dict[str, Any]:
    moment, after = before_moment(cursor)
    return {
        "brand_id": brand_id,
        "player_id": wanted.player_id,
        "status": wanted.status,
        "moment": moment,
        "after": after,
        "limit": limit + 1,
    }


def _actor(person: Person) -> str:
    return f"player:{person.subject_id}"


def _unknown() -> Problem:
    """Also for one of somebody else."""
    return Problem(404, "unknown_inquiry", "there is no such inquiry")


def _subject_field(inquiry_id: str) -> str:
    return f"inquiry:{inquiry_id}:subject"


def _body_field(reply_id: str) -> str:
    return f"reply:{reply_id}:body"
