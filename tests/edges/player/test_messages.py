"""The inbox, and what a player asks staff: seen by the player only, written once."""

import pytest

from edges.content import bulk_messages, inquiries, messages
from edges.content.bulk_messages import BulkMessage
from edges.tenancy import in_brand
from tests.edges.api.running import Someone
from tests.edges.player.house import BRAND, House


async def send(house: House, player: Someone, subject: str = "Welcome") -> str:
    message_id = house.new_login()
    house.people.clock.now_s += 1
    async with in_brand(house.parts.pool, BRAND) as connection:
        await messages.send(
            connection,
            house.parts.identity.vault,
            player.person,
            message_id=message_id,
            subject=subject,
            body="Dear Kim",
            sent_by="staff:s",
            now=house.parts.now(),
        )
    return message_id


async def test_the_inbox_shows_the_newest_first_and_how_many_are_unread(house: House) -> None:
    player = await house.player()
    first, second = await send(house, player, "one"), await send(house, player, "two")
    inbox = (await house.ask("GET", "/messages", player)).content
    assert [item["message_id"] for item in inbox["items"]] == [second, first]
    assert (inbox["unread"], inbox["next"]) == (2, None)
    assert inbox["items"][0].keys() == {"message_id", "subject", "body", "sent_at", "read_at"}
    assert (inbox["items"][0]["subject"], inbox["items"][0]["body"]) == ("two", "Dear Kim")
    page = (await house.ask("GET", "/messages?limit=1", player)).content
    rest = (await house.ask("GET", f"/messages?cursor={page['next']}", player)).content
    assert [item["message_id"] for item in rest["items"]] == [first]


async def test_a_message_is_read_and_deleted_by_its_player_only(house: House) -> None:
    player, other = await house.player(), await house.player()
    message_id = await send(house, player)
    for method, path in (("POST", f"/messages/{message_id}/read"), ("DELETE", f"/messages/{message_id}")):
        foreign = await house.ask(method, path, other)
        unknown = await house.ask(method, path.replace(message_id, "nothing"), other)
        assert foreign.status == unknown.status == 404
        assert foreign.content == unknown.content
    read = await house.ask("POST", f"/messages/{message_id}/read", player)
    assert (read.status, read.content["read_at"] is not None) == (200, True)
    again = await house.ask("POST", f"/messages/{message_id}/read", player)
    assert again.content == read.content
    assert (await house.ask("GET", "/messages", player)).content["unread"] == 0
    key = house.new_login()
    for _ in range(2):
        assert (await house.ask("DELETE", f"/messages/{message_id}", player, key=key)).status == 204
    assert (await house.ask("GET", "/messages", player)).content["items"] == []
    assert (await house.ask("POST", f"/messages/{message_id}/read", player)).status == 404


async def test_a_bulk_message_is_in_every_inbox_once(house: House) -> None:
    players = [await house.player(), await house.player()]
    house.people.clock.now_s += 1
    bulk = BulkMessage(house.new_login(), "News", "For all", "everybody", "staff:s", house.parts.now())
    async with in_brand(house.parts.pool, BRAND) as connection:
        await bulk_messages.create(connection, BRAND, bulk)
        ids = [player.id for player in players]
        assert await bulk_messages.deliver(connection, BRAND, bulk.bulk_id, ids) == 2
        assert await bulk_messages.deliver(connection, BRAND, bulk.bulk_id, ids) == 0
    for player in players:
        (message,) = (await house.ask("GET", "/messages", player)).content["items"]
        assert (message["subject"], message["body"]) == ("News", "For all")
    await house.ask("POST", f"/messages/{bulk.bulk_id}/read", players[0])
    assert (await house.ask("GET", "/messages", players[1])).content["unread"] == 1


