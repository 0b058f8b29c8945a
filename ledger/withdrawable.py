"""How much of a wallet can be withdrawn, and why not more: the rules of ``ledger.wallet_requests``, explained. Pure."""

from contracts.brand_settings import BrandSettings
from contracts.receipts import Restriction, WalletView
from ledger.wallet import Wallet


def view_of(wallet: Wallet, settings: BrandSettings, day: str = "") -> WalletView:
    """The wallet as others see it. ``day``: the brand's business day now; "" stands for the last one it knows."""
    withdrawable, restrictions = explain(wallet, settings, day)
    return WalletView(
        wallet_id=wallet.wallet_id,
        version=wallet.version,
        balance=wallet.balance(),
        currency=wallet.currency,
        max_stake=wallet.max_stake,
        bets_blocked=wallet.bets_blocked is not None,
        withdrawals_blocked=wallet.withdrawals_blocked is not None,
        closed=wallet.closed,
        open_withdrawals={name: r.amount for name, r in wallet.open_requests("withdrawal").items()},
        withdrawable=withdrawable,
        restrictions=restrictions,
    )


def explain(wallet: Wallet, settings: BrandSettings, day: str = "") -> tuple[int, tuple[Restriction, ...]]:
    """The largest withdrawal that would be taken, in ledger units, and every rule that holds it down."""
    most = wallet.cash
    found: list[Restriction] = []
    if wallet.bonus:
        found.append(Restriction(rule="bonus", amount=wallet.bonus))
    if wallet.held:
        found.append(Restriction(rule="held", amount=wallet.held))
    if wallet.withdrawals_blocked is not None:
        found.append(Restriction(rule="blocked", reason=wallet.withdrawals_blocked))
        most = 0
    open_now = len(wallet.open_requests("withdrawal"))
    if open_now >= settings.withdrawal_requests_max:
        found.append(Restriction(rule="open_requests", count=settings.withdrawal_requests_max))
        most = 0
    maximum = settings.withdrawal_max.get(wallet.currency)
    if maximum is not None and most > maximum:
        found.append(Restriction(rule="maximum", amount=maximum))
        most = maximum
    most = _within_the_day(wallet, settings, day, most, found)
    minimum = settings.withdrawal_min.get(wallet.currency)
    if minimum is not None and 0 < most < minimum:
        found.append(Restriction(rule="minimum", amount=minimum))
        most = 0
    return most, tuple(found)


def _within_the_day(
    wallet: Wallet, settings: BrandSettings, day: str, most: int, found: list[Restriction]
) -> int:
    used, often = wallet.withdrawn_on(day)
    most_often = settings.withdrawal_daily_count
    if most_often is not None and often >= most_often:
        found.append(Restriction(rule="daily_count", count=most_often))
        return 0
    daily = settings.withdrawal_daily_max.get(wallet.currency)
    if daily is not None and most > max(0, daily - used):
        found.append(Restriction(rule="daily_amount", amount=max(0, daily - used)))
        return max(0, daily - used)
    return most
