"""Documented JSON shapes of the internal edge: brands, writers, wallets, calls to the ledger."""

from typing import Any, Final

import msgspec
from marshmallow import Schema, fields, validate

from contracts.commands import AnyCommand

COMPONENT: Final = "#/components/schemas/{name}"


class NewBrandSchema(Schema):
    """What begins a brand's log."""

    brand_id = fields.String(required=True, validate=validate.Length(min=2, max=32))
    name = fields.String(required=True, validate=validate.Length(min=1, max=100))
    currencies = fields.List(
        fields.String(validate=validate.Length(min=1, max=16)),
        required=True,
        validate=validate.Length(min=1, max=200),
        metadata={"description": "Codes; the main one first"},
    )


class BalanceSchema(Schema):
    """A wallet's pockets in ledger units of its currency."""

    cash = fields.Integer(required=True)
    bonus = fields.Integer(required=True)
    held = fields.Integer(required=True)


class RestrictionUnitsSchema(Schema):
    """A rule that keeps what can be withdrawn below what is there; ``amount`` in ledger units."""

    rule = fields.String(required=True)
    amount = fields.Integer(allow_none=True)
    count = fields.Integer(allow_none=True)
    reason = fields.String()


class WalletSchema(Schema):
    """A wallet as the ledger knows it, all its events durable. Amounts are ledger units."""

    wallet_id = fields.String(required=True)
    version = fields.Integer(required=True)
    balance = fields.Nested(BalanceSchema, required=True)
    currency = fields.String(required=True)
    max_stake = fields.Integer(required=True, allow_none=True)
    bets_blocked = fields.Boolean(required=True)
    withdrawals_blocked = fields.Boolean(required=True)
    closed = fields.Boolean(required=True)
    open_withdrawals = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    withdrawable = fields.Integer(
        required=True, metadata={"description": "The largest withdrawal that would be taken now"}
    )
    restrictions = fields.List(fields.Nested(RestrictionUnitsSchema), required=True)


class ReceiptSchema(Schema):
    """Proof that a command is durable."""

    command_id = fields.String(required=True)
    position = fields.Integer(required=True, metadata={"description": "In the brand's log"})
    aggregate_id = fields.String(required=True)
    version = fields.Integer(required=True, metadata={"description": "Of the aggregate"})
    recorded_us = fields.Integer(required=True, metadata={"description": "Microseconds since 1970-01-01 UTC"})
    type = fields.String(required=True, metadata={"description": "Such as BetPlaced/1"})
    event = fields.Dict(required=True)
    replayed = fields.Boolean(required=True, metadata={"description": "Processed before; the first answer"})


class FailureSchema(Schema):
    """Why one call of a request has no receipt."""

    code = fields.String(required=True)
    message = fields.String(required=True)
    retryable = fields.Boolean(required=True)
    facts = fields.Dict(required=True)
    balance = fields.Nested(BalanceSchema)


class AnswerSchema(Schema):
    """One of the three is given."""

    receipts = fields.List(fields.Nested(ReceiptSchema))
    wallet = fields.Nested(WalletSchema)
    error = fields.Nested(FailureSchema)


class AnswersSchema(Schema):
    """One answer per call, in the same order."""

    answers = fields.List(fields.Nested(AnswerSchema), required=True)


class LedBrandIntegrationSchema(Schema):
    """A brand's contract with one provider; the keys themselves are nowhere to be read."""

    name = fields.String(required=True)
    protocol = fields.String(required=True)
    key_ids = fields.List(fields.String(), required=True)


class LedBrandSchema(Schema):
    """A brand's settings. ``max_stake``: ledger units by currency."""

    brand_id = fields.String(required=True)
    name = fields.String(required=True)
    currencies = fields.List(fields.String(), required=True)
    domains = fields.List(fields.String(), required=True)
    max_stake = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    settings_version = fields.Integer(
        required=True,
        metadata={"description": "Changes of settings so far; what is expected of the next one"},
    )
    integrations = fields.List(fields.Nested(LedBrandIntegrationSchema), required=True)


class BrandsSchema(Schema):
    """Every brand led by this process."""

    brands = fields.List(fields.Nested(LedBrandSchema), required=True)


class WriterSchema(Schema):
    """What one writer does."""

    brand_id = fields.String(required=True)
    state = fields.String(
        required=True, validate=validate.OneOf(["leading", "standby", "recovering", "stopped"])
    )
    position = fields.Integer(required=True)
    pending = fields.Integer(required=True, metadata={"description": "Commands not answered yet"})
    checkpoint_position = fields.Integer(required=True)
    diverged = fields.String(allow_none=True, metadata={"description": "Why it must not lead"})


class WritersSchema(Schema):
    """Every writer of this process."""

    writers = fields.List(fields.Nested(WriterSchema), required=True)


class VersionSchema(Schema):
    """What runs here."""

    name = fields.String(required=True)
    version = fields.String(required=True)
    python = fields.String(required=True)


class MigrationSchema(Schema):
    """One file of the schema."""

    number = fields.Integer(required=True)
    name = fields.String(required=True)
    checksum = fields.String(required=True)
    applied = fields.Boolean(required=True)


class MigrationsSchema(Schema):
    """What this version brings, and what the database has."""

    migrations = fields.List(fields.Nested(MigrationSchema), required=True)


def command_schemas() -> tuple[dict[str, Any], dict[str, Any]]:
    """JSON Schema of any command (a reference by its ``type``), and the components it refers to."""
    (command,), components = msgspec.json.schema_components([AnyCommand], ref_template=COMPONENT)
    return command, components


def calls_schema() -> tuple[dict[str, Any], dict[str, Any]]:
    """JSON Schema of a request with calls, and the components it refers to."""
    command, components = command_schemas()
    call = {
        "type": "object",
        "description": "A group of commands, decided all or none; or a look at one wallet",
        "properties": {
            "commands": {"type": "array", "items": command, "maxItems": 100},
            "wallet_id": {"type": "string"},
        },
    }
    request = {
        "type": "object",
        "required": ["calls"],
        "properties": {"calls": {"type": "array", "items": call, "minItems": 1, "maxItems": 1024}},
    }
    return request, components
