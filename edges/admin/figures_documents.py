"""Figures of finance as the API tells them."""

from typing import Any, Final

from edges.api.answers import amount_text
from projections.figures import Figures

AMOUNTS: Final = (
    "deposits", "withdrawals", "net_deposits", "adjustments_in", "adjustments_out", "transfers_in", "transfers_out",
    "stakes", "payouts", "jackpot", "promotional", "ggr",
)  # fmt: skip
COUNTS: Final = ("deposit_count", "withdrawal_count", "bets")

FIGURE_COLUMNS: Final = (
    "currency", "deposits", "deposit_count", "withdrawals", "withdrawal_count", "net_deposits", "adjustments_in",
    "adjustments_out", "transfers_in", "transfers_out", "bets", "stakes", "payouts", "jackpot", "promotional", "ggr",
)  # fmt: skip


def figures_document(figures: Figures, currency: str) -> dict[str, Any]:
    """Of one currency."""
    return {
        "currency": currency,
        **{name: amount_text(getattr(figures, name), currency) for name in AMOUNTS},
        **{name: getattr(figures, name) for name in COUNTS},
    }
