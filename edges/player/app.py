"""The player edge: composed of its routes, its services, and the legacy dialects that its brands speak."""

import time
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

from edges.api.own_account import MAY_ENTER
from edges.api.parts import PARTS, Clock
from edges.api.people_app import people_app
from edges.dialects.loader import dialect_directories, load_dialects
from edges.dialects.sessions import SealedSessions
from edges.dialects.speaking import add_dialects
from edges.people.sign_up import SignUps
from edges.player.admission import Admission
from edges.player.routes import ROUTES
from edges.player.services import SERVICES, PlayerServices
from edges.process import Process
from edges.provider.sessions import Sessions
from ledger.brand import Brand

TITLE: Final = "Tongbo, player edge"


def player_app(process: Process, *, clock: Clock = time.time) -> web.Application:
    """The application of the player edge. ``clock``: seconds since 1970.

    Raises :class:`edges.errors.ConfigurationError` for a dialect that cannot be spoken.
    """
    app = people_app(process, "player", TITLE, ROUTES, clock=clock)
    parts = app[PARTS]
    sign_ups = SignUps(parts)
    admission = Admission(parts, sign_ups)
    app[SERVICES] = PlayerServices(sign_ups, Sessions(parts.pool, clock=clock))
    app[MAY_ENTER] = admission.may_enter

    async def life(_app: web.Application) -> AsyncIterator[None]:
        await sign_ups.sweeping.open()
        yield
        await sign_ups.sweeping.close()

    async def brand_of_domain(request: web.Request) -> Brand | None:
        brand_id = parts.directory.brand_of_domain(request.host)
        known = None if brand_id is None else await parts.directory.brand(brand_id)
        return None if known is None else known.state

    app.cleanup_ctx.append(life)
    add_dialects(
        app,
        load_dialects(dialect_directories(process.settings.home), "player", ROUTES),
        ROUTES,
        brand_of=brand_of_domain,
        sessions=SealedSessions(
            "player",
            pool=parts.pool,
            tokens=parts.identity.tokens,
            sign_ins=parts.identity.sign_ins,
            secrets=process.secrets,
            may_enter=admission.may_enter,
            clock=clock,
        ),
        metrics=process.metrics,
    )
    return app
