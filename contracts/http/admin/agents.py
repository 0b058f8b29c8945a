"""Agents: their tree, their logins, and which brands they may serve."""

from typing import Any, Final

from marshmallow import Schema, fields

from contracts.http import shapes
from contracts.http.admin import wording
from contracts.http.admin.staff import LOGIN_TOLD, GivenLoginSchema
from contracts.http.lists import next_page
from contracts.http.pages import PageQuerySchema

AGENT_ID_CHARS: Final = 64
CODE: Final = "^[A-Za-z0-9_-]{3,32}$"
TOP: Final = "top"


def _code(**options: Any) -> fields.String:
    return fields.String(
        validate=shapes.Pattern(CODE), metadata={"description": "What players sign up with"}, **options
    )


class NewAgentSchema(Schema):
    login = shapes.text(32, least=3, required=True, told=LOGIN_TOLD)
    code = _code(required=True)
    parent = shapes.text(AGENT_ID_CHARS, load_default=None, allow_none=True, told="Null: at the top")


class AgentMoveSchema(Schema):
    parent = shapes.text(AGENT_ID_CHARS, required=True, allow_none=True, told="Null: to the top")
    reason = wording.reason()


class AgentReasonSchema(Schema):
    reason = wording.reason()


class AgentQuerySchema(PageQuerySchema):
    """All conditions together."""

    parent = shapes.text(AGENT_ID_CHARS, told=f"Those right below this agent; {TOP}: those at the top")
    under = shapes.text(AGENT_ID_CHARS, told="Those below this agent, at any depth")
    level = fields.Integer(strict=False, metadata={"description": "1 is the top"})
    brand = shapes.text(32, told="Those who may serve it")
    code = shapes.text(32, told="How codes begin")
    blocked = fields.Boolean()


class AgentSchema(Schema):
    """An agent. Of ``brands``, the caller is told those that the caller sees too; so it is with the parent."""

    agent_id = fields.String(required=True)
    login = fields.String(required=True, allow_none=True)
    code = fields.String(required=True)
    parent = fields.String(required=True, allow_none=True)
    level = fields.Integer(required=True)
    below = fields.Integer(required=True, metadata={"description": "Agents below, at any depth"})
    blocked = fields.String(required=True, allow_none=True, metadata={"description": "Why"})
    brands = fields.List(fields.String(), required=True)
    must_change_password = fields.Boolean(required=True)
    created_at = shapes.moment(required=True, allow_none=True)
    last_login_at = shapes.moment(required=True, allow_none=True)


class AgentsSchema(Schema):
    """In the order of the tree: each agent, then those below."""

    items = fields.List(fields.Nested(AgentSchema), required=True)
    next = next_page()


class GivenAgentLoginSchema(GivenLoginSchema):
    agent_id = fields.String(required=True)
