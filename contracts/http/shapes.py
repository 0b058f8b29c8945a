"""Single values as all our APIs take and tell them: texts with a bound, amounts, currencies, moments, languages."""

from datetime import UTC
from typing import Any, Final

from marshmallow import ValidationError, fields, validate

from contracts.money import MAX_AMOUNT_CHARS

LANGUAGE: Final = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"
COUNTRY: Final = "^[A-Z]{2}$"
YEARS: Final = range(1970, 9000)


class Pattern(validate.Regexp):
    """The whole text, without the line break that ``$`` lets pass."""

    def __call__(self, value: Any) -> Any:
        if self.regex.fullmatch(value) is None:
            raise ValidationError("String does not match expected pattern.")
        return value


def text(most: int, *, least: int = 1, told: str = "", **options: Any) -> fields.String:
    """``told``: what the name leaves open."""
    return fields.String(validate=validate.Length(min=least, max=most), **_described(told, options))


def line(most: int, *, told: str = "", **options: Any) -> fields.String:
    """One line of a text, with something in it."""
    bounds = validate.Length(min=1, max=most)
    return fields.String(validate=[bounds, _check_line], **_described(told, options))


def amount(told: str = "A decimal in main units", **options: Any) -> fields.String:
    """Digits and one point, never a number: no reader may round it."""
    bounds = validate.Length(min=1, max=MAX_AMOUNT_CHARS)
    return fields.String(validate=bounds, **_described(told, options))


def email(**options: Any) -> fields.Email:
    return fields.Email(validate=validate.Length(max=254), **options)


def currency(**options: Any) -> fields.String:
    return fields.String(validate=validate.Length(min=1, max=16), **_described("Code", options))


def language(**options: Any) -> fields.String:
    return fields.String(validate=Pattern(LANGUAGE), **_described("BCP 47 tag", options))


def country(**options: Any) -> fields.String:
    return fields.String(validate=Pattern(COUNTRY), **_described("ISO 3166-1 alpha-2", options))


def moment(told: str = "", **options: Any) -> fields.AwareDateTime:
    """ISO 8601; without an offset it is UTC."""
    return fields.AwareDateTime(
        format="iso", default_timezone=UTC, validate=_check_year, **_described(told, options)
    )


def one_of(*values: str, told: str = "", **options: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(values), **_described(told, options))


def _check_line(value: Any) -> None:
    if not value.isprintable() or not value.strip():
        raise ValidationError("Must be one line of printable text.")


def _check_year(value: Any) -> None:
    if value.year not in YEARS:
        raise ValidationError(f"Must be in a year from {YEARS.start} to {YEARS.stop - 1}.")


def _described(told: str, options: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"description": told}, **options} if told else options
