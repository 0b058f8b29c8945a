"""What the topics of the admin edge find in its application beside ``edges.api.parts``."""

from typing import Final

from aiohttp import web

from edges.admin.bulk_sender import BulkSender
from edges.people.agent_accounts import AgentAccounts
from edges.people.staff_accounts import StaffAccounts

STAFF: Final = web.AppKey("STAFF", StaffAccounts)
AGENTS: Final = web.AppKey("AGENTS", AgentAccounts)
BULK_SENDER: Final = web.AppKey("BULK_SENDER", BulkSender)
