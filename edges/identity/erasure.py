"""Erasing a person: the key, the data, the login, and what their sessions tell. The log and the balances stay."""

from datetime import datetime, timedelta
from typing import Final

from edges.identity import credentials
from edges.identity.ended import KEPT_FOR_S
from edges.identity.persons import Person
from edges.identity.vault import Vault
from edges.tenancy import Connection

# Sessions first: refreshes take their locks in this order too.
SCRUB_SESSIONS: Final = """
UPDATE sign_ins
SET ended_at = coalesce(ended_at, %s), end_reason = coalesce(end_reason, 'erased'), client = '', address = NULL
WHERE brand_id = %s AND kind = %s AND subject_id = %s RETURNING session_id
"""
DELETE_TOKENS: Final = "DELETE FROM refresh_tokens WHERE brand_id = %s AND session_id = ANY(%s)"
DELETE_OLD_SESSIONS: Final = """
DELETE FROM sign_ins WHERE brand_id = %s AND kind = %s AND subject_id = %s AND ended_at < %s
"""


async def erase_person(connection: Connection, vault: Vault, person: Person, now: datetime) -> list[str]:
    """Leaves nothing that leads to the person, in the caller's transaction; again is harmless.

    Sessions that ended a moment ago stay as an id and a time, so that every process refuses their last access tokens.
    Returns the ids of the sessions, for :meth:`SignIns.note_ended` after the commit.
    """
    cursor = await connection.execute(SCRUB_SESSIONS, (now, *person))
    session_ids = [session_id for (session_id,) in await cursor.fetchall()]
    await connection.execute(DELETE_TOKENS, (person.brand_id, session_ids))
    await connection.execute(DELETE_OLD_SESSIONS, (*person, now - timedelta(seconds=KEPT_FOR_S)))
    await credentials.delete(connection, person)
    await vault.erase(connection, person)
    return session_ids
