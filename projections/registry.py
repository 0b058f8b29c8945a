"""Every projection there is. A new one needs its file, its tables, and its line here."""

from collections.abc import Sequence
from typing import Final

from projections.agents import Agents
from projections.audit_trail import AuditTrail
from projections.balances import Balances
from projections.cash_flow import CashFlow
from projections.checked_wallets import CheckedWallets
from projections.errors import UnknownProjection
from projections.player_finance import PlayerFinance
from projections.players import Players
from projections.projection import Projection
from projections.requests import Requests
from projections.rounds import Rounds
from projections.settings_history import SettingsHistory
from projections.staff import Staff
from projections.statements import Statements
from projections.timers import Timers
from projections.trial_balance import TrialBalances

READ_MODELS: Final[tuple[Projection, ...]] = (
    Balances(),
    Statements(),
    Rounds(),
    TrialBalances(),
    Players(),
    Requests(),
    CashFlow(),
    PlayerFinance(),
    AuditTrail(),
    SettingsHistory(),
    Agents(),
    Staff(),
    Timers(),
)
"""What people and programs read."""

PROJECTIONS: Final[tuple[Projection, ...]] = (*READ_MODELS, CheckedWallets())
"""All of them, the checker's account of wallets too."""


def projection_named(name: str, projections: Sequence[Projection] = PROJECTIONS) -> Projection:
    """The projection with that name. Raises :class:`projections.errors.UnknownProjection`."""
    for projection in projections:
        if projection.name == name:
            return projection
    raise UnknownProjection(name)
