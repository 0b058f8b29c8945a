"""Every write is done once: its key gives the ids of what it makes."""

import asyncio

from tests.edges.api.conftest import SmallEdge

WISH = {"text": "a wish"}


async def test_a_write_without_a_usable_key_is_refused(edge: SmallEdge) -> None:
    token = await edge.token()
    for key in (None, "", " " * 201, "x" * 201):
        headers = {} if key is None else {"Idempotency-Key": key}
        status, found = await edge.ask("POST", "/api/v1/wishes", token, headers=headers, json=WISH)
        assert (status, found["code"]) == (400, "idempotency_key_required")


async def test_the_same_request_makes_the_same_ids_each_time(edge: SmallEdge) -> None:
    token, headers = await edge.token(), {"Idempotency-Key": "first"}
    answers = [await edge.ask("POST", "/api/v1/wishes", token, headers=headers, json=WISH) for _ in range(3)]
    assert answers[0][0] == 201
    assert answers[0] == answers[1] == answers[2]
    made = answers[0][1]
    assert len(made["id"]) == 24
    assert made["command"] == f"api/{made['id']}/do"
    assert made["another"] != made["id"]


async def test_a_key_is_the_callers_own(edge: SmallEdge) -> None:
    headers = {"Idempotency-Key": "shared"}
    one = await edge.ask("POST", "/api/v1/wishes", await edge.token(), headers=headers, json=WISH)
    two = await edge.ask(
        "POST", "/api/v1/wishes", await edge.token(), headers=headers, json={"text": "other"}
    )
    assert (one[0], two[0]) == (201, 201)
    assert one[1]["id"] != two[1]["id"]


async def test_the_same_key_for_another_request_is_refused(edge: SmallEdge) -> None:
    token, headers = await edge.token(), {"Idempotency-Key": "once"}
    assert (await edge.ask("POST", "/api/v1/wishes", token, headers=headers, json=WISH))[0] == 201
    status, found = await edge.ask("POST", "/api/v1/wishes", token, headers=headers, json={"text": "another"})
    assert (status, found["code"]) == (422, "idempotency_key_reused")
    status, found = await edge.ask("POST", "/api/v1/wishes?again=1", token, headers=headers, json=WISH)
    assert (status, found["code"]) == (422, "idempotency_key_reused")


async def test_of_two_requests_with_one_key_at_once_one_decides_what_it_means(edge: SmallEdge) -> None:
    token, headers = await edge.token(), {"Idempotency-Key": "race"}
    answers = await asyncio.gather(
        *(
            edge.ask("POST", "/api/v1/wishes", token, headers=headers, json={"text": f"wish {n % 2}"})
            for n in range(10)
        )
    )
    taken = [answer for status, answer in answers if status == 201]
    refused = [answer for status, answer in answers if status == 422]
    assert (len(taken), len(refused)) == (5, 5)
    assert len({answer["text"] for answer in taken}) == 1


async def test_a_write_that_is_refused_can_be_asked_for_again_with_the_same_key(edge: SmallEdge) -> None:
    token, headers = await edge.token(), {"Idempotency-Key": "refused"}
    for _ in range(2):
        status, found = await edge.ask("POST", "/api/v1/wishes", token, headers=headers, json={"text": ""})
        assert (status, found["code"]) == (400, "invalid_request")
