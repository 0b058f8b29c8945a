"""Brands, their settings with their history, and their integrations with providers."""

from typing import Any, Final

from marshmallow import Schema, fields, validate

from contracts.brand_settings import SETTING_NAMES
from contracts.http import shapes
from contracts.http.admin import wording
from contracts.http.lists import next_page
from contracts.http.pages import PageQuerySchema

BRAND_ID: Final = "^[a-z][a-z0-9-]{0,30}[a-z0-9]$"
CURRENCIES_MAX: Final = 50


class NewBrandSchema(Schema):
    brand_id = fields.String(
        required=True,
        validate=shapes.Pattern(BRAND_ID),
        metadata={"description": "2 to 32 lower-case letters, digits and dashes; never changes"},
    )
    name = shapes.text(100, required=True)
    currencies = fields.List(
        shapes.currency(),
        required=True,
        validate=validate.Length(min=1, max=CURRENCIES_MAX),
        metadata={"description": "The main one first"},
    )


class BrandListItemSchema(Schema):
    brand_id = fields.String(required=True)
    name = fields.String(required=True)
    currencies = fields.List(fields.String(), required=True)
    domains = fields.List(fields.String(), required=True)
    maintenance = fields.Boolean(required=True)


class BrandListSchema(Schema):
    """Those that the caller sees."""

    items = fields.List(fields.Nested(BrandListItemSchema), required=True)
    next = next_page()


class SettingChangeSchema(Schema):
    """From what to what, by whom, when and why."""

    value = fields.Raw(required=True, allow_none=True)
    previous = fields.Raw(required=True, allow_none=True)
    changed_at = shapes.moment(required=True)
    changed_by = fields.String(required=True)
    reason = fields.String(required=True)
    position = fields.Integer(required=True, metadata={"description": "Of the event in the brand's log"})


class SettingSchema(Schema):
    """A setting, and its last change; null while it has none."""

    name = fields.String(required=True)
    value = fields.Raw(required=True, allow_none=True)
    default = fields.Raw(required=True, allow_none=True)
    description = fields.String(required=True)
    changed = fields.Nested(SettingChangeSchema, required=True, allow_none=True)


class IntegrationSchema(Schema):
    """``key_ids``: one valid key, or two during a rotation, the newest last. The keys themselves are told nowhere."""

    integration = fields.String(required=True)
    protocol = fields.String(required=True)
    key_ids = fields.List(fields.String(), required=True)


class BrandSchema(Schema):
    brand_id = fields.String(required=True)
    version = fields.Integer(required=True, metadata={"description": "Of the settings: changes so far"})
    settings = fields.List(fields.Nested(SettingSchema), required=True)
    integrations = fields.List(fields.Nested(IntegrationSchema), required=True)


class IntegrationsSchema(Schema):
    items = fields.List(fields.Nested(IntegrationSchema), required=True)
    next = next_page()


class SettingsChangeSchema(Schema):
    """New values by setting; those not given stay. Their schema is at /settings-schema."""

    settings = fields.Dict(
        keys=fields.String(validate=validate.OneOf(SETTING_NAMES)),
        values=fields.Raw(allow_none=True),
        required=True,
        validate=validate.Length(min=1, max=len(SETTING_NAMES)),
    )
    expected_version = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=0, max=2**31 - 1),
        metadata={"description": "The version you have seen; somebody quicker is answered with 409"},
    )
    reason = wording.reason()


class SettingsChangedSchema(Schema):
    """The settings that were given, as they are now."""

    version = fields.Integer(required=True)
    settings = fields.Dict(keys=fields.String(), values=fields.Raw(allow_none=True), required=True)


class SettingHistorySchema(Schema):
    """The newest first."""

    items = fields.List(fields.Nested(SettingChangeSchema), required=True)
    next = next_page()


class SettingHistoryQuerySchema(PageQuerySchema):
    """A page."""


ANY_SCHEMA: Final[dict[str, Any]] = {"type": "object", "description": "JSON Schema"}
