"""What staff and players write to each other; the same text to many goes out in pieces, and goes on after a crash."""

from typing import Any
from uuid import uuid4

import pytest

from contracts.commands.player import BlockPlayer, ErasePlayer, RegisterPlayer
from edges.admin.bulk_sender import BulkSender
from edges.content import bulk_deliveries, inquiries, messages
from edges.content.bulk_deliveries import AT_ONCE, Recipients, begin, deliver_piece
from edges.content.bulk_messages import BulkMessage
from edges.identity.persons import Person
from edges.tenancy import in_brand
from tests.edges.admin.desk import BRAND, Desk
from tests.edges.api.running import Someone
from tests.eventually import eventually


@pytest.fixture
async def support(desk: Desk) -> Someone:
    return await desk.people.add_staff("support")


async def inquiry_of(desk: Desk, player: Someone, subject: str = "Where is it?") -> str:
    """Opened by the player."""
    parts, inquiry_id = desk.people.parts, uuid4().hex[:24]
    async with in_brand(parts.pool, BRAND) as connection:
        await inquiries.open_inquiry(
            connection,
            parts.identity.vault,
            Person(BRAND, "player", player.id),
            inquiry_id=inquiry_id,
            subject=subject,
            body="My money?",
            now=parts.now(),
        )
    return inquiry_id


async def inbox_of(desk: Desk, player_id: str) -> list[str]:
    parts, person = desk.people.parts, Person(BRAND, "player", player_id)
    async with in_brand(parts.pool, BRAND) as connection:
        page = await messages.inbox(connection, parts.identity.vault, person)
    return [message.subject for message in page.items]


class CrashError(Exception):
    """The process ends within a transaction."""


# --- inquiries


async def test_an_inquiry_is_read_answered_and_closed(desk: Desk, support: Someone) -> None:
    player = await desk.player()
    inquiry_id = await inquiry_of(desk, player)
    (one,) = (await desk.ask("GET", f"/inquiries?unread=true&player_id={player.id}", support)).content[
        "items"
    ]
    assert (one["subject"], one["login"], one["status"], one["unread"]) == (
        "Where is it?",
        player.login,
        "open",
        True,
    )
    path = f"/inquiries/{inquiry_id}"
    assert (await desk.ask("GET", path, support)).content["unread"]
    assert not (await desk.ask("POST", f"{path}/read", support)).content["unread"]
    desk.people.clock.now_s += 1
    answers = [
        await desk.ask("POST", f"{path}/answer", support, {"body": "On its way."}, key=inquiry_id)
        for _ in range(2)
    ]
    answered = answers[1]
    assert [answer.status for answer in answers] == [200, 200]
    said = [(reply["written_by"], reply["body"]) for reply in answered.content["conversation"]]
    assert said == [(player.actor, "My money?"), (support.actor, "On its way.")]
    assert answered.content["status"] == "answered"
    closed = await desk.ask("POST", f"{path}/close", support)
    assert (closed.status, closed.content["status"]) == (200, "closed")
    late = await desk.ask("POST", f"{path}/answer", support, {"body": "One more thing."})
    assert (late.status, late.content["code"]) == (409, "inquiry_closed")


async def test_an_inquiry_is_closed_with_its_answer(desk: Desk, support: Someone) -> None:
    path = f"/inquiries/{await inquiry_of(desk, await desk.player())}/answer"
    answered = await desk.ask("POST", path, support, {"body": "Done.", "close": True}, key=path)
    assert (answered.content["status"], answered.content["replies"]) == ("closed", 2)
    again = await desk.ask("POST", path, support, {"body": "Done.", "close": True}, key=path)
    assert again.content["replies"] == 2


async def test_inquiries_are_for_those_who_may_see_them_in_their_brand(desk: Desk, support: Someone) -> None:
    inquiry_id = await inquiry_of(desk, await desk.player())
    assert (await desk.ask("GET", f"/inquiries/{inquiry_id}", support, brand="other")).status == 404
    for role, path in (("auditor", "/inquiries"), ("risk", f"/inquiries/{inquiry_id}")):
        refused = await desk.ask("GET", path, await desk.people.add_staff(role))
        assert (refused.status, refused.content["permission"]) == (403, "messages.read")
    lead = await desk.people.add_staff("finance_lead")
    refused = await desk.ask("POST", f"/inquiries/{inquiry_id}/answer", lead, {"body": "x"})
    assert (refused.status, refused.content["permission"]) == (403, "messages.write")
    lines = (await desk.ask("GET", "/inquiries?format=csv", lead)).content.splitlines()
    assert inquiry_id in "".join(lines)


# --- messages


async def test_a_message_arrives_once(desk: Desk, support: Someone) -> None:
    player = await desk.player()
    body = {"player_id": player.id, "subject": "Welcome", "body": "Hello Ada."}
    sent = [await desk.ask("POST", "/messages", support, body, key=player.id) for _ in range(2)]
    assert (sent[0].status, sent[0].content["subject"]) == (201, "Welcome")
    assert sent[0].content == sent[1].content
    assert await inbox_of(desk, player.id) == ["Welcome"]
    listed = (await desk.ask("GET", f"/messages?player_id={player.id}", support)).content["items"]
    assert [message["message_id"] for message in listed] == [sent[0].content["message_id"]]


@pytest.mark.parametrize(
    "change", [{"player_id": "nobody"}, {"subject": ""}, {"subject": "a\nb"}, {"body": "x" * 4001}]
)
async def test_a_message_that_cannot_be_is_refused(
    desk: Desk, support: Someone, change: dict[str, str]
) -> None:
    body = {"player_id": (await desk.player()).id, "subject": "Welcome", "body": "Hello."} | change
    assert (await desk.ask("POST", "/messages", support, body)).status in {400, 404}


