"""Recordings are read as a stream: one exchange a line, or HAR, whole or in pieces, and what is broken is located."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edges.parity.json_items import ItemsOfArray, TooLarge
from edges.parity.recordings import BadRecording, Exchange, read_recording

LINE = {
    "request": {"method": "post", "path": "/login?a=1", "headers": {"X-A": "b"}, "body": "mb_id=ann"},
    "response": {"status": 200, "headers": [["X-C", "d"]], "body": {"n": 1.50}},
}


def entry(**request: Any) -> dict[str, Any]:
    given = {"method": "GET", "url": "https://old.example/money?x=1", "headers": [], **request}
    return {"request": given, "response": {"status": 200, "headers": [], "content": {"text": "{}"}}}


def har(*entries: dict[str, Any]) -> str:
    pages = [{"title": 'a "log" of { [ entries', "entries": [1, 2]}]
    return json.dumps(
        {"log": {"version": "1.2", "creator": {"name": "entries"}, "pages": pages, "entries": entries}}
    )


def read(path: Path, text: str | bytes) -> list[Exchange]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [exchange for exchange, _ in read_recording(path)]


def test_reads_one_exchange_a_line(tmp_path: Path) -> None:
    found = read(tmp_path / "r.ndjson", f"{json.dumps(LINE)}\n\n{json.dumps(LINE)}")
    assert len(found) == 2
    exchange = found[0]
    assert (exchange.method, exchange.path, exchange.status) == ("POST", "/login?a=1", 200)
    assert exchange.request.header("x-a") == "b"
    assert exchange.request.body == b"mb_id=ann"
    assert (exchange.answer.headers, json.loads(exchange.answer.body)) == ((("X-C", "d"),), {"n": 1.5})


def test_reads_har(tmp_path: Path) -> None:
    posted = entry(
        method="POST",
        headers=[{"name": ":authority", "value": "old"}, {"name": "X-A", "value": "b"}],
        postData={"params": [{"name": "mb_id", "value": "ann lee"}]},
    )
    raw = entry(postData={"text": "raw"})
    raw["response"]["content"] = {"text": base64.b64encode(b"\xff\x00").decode(), "encoding": "base64"}
    first, second = read(tmp_path / "r.json", har(posted, raw))
    assert (first.path, first.request.headers, first.request.body) == (
        "/money?x=1",
        (("X-A", "b"),),
        b"mb_id=ann+lee",
    )
    assert (second.request.body, second.answer.body) == (b"raw", b"\xff\x00")
    assert read(tmp_path / "empty.har", har()) == []


def test_tells_how_far_it_has_come(tmp_path: Path) -> None:
    path = tmp_path / "r.ndjson"
    path.write_text(f"{json.dumps(LINE)}\n" * 3)
    places = [place for _, place in read_recording(path)]
    assert places == [path.stat().st_size // 3 * n for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", "line 1: is no exchange: KeyError"),
        (f"{json.dumps(LINE)}\nx", "line 2: is no exchange: JSONDecodeError"),
        ("[1]", "line 1: is no exchange: TypeError"),
        (b"\xff\xfe\xfa", "line 1: is no exchange"),
        ("[" * 100_000, "line 1: is no exchange"),
        (
            json.dumps({**LINE, "request": {"method": "GET /x", "path": "/"}}),
            "line 1: is no exchange: ValueError",
        ),
        (
            json.dumps({**LINE, "request": {"method": "GET", "path": "x"}}),
            "line 1: is no exchange: ValueError",
        ),
        (har(entry())[:-3], "after entry 1: the file ends before"),
        (har(entry(), {"request": {}}), "entry 2: is no exchange: KeyError"),
        ('{"log": {}}', "after entry 0: the file ends before"),
    ],
)
def test_a_broken_recording_is_located(text: str | bytes, expected: str, tmp_path: Path) -> None:
    with pytest.raises(BadRecording, match=expected):
        read(tmp_path / "r", text)


def test_what_is_in_a_broken_recording_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(BadRecording) as caught:
        read(tmp_path / "r", '{"request": "hunter2"}')
    assert "hunter2" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('ab"\\{}[],:é', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('ab"\\{[', max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    items=st.lists(st.dictionaries(st.text("abc", max_size=3), JSON, max_size=3), max_size=5),
    before=JSON,
    after=JSON,
    size=st.integers(1, 40),
    spaced=st.booleans(),
)
def test_finds_every_element_wherever_the_chunks_are_cut(
    items: list[Any], before: Any, after: Any, size: int, spaced: bool
) -> None:
    document = {"first": before, "log": {"other": after, "entries": items, "last": after}, "end": before}
    text = json.dumps(document, indent=1 if spaced else None).encode()
    reader = ItemsOfArray(("log", "entries"), 10_000)
    found = [item for at in range(0, len(text), size) for item in reader.feed(text[at : at + size])]
    assert [json.loads(item) for item in found] == items
    assert reader.ended


def test_holds_no_more_than_one_element() -> None:
    reader = ItemsOfArray(("log", "entries"), 1000)
    reader.feed(b'{"log": {"entries": [')
    for _ in range(100):
        assert len(reader.feed(b'{"a": "' + b"x" * 500 + b'"},')) == 1
    with pytest.raises(TooLarge):
        reader.feed(b'{"a": "' + b"x" * 1001)