async def test_an_inquiry_goes_back_and_forth(house: House) -> None:
    player, key = await house.player(), house.new_login()
    question = {"subject": "Where is my money?", "body": "It left on Monday."}
    asked, again = [await house.ask("POST", "/inquiries", player, json=question, key=key) for _ in range(2)]
    assert (asked.status, again.content) == (201, asked.content)
    inquiry_id = asked.content["inquiry_id"]
    assert (asked.content["status"], asked.content["unread"]) == ("open", False)
    assert [reply["body"] for reply in asked.content["replies"]] == ["It left on Monday."]
    await answer(house, inquiry_id, "Which bank?")
    (listed,) = (await house.ask("GET", "/inquiries", player)).content["items"]
    assert (listed["status"], listed["unread"], listed["subject"]) == (
        "answered",
        True,
        "Where is my money?",
    )
    shown = (await house.ask("GET", f"/inquiries/{inquiry_id}", player)).content
    assert [(reply["written_by"], reply["body"]) for reply in shown["replies"]] == [
        ("player", "It left on Monday."),
        ("staff", "Which bank?"),
    ]
    assert "staff:s" not in str(shown)
    assert (await house.ask("GET", f"/inquiries/{inquiry_id}", player)).content["unread"] is False
    key, path = house.new_login(), f"/inquiries/{inquiry_id}/replies"
    house.people.clock.now_s += 1
    said, again = [await house.ask("POST", path, player, json={"body": "First"}, key=key) for _ in range(2)]
    assert (said.status, again.content) == (201, said.content)
    assert (said.content["status"], len(said.content["replies"])) == ("open", 3)


async def test_a_closed_inquiry_takes_no_more_replies(house: House) -> None:
    player = await house.player()
    asked = await house.ask("POST", "/inquiries", player, json={"subject": "A", "body": "B"})
    inquiry_id = asked.content["inquiry_id"]
    async with in_brand(house.parts.pool, BRAND) as connection:
        await inquiries.close(connection, BRAND, inquiry_id, "staff:s", house.parts.now())
    refused = await house.ask("POST", f"/inquiries/{inquiry_id}/replies", player, json={"body": "C"})
    assert (refused.status, refused.content["code"]) == (409, "inquiry_closed")


async def test_so_many_inquiries_may_be_open_and_no_more(house: House) -> None:
    player = await house.player()
    question = {"subject": "A", "body": "B"}
    for _ in range(inquiries.NOT_CLOSED_MAX):
        assert (await house.ask("POST", "/inquiries", player, json=question)).status == 201
    refused = await house.ask("POST", "/inquiries", player, json=question)
    assert (refused.status, refused.content["code"]) == (422, "too_many_inquiries")


async def test_anothers_inquiry_is_as_unknown_as_none(house: House) -> None:
    mine, theirs = await house.player(), await house.player()
    asked = await house.ask("POST", "/inquiries", theirs, json={"subject": "A", "body": "B"})
    inquiry_id = asked.content["inquiry_id"]
    for method, path, content in (
        ("GET", "/inquiries/{}", None),
        ("POST", "/inquiries/{}/replies", {"body": "C"}),
    ):
        foreign = await house.ask(method, path.format(inquiry_id), mine, json=content)
        unknown = await house.ask(method, path.format("nothing"), mine, json=content)
        assert foreign.status == unknown.status == 404
        assert foreign.content == unknown.content


@pytest.mark.parametrize(
    "content",
    [{"subject": "", "body": "B"}, {"subject": "A"}, {"subject": "A\nB", "body": "B"}, {"body": "B" * 4001}],
)
async def test_refuses_what_is_no_question(content: dict[str, str], house: House) -> None:
    player = await house.player()
    answered = await house.ask("POST", "/inquiries", player, json={"subject": "A"} | content)
    assert (answered.status, answered.content["code"]) == (400, "invalid_request")


async def answer(house: House, inquiry_id: str, body: str) -> None:
    """By staff, a second later."""
    house.people.clock.now_s += 1
    async with in_brand(house.parts.pool, BRAND) as connection:
        await inquiries.reply(
            connection,
            house.parts.identity.vault,
            BRAND,
            inquiry_id,
            reply_id=house.new_login(),
            body=body,
            written_by="staff:s",
            now=house.parts.now(),
        )
