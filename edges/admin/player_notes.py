"""Notes that staff keep about a player."""

from typing import Any, Final

from aiohttp import web

from contracts.http.admin.players import NewNoteSchema, NoteSchema, NotesSchema
from contracts.http.lists import ListQuerySchema
from edges.admin.paths import PLAYER_PATH, person_of, require_living, require_player
from edges.api.answers import document, page_document, time_text
from edges.api.callers import caller_of
from edges.api.parts import PARTS
from edges.api.reading import body_of, query_of
from edges.api.write_keys import WRITE
from edges.content import notes
from edges.content.notes import Note
from edges.problems import Problem
from edges.routes import Route
from edges.tenancy import in_brand

NOTES_PATH: Final = f"{PLAYER_PATH}/notes"


async def list_notes(request: web.Request) -> web.Response:
    """The newest first."""
    await require_player(request)
    query, person, parts = query_of(request, ListQuerySchema), person_of(request), request.app[PARTS]
    async with in_brand(parts.pool, person.brand_id) as connection:
        page = await notes.list_page(connection, parts.identity.vault, person, **query)
    return page_document(page, map(_document, page.items))


async def add_note(request: web.Request) -> web.Response:
    """Notes are never changed; a wrong one is removed by nobody but erasure."""
    await require_living(request)
    fields = await body_of(request, NewNoteSchema)
    person, parts, actor = person_of(request), request.app[PARTS], caller_of(request).actor
    note = Note(request[WRITE].id, fields["text"], actor, parts.now())
    async with in_brand(parts.pool, person.brand_id) as connection:
        await notes.add(
            connection,
            parts.identity.vault,
            person,
            note_id=note.note_id,
            text=note.text,
            written_by=actor,
            now=note.written_at,
        )
        written_at = await notes.written_at(connection, person, note.note_id)
    if written_at is None:
        raise Problem(409, "note_gone", "the note was removed meanwhile")
    return document(_document(note._replace(written_at=written_at)), 201)


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "GET",
        NOTES_PATH,
        list_notes,
        "Notes about a player",
        {200: NotesSchema},
        query=ListQuerySchema,
        permission="players.read",
        problems=(404,),
    ),
    Route(
        "POST",
        NOTES_PATH,
        add_note,
        "Write a note about a player",
        {201: NoteSchema},
        request=NewNoteSchema,
        permission="players.write",
        problems=(404,),
    ),
)


def _document(note: Note) -> dict[str, Any]:
    return {
        "note_id": note.note_id,
        "text": note.text,
        "written_by": note.written_by,
        "written_at": time_text(note.written_at),
    }
