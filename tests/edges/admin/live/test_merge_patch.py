"""Patches are those of RFC 7396, and turn one document into the other."""

from typing import Any

import pytest
from hypothesis import given

from edges.admin.live.merge_patch import difference, patched
from tests.edges.admin.live.documents import DOCUMENTS


@given(DOCUMENTS, DOCUMENTS)
def test_a_difference_turns_one_document_into_the_other(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert patched(before, difference(before, after)) == after


@given(DOCUMENTS)
def test_equal_documents_differ_by_nothing(document: dict[str, Any]) -> None:
    assert difference(document, dict(document)) == {}


@pytest.mark.parametrize(
    ("document", "patch", "after"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": "f"}, {"a": {"bb": {"ccc": None}}}, {"e": "f", "a": {"bb": {}}}),
    ],
)
def test_patches_as_the_examples_of_the_rfc(
    document: dict[str, Any], patch: dict[str, Any], after: dict[str, Any]
) -> None:
    assert patched(document, patch) == after


def test_only_what_differs_is_told() -> None:
    before = {"deposits": {"pending": 1, "oldest_at": "x"}, "online": 3}
    after = {"deposits": {"pending": 0}, "online": 3}
    assert difference(before, after) == {"deposits": {"pending": 0, "oldest_at": None}}
