"""Cursors are opaque, and only ours are taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.errors import InvalidCursor
from projections.pages import decode_cursor, encode_cursor


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.integers(-(2**63), 2**63 - 1))
def test_a_cursor_leads_back_to_its_place(text: str, number: int) -> None:
    assert decode_cursor(encode_cursor(text, number), (str, int)) == (text, number)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "!",
        "ä",
        "AAAA",
        encode_cursor("older"),
        encode_cursor(1, 2),
        encode_cursor("x\0", 1),
        encode_cursor("x", 2**63),
    ],
)
def test_refuses_a_cursor_of_somebody_else(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(cursor, (str, int))
