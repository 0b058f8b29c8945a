"""Single values of our APIs: what passes, and what does not."""

from typing import Any

import pytest
from marshmallow import Schema, ValidationError, fields

from contracts.http import shapes
from contracts.http.games import check_launch_url


def load(field: fields.Field[Any], value: Any) -> Any:
    schema = Schema.from_dict({"value": field})
    return schema().load({"value": value})["value"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (shapes.line(5), ""),
        (shapes.line(5), "   "),
        (shapes.line(5), "123456"),
        (shapes.line(5), "a\nb"),
        (shapes.line(5), "a\u202eb"),
        (shapes.line(5), 5),
        (shapes.text(5), ""),
        (shapes.amount(), 5),
        (shapes.amount(), "1" * 41),
        (shapes.country(), "kr"),
        (shapes.country(), "KR\n"),
        (shapes.language(), "en\n"),
        (shapes.language(), "english please"),
        (shapes.moment(), "yesterday"),
        (shapes.moment(), "0001-01-01T00:00:00+14:00"),
        (shapes.moment(), "9999-12-31T23:59:59Z"),
        (shapes.email(), "nobody"),
        (shapes.one_of("a", "b"), "c"),
    ],
)
def test_refuses(field: fields.Field[Any], value: Any) -> None:
    with pytest.raises(ValidationError):
        load(field, value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (shapes.line(9), "김 민수"),
        (shapes.text(9), "two\nlines"),
        (shapes.amount(), "10.00"),
        (shapes.country(), "KR"),
        (shapes.language(), "pt-BR"),
        (shapes.email(), "kim@home.example"),
    ],
)
def test_takes(field: fields.Field[Any], value: Any) -> None:
    assert load(field, value) == value


def test_a_moment_without_an_offset_is_utc() -> None:
    assert load(shapes.moment(), "2026-11-23T12:00:00") == load(shapes.moment(), "2026-11-23T12:00:00Z")


@pytest.mark.parametrize(
    "url",
    ["https://g.example/{game}?t={token}&l={language}", "http://127.0.0.1:80/?{token}{player}{lobby_url}"],
)
def test_a_launch_address_has_known_placeholders(url: str) -> None:
    check_launch_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://g.example/{game}",
        "https://g.example/{token}{password}",
        "https://g.example/{token",
        "https://g.example/{token}}",
        "https://{token}.example/",
        "javascript:{token}",
        "//g.example/{token}",
        "https://g.example/{token} x",
    ],
)
def test_any_other_launch_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        check_launch_url(url)
