"""What moved, day by day: of the brand, and of one player."""

from marshmallow import fields

from contracts.http import shapes
from contracts.http.pages import PageQuerySchema


class DaysQuerySchema(PageQuerySchema):
    """Business days, both included; the newest first."""

    day_from = fields.Date(load_default=None)
    day_to = fields.Date(load_default=None)
    currency = shapes.currency(load_default=None)
