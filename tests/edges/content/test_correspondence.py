"""What is written to and about players: once, in their vault, and gone with them."""

import asyncio
from typing import Any

import pytest

from edges.content import inquiries, messages, notes
from edges.content.bulk_messages import BulkMessage, create, deliver, find, list_page
from edges.content.erasure import erase_player_content
from edges.content.inquiries import Wanted
from edges.identity.erasure import erase_person
from edges.identity.errors import InvalidPersonalData, UnknownPerson
from edges.identity.persons import Person
from edges.problems import Problem
from edges.tenancy import Connection
from tests.edges.content.conftest import House

TABLES = ("messages", "inquiries", "inquiry_replies", "player_notes", "personal_data", "personal_keys")


async def send(house: House, connection: Connection, person: Person, name: str = "m1", **texts: str) -> None:
    options = {"subject": f"About {name}", "body": "Dear Zebedee"} | texts
    await messages.send(
        connection,
        house.vault,
        person,
        message_id=name,
        subject=options["subject"],
        body=options["body"],
        sent_by="staff:s",
        now=house.now(),
    )


async def ask(house: House, connection: Connection, person: Person, name: str = "i1") -> None:
    await inquiries.open_inquiry(
        connection,
        house.vault,
        person,
        inquiry_id=name,
        subject=f"About {name}",
        body="I am Zebedee",
        now=house.now(),
    )


async def answer(house: House, connection: Connection, inquiry_id: str, name: str, **other: Any) -> None:
    options: dict[str, Any] = {"written_by": "staff:s", "player_id": None} | other
    await inquiries.reply(
        connection,
        house.vault,
        house.brand_id,
        inquiry_id,
        reply_id=name,
        body="Dear Zebedee",
        now=house.now(),
        **options,
    )


async def test_sending_again_changes_nothing(house: House) -> None:
    person = await house.player()
    async with house.inside() as connection:
        await send(house, connection, person)
        await send(house, connection, person, body="something else")
        (message,) = (await messages.inbox(connection, house.vault, person)).items
    assert (message.subject, message.body, message.sent_by) == ("About m1", "Dear Zebedee", "staff:s")


@pytest.mark.parametrize("body", ["", "x" * 4001])
async def test_a_text_that_the_vault_cannot_hold_is_refused(body: str, house: House) -> None:
    person = await house.player()
    with pytest.raises(InvalidPersonalData):
        async with house.inside() as connection:
            await send(house, connection, person, body=body)
    async with house.inside() as connection:
        assert (await messages.inbox(connection, house.vault, person)).items == []


async def test_staff_see_what_was_sent_deleted_or_not(house: House) -> None:
    ann, ben = await house.player(), await house.player()
    async with house.inside() as connection:
        await send(house, connection, ann, "m1")
        await send(house, connection, ben, "m2")
        await send(house, connection, ann, "m3")
        await messages.delete(connection, ann, "m3", house.now())
        everybody = await messages.list_sent(connection, house.vault, house.brand_id, limit=2)
        rest = await messages.list_sent(connection, house.vault, house.brand_id, cursor=everybody.next)
        of_ann = await messages.list_sent(connection, house.vault, house.brand_id, player_id=ann.subject_id)
    assert [(m.message_id, m.subject) for m in everybody.items] == [("m3", "About m3"), ("m2", "About m2")]
    assert [m.message_id for m in rest.items] == ["m1"]
    assert [(m.message_id, m.deleted_at is None) for m in of_ann.items] == [("m3", False), ("m1", True)]


async def test_a_bulk_message_tells_how_many_have_it_and_have_read_it(house: House) -> None:
    ann, ben = await house.player(), await house.player()
    async with house.inside() as connection:
        for name in ("b1", "b2"):
            bulk = BulkMessage(name, "News", "Text", "all", "staff:s", house.now())
            await create(connection, house.brand_id, bulk)
        await deliver(connection, house.brand_id, "b1", [ann.subject_id, ben.subject_id])
        await messages.mark_read(connection, ann, "b1", house.now())
        known = await find(connection, house.brand_id, "b1")
        page = await list_page(connection, house.brand_id)
        sent = await messages.list_sent(connection, house.vault, house.brand_id)
    assert known is not None
    assert (known.recipients, known.read_by) == (2, 1)
    assert [(bulk.bulk_id, bulk.recipients) for bulk in page.items] == [("b2", 0), ("b1", 2)]
    assert sent.items == []  # singles only


async def test_an_inquiry_knows_who_has_to_look_at_it(house: House) -> None:
    person = await house.player()
    async with house.inside() as connection:
        await ask(house, connection, person)
        assert await inquiries.count_unread(connection, house.brand_id) == 1
        await inquiries.note_read_by_staff(connection, house.brand_id, "i1")
        assert await inquiries.count_unread(connection, house.brand_id) == 0
        await answer(house, connection, "i1", "r1")
        await answer(house, connection, "i1", "r1")
        found = await inquiries.find(connection, house.vault, house.brand_id, "i1")
        assert found is not None
        replies = await inquiries.replies_of(connection, house.vault, house.brand_id, found)
        assert (found.status, found.unread_by_player, found.replies, found.changed_by) == (
            "answered",
            True,
            2,
            "staff:s",
        )
        assert [reply.written_by for reply in replies] == [f"player:{person.subject_id}", "staff:s"]
        by_player = {"written_by": f"player:{person.subject_id}", "player_id": person.subject_id}
        await answer(house, connection, "i1", "r2", **by_player)
        again = await inquiries.find(connection, house.vault, house.brand_id, "i1")
    assert again is not None
    assert (again.status, again.unread_by_staff, again.unread_by_player) == ("open", True, False)


