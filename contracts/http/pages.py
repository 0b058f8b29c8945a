"""What every list of ours can be asked for."""

from typing import Final

from marshmallow import Schema, fields, validate

from contracts.http import shapes

LIMIT_MAX: Final = 200


class PageQuerySchema(Schema):
    """A page, or with ``format=csv`` the whole list as a file."""

    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=LIMIT_MAX))
    cursor = shapes.text(500, load_default=None, told="What the page before called next")
    format = shapes.one_of("json", "csv", load_default="json")
