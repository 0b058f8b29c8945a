"""Fields that many requests of staff have in common: reasons, versions, how and under which reference money moves."""

from typing import Any, Final

from marshmallow import fields, validate

from contracts.http import shapes

REASON_CHARS: Final = 500
ID: Final = "^[A-Za-z0-9_.@-]{1,64}$"
NOT_BLANK: Final = r"(?s).*\S.*"
METHOD: Final = r"^[A-Za-z0-9][A-Za-z0-9 _.:/-]{0,63}$"
SIGNED_AMOUNT: Final = r"^-?[0-9]{1,24}(\.[0-9]{1,14})?$"


def reason() -> fields.String:
    """Why; it stays in the log for ever, so it must not tell who a player is."""
    return fields.String(
        required=True,
        validate=[validate.Length(min=1, max=REASON_CHARS), shapes.Pattern(NOT_BLANK)],
        metadata={"description": "Kept in the log for ever: no personal data"},
    )


def signed_amount() -> fields.String:
    """Of an adjustment."""
    return fields.String(
        required=True,
        validate=shapes.Pattern(SIGNED_AMOUNT),
        metadata={"description": "A decimal in main units; with a minus sign it takes away"},
    )


def expected_version() -> fields.Integer:
    """Of a request."""
    return fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=1, max=1_000_000),
        metadata={"description": "The version you have seen; if somebody was quicker, the answer is 409"},
    )


def method() -> fields.String:
    """How money came or goes."""
    return fields.String(
        required=True,
        validate=shapes.Pattern(METHOD),
        metadata={"description": "In the brand's own words, such as bank-transfer"},
    )


def reference() -> fields.String:
    """Of a payment."""
    return shapes.text(200, least=0, load_default="", told="The outside's own id of the payment")


def subject_id(**options: Any) -> fields.String:
    """An opaque id."""
    return fields.String(validate=shapes.Pattern(ID), **options)
