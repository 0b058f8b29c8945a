"""A body that fits a schema, made from the schema itself: whatever is required, with the first value that is taken."""

from typing import Any

from marshmallow import Schema, ValidationError, fields

BY_NAME: dict[str, list[Any]] = {
    "amount": ["10.00"],
    "category": ["acme-1"],
    "currency": ["EUR"],
    "currencies": [["EUR"]],
    "account": ["main"],
    "brands": [["acme"]],
    "integration": ["house"],
    "launch_url": ["https://games.example/{token}"],
    "login": ["somebody"],
    "max_stake": ["10.00"],
    "names": [{"en": "a name"}],
}
"""What a name leaves open to the schema, and a handler does not."""

TEXTS = ("some text", "word", "EUR", "en", "MT", "https://acme.example/x", "somebody@acme.example")
NUMBERS = (1, 0, 10, 100, 1000)


def sample_of(schema: type[Schema]) -> dict[str, Any]:
    """Raises ``LookupError`` for a schema that this file has yet to learn to fill."""
    known = schema()
    required = {name: _value(name, field) for name, field in known.fields.items() if field.required}
    others = {name: _value(name, field) for name, field in known.fields.items() if not field.required}
    for sample in (required, *({**required, name: value} for name, value in others.items())):
        if not known.validate(sample):
            return sample
    raise LookupError(f"{schema.__name__}: {known.validate(required)}")


def _value(name: str, field: fields.Field[Any]) -> Any:
    for value in [*BY_NAME.get(name, ()), *_candidates(field)]:
        try:
            field.deserialize(value)
        except ValidationError:
            continue
        return value
    return None


def _candidates(field: fields.Field[Any]) -> list[Any]:
    if isinstance(field, fields.Nested):
        return [sample_of(type(field.schema))]
    if isinstance(field, fields.List):
        item = _value("", field.inner)
        return [[item], []]
    if isinstance(field, fields.Dict):
        keys = [*(_choices(field.key_field) if field.key_field else ()), *TEXTS]
        return [{key: "x"} for key in keys]
    if isinstance(field, fields.Boolean):
        return [True]
    if isinstance(field, fields.Number):
        return list(NUMBERS)
    if isinstance(field, fields.DateTime):
        return ["2030-01-01T00:00:00Z"]
    return [*_choices(field), *TEXTS]


def _choices(field: fields.Field[Any]) -> list[Any]:
    return [choice for validator in field.validators for choice in getattr(validator, "choices", ())]