async def test_staff_find_inquiries_by_player_status_and_whether_they_are_unread(house: House) -> None:
    ann, ben = await house.player(), await house.player()
    async with house.inside() as connection:
        await ask(house, connection, ann, "i1")
        await ask(house, connection, ben, "i2")
        await answer(house, connection, "i1", "r1")
        await inquiries.note_read_by_staff(connection, house.brand_id, "i1")
        await inquiries.close(connection, house.brand_id, "i2", "staff:s", house.now())

        async def found(wanted: Wanted) -> list[str]:
            page = await inquiries.list_page(connection, house.vault, house.brand_id, wanted)
            return [one.inquiry_id for one in page.items]

        assert await found(Wanted()) == ["i2", "i1"]
        assert await found(Wanted(player_id=ann.subject_id)) == ["i1"]
        assert await found(Wanted(status="closed")) == ["i2"]
        assert await found(Wanted(unread=True)) == []
        first = await inquiries.list_page(connection, house.vault, house.brand_id, Wanted(), limit=1)
        rest = await inquiries.list_page(connection, house.vault, house.brand_id, Wanted(), cursor=first.next)
        assert [one.subject for one in first.items + rest.items] == ["About i2", "About i1"]


async def test_closing_again_is_harmless_and_closing_nothing_is_refused(house: House) -> None:
    person = await house.player()
    async with house.inside() as connection:
        await ask(house, connection, person)
        for actor in ("staff:s", "staff:t"):
            await inquiries.close(connection, house.brand_id, "i1", actor, house.now())
        found = await inquiries.find(connection, house.vault, house.brand_id, "i1")
        assert found is not None
        assert (found.status, found.changed_by) == ("closed", "staff:s")
        with pytest.raises(Problem, match="no such inquiry"):
            await inquiries.close(connection, house.brand_id, "nothing", "staff:s", house.now())


async def test_replies_at_once_are_all_kept(house: House) -> None:
    person = await house.player()
    async with house.inside() as connection:
        await ask(house, connection, person)

    async def say(name: str) -> None:
        async with house.inside() as connection:
            await answer(house, connection, "i1", name)

    await asyncio.gather(*(say(f"r{number}") for number in range(6)))
    async with house.inside() as connection:
        found = await inquiries.find(connection, house.vault, house.brand_id, "i1")
    assert found is not None
    assert found.replies == 7


async def test_notes_are_for_staff_the_newest_first(house: House) -> None:
    person = await house.player()
    async with house.inside() as connection:
        for name in ("n1", "n2", "n1"):
            await notes.add(
                connection,
                house.vault,
                person,
                note_id=name,
                text=f"{name}: says he is Zebedee",
                written_by="staff:s",
                now=house.now(),
            )
        page = await notes.list_page(connection, house.vault, person)
        assert [note.text for note in page.items] == [
            "n2: says he is Zebedee",
            "n1: says he is Zebedee",
        ]
        assert await notes.remove(connection, house.vault, person, "n2") is True
        assert await notes.remove(connection, house.vault, person, "n2") is False
        left = await house.vault.read_one(connection, person, None)
    assert left == {"note:n1": "n1: says he is Zebedee"}


async def test_nothing_is_left_of_a_player_who_is_erased(house: House) -> None:
    gone, stays = await house.player(), await house.player()
    async with house.inside() as connection:
        for person, tail in ((gone, "a"), (stays, "b")):
            await send(house, connection, person, f"m{tail}")
            await ask(house, connection, person, f"i{tail}")
            await answer(house, connection, f"i{tail}", f"r{tail}")
            await notes.add(
                connection,
                house.vault,
                person,
                note_id=f"n{tail}",
                text="x",
                written_by="staff:s",
                now=house.now(),
            )
    async with house.inside() as connection:
        for _ in range(2):
            await erase_person(connection, house.vault, gone, house.now())
            await erase_player_content(connection, house.brand_id, gone.subject_id)
    for table in TABLES:
        async with house.inside() as connection:
            rows = await (
                await connection.execute(
                    f"SELECT t::text FROM {table} AS t WHERE brand_id = %s".encode(), (house.brand_id,)
                )
            ).fetchall()
        assert not [row for row in rows if gone.subject_id in row[0]], table
        assert [row for row in rows if stays.subject_id in row[0]], table


async def test_nothing_is_written_to_or_about_somebody_who_was_erased(house: House) -> None:
    person = await house.player()
    async with house.inside() as connection:
        await ask(house, connection, person)
        await erase_person(connection, house.vault, person, house.now())
    for write in (send, ask):
        with pytest.raises(UnknownPerson):
            async with house.inside() as connection:
                await write(house, connection, person, "new")
    with pytest.raises(UnknownPerson):
        async with house.inside() as connection:
            await answer(house, connection, "i1", "new")
    async with house.inside() as connection:
        assert await house.vault.read_one(connection, person, None) == {}


async def test_a_message_and_an_erasure_at_once_leave_nothing(house: House) -> None:
    person = await house.player()
    locked, erased = asyncio.Event(), asyncio.Event()

    async def erase() -> None:
        await locked.wait()
        async with house.inside() as connection:
            await erase_person(connection, house.vault, person, house.now())
            await erase_player_content(connection, house.brand_id, person.subject_id)
        erased.set()

    task = asyncio.create_task(erase())
    async with house.inside() as connection:
        await send(house, connection, person)
        locked.set()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(erased.wait()), 0.1)  # it waits for this transaction
    await task
    async with house.inside() as connection:
        assert await house.vault.read_one(connection, person, None) == {}
        assert (await messages.inbox(connection, house.vault, person)).items == []
