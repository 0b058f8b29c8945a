"""What the handlers of the player edge find beside the parts that every edge has."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from edges.people.sign_up import SignUps
from edges.provider.sessions import Sessions


@dataclass(frozen=True, slots=True)
class PlayerServices:
    """``game_sessions``: what launch tokens stand for."""

    sign_ups: SignUps
    game_sessions: Sessions


SERVICES: Final = web.AppKey("SERVICES", PlayerServices)
