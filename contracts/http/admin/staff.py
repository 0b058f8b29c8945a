"""Staff, their rights, and the roles there are."""

from typing import Any, Final

from marshmallow import Schema, fields, validate

from contracts.http import shapes
from contracts.http.admin import wording
from contracts.http.lists import next_page
from contracts.http.pages import PageQuerySchema
from contracts.roles import EVERY_BRAND, ROLES

BRANDS_MAX: Final = 1000
LOGIN_TOLD: Final = "3 to 32 letters, digits and . _ - @"


def _roles(**options: Any) -> fields.List[Any]:
    """What they may do is the sum of what their roles may."""
    return fields.List(
        fields.String(validate=validate.OneOf(sorted(ROLES))),
        validate=validate.Length(min=1, max=len(ROLES)),
        **options,
    )


def _brands(**options: Any) -> fields.List[Any]:
    return fields.List(
        fields.String(validate=validate.Length(min=1, max=32)),
        validate=validate.Length(min=1, max=BRANDS_MAX),
        metadata={"description": f"Ids, or {EVERY_BRAND} alone for all brands, those to come included"},
        **options,
    )


class NewStaffSchema(Schema):
    login = shapes.text(32, least=3, required=True, told=LOGIN_TOLD)
    roles = _roles(required=True)
    brands = _brands(required=True)


class StaffRightsSchema(Schema):
    """What is not given stays as it is."""

    roles = _roles()
    brands = _brands()
    reason = wording.reason()


class StaffReasonSchema(Schema):
    reason = wording.reason()


class StaffQuerySchema(PageQuerySchema):
    login = shapes.text(32, told="How login names begin")
    role = shapes.one_of(*sorted(ROLES))
    brand = shapes.text(32, told="Of staff who work for it")
    enabled = fields.Boolean()


class StaffMemberSchema(Schema):
    """A member of staff. Of ``brands``, the caller is told those that the caller sees too."""

    staff_id = fields.String(required=True)
    login = fields.String(required=True, allow_none=True)
    roles = fields.List(fields.String(), required=True)
    brands = fields.List(fields.String(), required=True)
    enabled = fields.Boolean(required=True)
    must_change_password = fields.Boolean(required=True)
    created_at = shapes.moment(required=True, allow_none=True)
    last_login_at = shapes.moment(required=True, allow_none=True)


class StaffListSchema(Schema):
    items = fields.List(fields.Nested(StaffMemberSchema), required=True)
    next = next_page()


class GivenLoginSchema(Schema):
    """Told once. Repeating the request gives a new one while nobody has used this; null once somebody has."""

    login = fields.String(required=True)
    password = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Temporary: its owner has to choose another at the first login"},
    )


class GivenStaffLoginSchema(GivenLoginSchema):
    """The same of the secret for one-time codes. Null: the one from before stays."""

    staff_id = fields.String(required=True)
    totp_secret = fields.String(required=True, allow_none=True, metadata={"description": "Base32"})
    totp_uri = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "For the authenticator app, as text or QR code"},
    )


class RoleSchema(Schema):
    role = fields.String(required=True)
    permissions = fields.List(fields.String(), required=True)


class PermissionSchema(Schema):
    permission = fields.String(required=True)
    allows = fields.String(required=True)


class RolesSchema(Schema):
    """The matrix in ``contracts.roles``."""

    permissions = fields.List(fields.Nested(PermissionSchema), required=True)
    roles = fields.List(fields.Nested(RoleSchema), required=True)
