"""Array literals arrive as the values they were made of."""

import json
from typing import Any

import psycopg
from hypothesis import given
from hypothesis import strategies as st

from projections import columns
from tests.servers import Database


async def _arrives(database: Database, literal: str, kind: str) -> Any:
    async with await psycopg.AsyncConnection.connect(database.dsn("reader")) as connection:
        row = await (await connection.execute(f"select %s::{kind}[]", (literal,))).fetchone()
        assert row is not None
        return row[0]


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=20))
async def test_texts_arrive_whole_but_for_nul(shared_database: Database, values: list[str]) -> None:
    arrived = await _arrives(shared_database, columns.texts(values), "text")
    assert arrived == [value.replace("\0", "\ufffd") for value in values]


async def test_texts_that_look_like_syntax_arrive_whole(shared_database: Database) -> None:
    values = ['"', "\\", '","', "{}", "NULL", "", " ", "a,b", '\\"', "\n"]
    assert await _arrives(shared_database, columns.texts(values), "text") == values


@given(st.lists(st.integers(), max_size=20))
async def test_integers_of_any_size_arrive_whole(shared_database: Database, values: list[int]) -> None:
    assert await _arrives(shared_database, columns.integers(values), "numeric") == values


def test_a_short_text_is_its_own_key() -> None:
    assert columns.key("round-1") == "round-1"


def test_texts_too_long_for_an_index_have_short_and_different_keys() -> None:
    one, other = columns.key("x" * 5000 + "1"), columns.key("x" * 5000 + "2")
    assert one != other
    assert len(one) <= columns.MAX_KEY_CHARS


def test_a_key_has_no_nul() -> None:
    assert "\0" not in columns.key("a\0b")


async def test_no_text_at_all_arrives_as_null(shared_database: Database) -> None:
    values = [None, "null", "", 'a"b\\', None]
    assert await _arrives(shared_database, columns.optional_texts(values), "text") == values


_documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(codec="utf-8"), max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@given(st.lists(_documents, max_size=6))
async def test_documents_arrive_whole_but_for_nul(shared_database: Database, values: list[Any]) -> None:
    def without_nul(value: Any) -> Any:
        return json.loads(
            json.dumps(value).replace("\\\\", "\0").replace("\\u0000", "\\ufffd").replace("\0", "\\\\")
        )

    arrived = await _arrives(shared_database, columns.documents(values), "jsonb")
    assert arrived == [without_nul(value) for value in values]
