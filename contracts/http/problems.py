"""RFC 9457 problems, as every API of ours answers errors."""

from marshmallow import INCLUDE, Schema, fields


class ProblemSchema(Schema):
    """``code`` is stable; the error's facts are further members."""

    class Meta:
        unknown = INCLUDE

    type = fields.String(required=True, metadata={"description": "urn:tongbo:problem:<code>"})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True, metadata={"description": "Stable; branch on this"})
    retryable = fields.Boolean(metadata={"description": "Whether the same request may succeed later"})
