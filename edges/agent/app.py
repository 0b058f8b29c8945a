"""The agent edge: composed of its routes and of whether an agent may come in."""

import time
from typing import Final

from aiohttp import web

from edges.agent.admission import ADMISSION, AgentAdmission
from edges.agent.routes import ROUTES
from edges.api.own_account import MAY_ENTER
from edges.api.parts import PARTS, Clock
from edges.api.people_app import people_app
from edges.process import Process

TITLE: Final = "Tongbo, agent edge"


def agent_app(process: Process, *, clock: Clock = time.time) -> web.Application:
    """The application of the agent edge. ``clock``: seconds since 1970."""
    app = people_app(process, "agent", TITLE, ROUTES, clock=clock)
    admission = AgentAdmission(app[PARTS].pool)
    app[ADMISSION] = admission
    app[MAY_ENTER] = admission.may_enter
    return app
