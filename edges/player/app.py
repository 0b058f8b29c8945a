"""The player edge. So far it tells of its brand."""

from typing import Final

from aiohttp import web

from edges.process import Process
from edges.public_brand import branded_app

TITLE: Final = "Tongbo, player edge"


def player_app(process: Process) -> web.Application:
    """The application of the player edge."""
    return branded_app(process, TITLE)
