"""What is known of a modern document, from the schema of its route: which fields it has, and which it must have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema, fields

from edges.dialects.paths import Path
from edges.routes import Shape as RouteShape


@dataclass(frozen=True, slots=True)
class Shape:
    """``fields`` and ``items`` are None where nothing is known: then anything may be there."""

    fields: "Mapping[str, Shape] | None" = None
    items: "Shape | None" = None
    required: frozenset[str] = field(default=frozenset())

    def at(self, path: Path) -> "Shape | None":
        """The shape of what stands there; None where nothing can."""
        shape: Shape | None = self
        for segment in path:
            if shape is None:
                return None
            if segment.name.isdigit() and shape.items is not None:
                shape = shape.items
            elif shape.fields is not None:
                shape = shape.fields.get(segment.name)
            elif shape.items is not None:
                return None
            if shape is not None and segment.picked_by is not None:
                shape = shape.items if shape.items is not None else ANYTHING if shape.fields is None else None
        return shape


ANYTHING = Shape()
NOTHING = Shape(fields={})


def shape_of(shape: RouteShape | None) -> Shape:
    """Of a marshmallow schema or a JSON Schema; of no schema, nothing."""
    if shape is None:
        return NOTHING
    return _of_json_schema(shape) if isinstance(shape, Mapping) else _of_schema(shape())


def merged(shapes: list[Shape]) -> Shape:
    """What may stand in any of them."""
    if any(shape.fields is None for shape in shapes):
        return ANYTHING
    return Shape(fields={name: part for shape in shapes for name, part in (shape.fields or {}).items()})


def _of_schema(schema: Schema) -> Shape:
    found = {(given.data_key or name): _of_field(given) for name, given in schema.fields.items()}
    required = frozenset((given.data_key or name) for name, given in schema.fields.items() if given.required)
    shape = Shape(fields=found, required=required)
    return Shape(items=shape) if schema.many else shape


def _of_field(given: fields.Field[Any]) -> Shape:
    if isinstance(given, fields.Nested):
        return _of_schema(given.schema)
    if isinstance(given, fields.List):
        return Shape(items=_of_field(given.inner))
    if isinstance(given, fields.Dict | fields.Raw):
        return ANYTHING
    return Shape(fields={})


def _of_json_schema(schema: Mapping[str, Any]) -> Shape:
    if schema.get("type") == "array":
        return Shape(items=_of_json_schema(schema.get("items", {})))
    if "properties" not in schema:
        scalar = schema.get("type") in {"string", "integer", "number", "boolean"}
        return Shape(fields={}) if scalar else ANYTHING
    properties = {name: _of_json_schema(part) for name, part in schema["properties"].items()}
    return Shape(fields=properties, required=frozenset(schema.get("required", ())))
