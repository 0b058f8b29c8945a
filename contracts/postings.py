"""Double entry: every event as balanced postings between the wallet's pockets and system accounts.

A posting adds its amount, in ledger units, to one account; the postings of an event sum to zero. Wallet pockets are
what the brand owes its players, so they grow when money comes in, and the other side shrinks by as much.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from contracts.events import wallet as w

CASH: Final = "wallet:cash"
BONUS: Final = "wallet:bonus"
HELD: Final = "wallet:held"
ADJUSTMENTS: Final = "adjustments"
PROMOTION_COST: Final = "promotion"
TRANSFERS: Final = "transfers"
"""Between two wallets of a brand; zero, since both halves are recorded in one batch."""


class Posting(NamedTuple):
    """``account`` is a pocket (``wallet:…``) of the event's wallet, or a system account of the brand."""

    account: str
    amount: int


def house(integration: str) -> str:
    """The account of the brand's result with one provider: stakes come in, payouts go out."""
    return f"house:{integration}"


def jackpot(integration: str) -> str:
    """The account that a provider's jackpot payouts are drawn from."""
    return f"jackpot:{integration}"


def bank(method: str) -> str:
    """The account of money outside, by the method it comes and goes."""
    return f"bank:{method}"


def win_account(integration: str, kind: str) -> str:
    """Who pays a win of that kind."""
    if kind == "jackpot":
        return jackpot(integration)
    if kind == "promotional":
        return PROMOTION_COST
    return house(integration)


def _nothing(event: Any) -> tuple[Posting, ...]:
    return ()


def _deposited(event: w.Deposited) -> tuple[Posting, ...]:
    return Posting(CASH, event.amount), Posting(bank(event.method), -event.amount)


def _requested(event: w.WithdrawalRequested) -> tuple[Posting, ...]:
    return Posting(CASH, -event.amount), Posting(HELD, event.amount)


def _paid_out(event: w.WithdrawalPaidOut) -> tuple[Posting, ...]:
    return Posting(HELD, -event.amount), Posting(bank(event.method), event.amount)


def _released(event: w.WithdrawalReleased) -> tuple[Posting, ...]:
    return Posting(HELD, -event.amount), Posting(CASH, event.amount)


def _bet(event: w.BetPlaced) -> tuple[Posting, ...]:
    return _pockets(-event.from_cash, -event.from_bonus, house(event.integration))


def _win(event: w.WinCredited) -> tuple[Posting, ...]:
    return _pockets(event.to_cash, event.to_bonus, win_account(event.integration, event.kind))


def _bet_rolled_back(event: w.BetRolledBack) -> tuple[Posting, ...]:
    return _pockets(event.to_cash, event.to_bonus, house(event.house or event.integration))


def _win_rolled_back(event: w.WinRolledBack) -> tuple[Posting, ...]:
    return _pockets(
        -event.from_cash, -event.from_bonus, win_account(event.house or event.integration, event.kind)
    )


def _adjusted(event: w.BalanceAdjusted) -> tuple[Posting, ...]:
    return Posting(CASH, event.amount), Posting(ADJUSTMENTS, -event.amount)


def _transferred_out(event: w.TransferredOut) -> tuple[Posting, ...]:
    return Posting(CASH, -event.amount), Posting(TRANSFERS, event.amount)


def _transferred_in(event: w.TransferredIn) -> tuple[Posting, ...]:
    return Posting(CASH, event.amount), Posting(TRANSFERS, -event.amount)


def _pockets(cash: int, bonus: int, account: str) -> tuple[Posting, ...]:
    if not bonus:
        return (Posting(CASH, cash), Posting(account, -cash)) if cash else ()
    if not cash:
        return Posting(BONUS, bonus), Posting(account, -bonus)
    return Posting(CASH, cash), Posting(BONUS, bonus), Posting(account, -cash - bonus)


_RULES: Final[dict[type, Callable[[Any], tuple[Posting, ...]]]] = {
    w.Deposited: _deposited,
    w.WithdrawalRequested: _requested,
    w.WithdrawalPaidOut: _paid_out,
    w.WithdrawalReleased: _released,
    w.BetPlaced: _bet,
    w.WinCredited: _win,
    w.BetRolledBack: _bet_rolled_back,
    w.WinRolledBack: _win_rolled_back,
    w.BalanceAdjusted: _adjusted,
    w.TransferredOut: _transferred_out,
    w.TransferredIn: _transferred_in,
}


def postings(event: Any) -> tuple[Posting, ...]:
    """The event's postings, summing to zero; none for an event that moves no money."""
    return _RULES.get(type(event), _nothing)(event)
