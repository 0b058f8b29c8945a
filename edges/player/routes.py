"""Every route of the player edge, on one page."""

from typing import Final

from edges.player import (
    auth,
    brand,
    deposits,
    games,
    inquiries,
    me,
    messages,
    notices,
    statements,
    wallets,
    withdrawals,
)
from edges.routes import Route

ROUTES: Final[tuple[Route, ...]] = (
    *auth.ROUTES,
    *me.ROUTES,
    *wallets.ROUTES,
    *statements.ROUTES,
    *deposits.ROUTES,
    *withdrawals.ROUTES,
    *messages.ROUTES,
    *inquiries.ROUTES,
    *brand.ROUTES,
    *notices.ROUTES,
    *games.ROUTES,
)