# --- the same text to many


async def many_players(desk: Desk, count: int, prefix: str) -> list[str]:
    """Registered in few groups; without logins."""
    ids = [f"{prefix}{n:05d}" for n in range(count)]
    for start in range(0, count, 100):
        await desk.people.execute(
            BRAND,
            *(
                RegisterPlayer(
                    command_id=f"test/{player_id}", player_id=player_id, status="active", policy="open"
                )
                for player_id in ids[start : start + 100]
            ),
        )
    return ids


async def test_a_bulk_message_reaches_all_it_is_for_and_tells_how_far_it_is(
    desk: Desk, support: Someone
) -> None:
    agent = await desk.people.add_agent(BRAND)
    players = [await desk.player() for _ in range(3)]
    for player in players[:2]:
        body = {"agent_id": agent.id, "reason": "x"}
        await desk.ask("PUT", f"/players/{player.id}/agent", support, body)
    bulk = {"subject": "News", "body": "To you.", "recipients": {"agent_id": agent.id}}
    sent = await desk.ask("POST", "/bulk-messages", support, bulk, key=agent.id)
    again = await desk.ask("POST", "/bulk-messages", support, bulk, key=agent.id)
    assert (sent.status, again.status) == (202, 202)
    assert sent.content["bulk_id"] == again.content["bulk_id"]
    assert sent.content["audience"] == f"all active players of agent {agent.id}"
    path = f"/bulk-messages/{sent.content['bulk_id']}"

    async def finished() -> bool:
        return bool((await desk.ask("GET", path, support)).content["state"] == "sent")

    await eventually(finished)
    shown = (await desk.ask("GET", path, support)).content
    assert (shown["delivered"], shown["read_by"]) == (2, 0)
    assert [await inbox_of(desk, player.id) for player in players] == [["News"], ["News"], []]
    listed = (await desk.ask("GET", "/bulk-messages", support)).content["items"]
    assert listed[0]["bulk_id"] == sent.content["bulk_id"]


async def test_a_bulk_message_to_named_players_leaves_out_who_is_gone(desk: Desk, support: Someone) -> None:
    one, gone = await desk.player(), await desk.player()
    erase = ErasePlayer(command_id=f"test/e-{gone.id}", player_id=gone.id, reason="x", actor="cli")
    await desk.people.execute(BRAND, erase)
    recipients = {"player_ids": [one.id, gone.id, "nobody", one.id]}
    bulk = {"subject": "News", "body": "To you.", "recipients": recipients}
    sent = await desk.ask("POST", "/bulk-messages", support, bulk)

    async def finished() -> bool:
        shown = await desk.ask("GET", f"/bulk-messages/{sent.content['bulk_id']}", support)
        return bool(shown.content["state"] == "sent" and shown.content["delivered"] == 1)

    await eventually(finished)
    assert await inbox_of(desk, one.id) == ["News"]
    assert await inbox_of(desk, gone.id) == []


async def test_a_delivery_that_was_interrupted_goes_on_and_doubles_nothing(desk: Desk) -> None:
    ids = await many_players(desk, AT_ONCE + 20, "many-")
    block = BlockPlayer(command_id="test/b-many", player_id=ids[3], reason="x", actor="cli")
    await desk.people.execute(BRAND, block)
    parts = desk.people.parts
    now = parts.now()
    bulk = BulkMessage("bulk-of-a-crash", "News", "To you.", "some", "staff:s", now)

    async def deliver_and_crash() -> None:
        async with in_brand(parts.pool, BRAND) as connection:
            assert await deliver_piece(connection, BRAND, now)
            raise CrashError

    async with in_brand(parts.pool, BRAND) as connection:
        await begin(connection, BRAND, bulk, Recipients(player_ids=ids))
        assert await deliver_piece(connection, BRAND, now)
    with pytest.raises(CrashError):
        await deliver_and_crash()
    async with in_brand(parts.pool, BRAND) as connection:
        progress = (await bulk_deliveries.progress_of(connection, BRAND, [bulk.bulk_id]))[bulk.bulk_id]
    assert progress.delivered >= AT_ONCE  # the edge's own sender may be at it, too
    await BulkSender(parts).deliver_all()
    async with in_brand(parts.pool, BRAND) as connection:
        progress = (await bulk_deliveries.progress_of(connection, BRAND, [bulk.bulk_id]))[bulk.bulk_id]
    assert progress.delivered == len(ids)
    assert progress.finished_at is not None
    for player_id in (ids[0], ids[3], ids[-1]):
        assert await inbox_of(desk, player_id) == ["News"]


async def test_a_bulk_message_without_recipients_or_right_is_refused(desk: Desk, support: Someone) -> None:
    bulk: dict[str, Any] = {"subject": "News", "body": "To you.", "recipients": {"player_ids": []}}
    assert (await desk.ask("POST", "/bulk-messages", support, bulk)).status == 400
    bulk["recipients"] = {"agent_id": "nobody"}
    unknown = await desk.ask("POST", "/bulk-messages", support, bulk)
    assert (unknown.status, unknown.content["code"]) == (404, "unknown_agent")
    content = await desk.people.add_staff("content")
    bulk["recipients"] = {}
    refused = await desk.ask("POST", "/bulk-messages", content, bulk)
    assert (refused.status, refused.content["permission"]) == (403, "messages.write")
    assert (await desk.ask("GET", "/bulk-messages/nothing", support)).status == 404
