"""The agent edge. So far it tells of its brand."""

from typing import Final

from aiohttp import web

from edges.process import Process
from edges.public_brand import branded_app

TITLE: Final = "Tongbo, agent edge"


def agent_app(process: Process) -> web.Application:
    """The application of the agent edge."""
    return branded_app(process, TITLE)
