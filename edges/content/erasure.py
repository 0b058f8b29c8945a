"""What content and sign-ups know of a player. Subjects and texts are in the vault, and go with the player's key."""

from typing import Final

from edges.tenancy import Connection

DELETE: Final = (
    "DELETE FROM messages WHERE brand_id = %s AND player_id = %s",
    "DELETE FROM inquiry_replies WHERE brand_id = %s AND player_id = %s",
    "DELETE FROM inquiries WHERE brand_id = %s AND player_id = %s",
    "DELETE FROM player_notes WHERE brand_id = %s AND player_id = %s",
    "DELETE FROM sign_ups WHERE brand_id = %s AND player_id = %s",
)


async def erase_player_content(connection: Connection, brand_id: str, player_id: str) -> None:
    """Deletes the player's inbox, inquiries and notes, in the caller's transaction; again is harmless.

    The texts themselves are deleted by ``edges.identity.erasure.erase_person``, which belongs to the same transaction.
    """
    for statement in DELETE:
        await connection.execute(statement, (brand_id, player_id))
