"""What agents are told of themselves."""

from marshmallow import Schema, fields

from contracts.http import shapes


class AgentSelfSchema(Schema):
    """An agent's own account."""

    agent_id = fields.String(required=True)
    login = fields.String(required=True)
    code = fields.String(required=True, metadata={"description": "What players sign up with"})
    parent = fields.String(
        required=True, allow_none=True, metadata={"description": "The agent above; null at the top"}
    )
    level = fields.Integer(required=True, metadata={"description": "1 at the top"})
    brands = fields.List(
        fields.String(), required=True, metadata={"description": "Those that let the agent serve them"}
    )
    registered_at = shapes.moment(required=True)
    last_login_at = shapes.moment("The time before this one", required=True, allow_none=True)
