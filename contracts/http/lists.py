"""Lists that are read in pages only."""

from marshmallow import fields

from contracts.http.pages import PageQuerySchema


class ListQuerySchema(PageQuerySchema):
    class Meta:
        exclude = ("format",)


def next_page() -> fields.String:
    """The field beside ``items`` in every list."""
    return fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The cursor of the page after it; null on the last"},
    )
