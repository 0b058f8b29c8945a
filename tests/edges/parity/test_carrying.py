"""Values that were captured stand for the recorded ones in later requests, and for nothing else."""

import json
from typing import Any

from edges.parity.carrying import CARRIED_MAX, Carrying
from edges.parity.recordings import Exchange, Message
from edges.parity.rules import Capture

FORM = "application/x-www-form-urlencoded"
TOKEN = Capture("token", "body", "data.token")


def message(body: Any = b"", **headers: str) -> Message:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Message(tuple((name.replace("_", "-"), value) for name, value in headers.items()), content)


def request(path: str = "/", body: Any = b"", **headers: str) -> Exchange:
    return Exchange("POST", path, message(body, **headers), 200, message())


def carrying(old: str, new: str, capture: Capture = TOKEN) -> Carrying:
    made = Carrying()
    made.capture([capture], message({"data": {"token": old}}), message({"data": {"token": new}}))
    return made


def test_a_token_is_carried_to_wherever_it_was() -> None:
    found = carrying("old-token.1", "new/token=2").rewritten(
        request(
            "/x/old-token.1?token=old-token.1&a=1",
            b"say old-token.1, b",
            Authorization="Bearer old-token.1",
            Cookie="a=b; sid=old-token.1",
        )
    )
    assert found.path == "/x/new%2Ftoken%3D2?token=new%2Ftoken%3D2&a=1"
    assert found.request.body == b"say new/token=2, b"
    assert [value for _, value in found.request.headers] == ["Bearer new/token=2", "a=b; sid=new/token=2"]


def test_a_value_that_a_form_has_quoted_is_found_and_quoted_again() -> None:
    found = carrying("old/token+1", "new token=2").rewritten(
        request("/?t=old%2Ftoken%2B1", b"t=old%2Ftoken%2B1", Content_Type=FORM)
    )
    assert (found.path, found.request.body) == ("/?t=new+token%3D2", b"t=new+token%3D2")


def test_only_whole_values_are_replaced() -> None:
    original = request(body=b"xold-token.1 old-token.12 old-token.1-b old-token")
    assert carrying("old-token.1", "new").rewritten(original) == original


def test_a_short_value_is_carried_only_where_the_rule_says_so() -> None:
    original = request("/?page=17&no=17", b"no=17&page=17", Content_Type=FORM)
    assert carrying("17", "94").rewritten(original) == original
    to_field = Capture("no", "body", "data.token", ("no",))
    found = carrying("17", "94", to_field).rewritten(original)
    assert found.path == "/?page=17&no=94"
    assert found.request.body == b"no=94&page=17"


def test_a_number_in_json_stays_a_number() -> None:
    to_field = Capture("no", "body", "data.token", ("no",))
    found = carrying("17", "94", to_field).rewritten(
        request(body={"no": 17, "l": [{"no": "17", "page": 17}], "t": True})
    )
    assert json.loads(found.request.body) == {"no": 94, "l": [{"no": "94", "page": 17}], "t": True}


def test_headers_and_cookies_are_captured_too() -> None:
    made = Carrying()
    captures = [Capture("a", "header", "X-Token"), Capture("b", "cookie", "sid")]
    made.capture(
        captures,
        message(X_Token="old-header", Set_Cookie="sid=old-cookie; Path=/; HttpOnly"),
        message(X_Token="new-header", Set_Cookie="sid=new-cookie"),
    )
    found = made.rewritten(request(X_Token="old-header", Cookie="sid=old-cookie"))
    assert [value for _, value in found.request.headers] == ["new-header", "sid=new-cookie"]


def test_many_values_are_paired_in_their_order() -> None:
    made = Carrying()
    ids = Capture("no", "body", "list.*.no", ("no",))
    made.capture(
        [ids], message({"list": [{"no": 1}, {"no": 2}]}), message({"list": [{"no": "m-1"}, {"no": "m-2"}]})
    )
    assert json.loads(made.rewritten(request(body={"no": 2})).request.body) == {"no": "m-2"}


def test_a_second_login_takes_the_place_of_the_first() -> None:
    made = carrying("old-token", "new-token-1")
    made.capture(
        [TOKEN], message({"data": {"token": "old-token"}}), message({"data": {"token": "new-token-2"}})
    )
    assert made.rewritten(request(body=b"old-token")).request.body == b"new-token-2"


def test_is_bounded() -> None:
    made = Carrying()
    for number in range(CARRIED_MAX + 5):
        made.capture(
            [TOKEN],
            message({"data": {"token": f"old-{number:06}"}}),
            message({"data": {"token": f"new-{number:06}"}}),
        )
    assert len(list(made.values)) == 2 * CARRIED_MAX
    assert made.rewritten(request(body=b"old-000000")).request.body == b"old-000000"
    assert made.rewritten(request(body=b"old-000007")).request.body == b"new-000007"
