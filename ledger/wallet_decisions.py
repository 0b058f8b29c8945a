"""What a wallet decides: a command becomes the events to record, or a refusal. Pure, like ``ledger.wallet``.

A refusal's order of precedence is the order of the checks in each decision, from the wallet's existence to its money.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from contracts.commands import wallet as c
from contracts.events import wallet as e
from contracts.ids import MAX_ID_CHARS, check_command_id, check_owner_id, void_id, wallet_name
from contracts.money import MAX_UNITS
from contracts.refusals import (
    BalanceTooLarge,
    BetsBlocked,
    CurrencyNotAllowed,
    InsufficientFunds,
    InvalidAmount,
    InvalidCommand,
    MaxStakeExceeded,
    ReferenceMismatch,
    ReferenceRolledBack,
    TooManyOpenWithdrawals,
    UnknownReference,
    UnknownWallet,
    UnknownWithdrawal,
    WalletAlreadyOpen,
    WalletClosed,
    WalletNotEmpty,
    WithdrawalAlreadyRequested,
    WithdrawalsBlocked,
)
from ledger.brand import Brand
from ledger.wallet import Play, Wallet

MAX_OPEN_WITHDRAWALS: Final = 100


class Reference(NamedTuple):
    """What the log knows of a transaction that a command refers to; ``event`` is None if it was never seen."""

    wallet_id: str
    event: Any
    rolled_back: bool


class ReferenceNeeded(Exception):
    """Not a refusal: the decision depends on a transaction that is not in memory; look it up and decide again."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference


class Context(NamedTuple):
    """What a decision may look at beside the wallet itself."""

    brand: Brand
    references: Mapping[str, Reference] = MappingProxyType({})


Decision = tuple[tuple[e.WalletEvent, str], ...]
"""The events to record, each with the command id that it claims. The first one answers the command."""


def decide(wallet: Wallet | None, command: c.WalletCommand, context: Context) -> Decision:
    """What the command does to the wallet (None: not open yet).

    Raises a :class:`contracts.refusals.Refused`, or :class:`ReferenceNeeded`.
    """
    if wallet is None:
        if isinstance(command, c.OpenWallet):
            return _open(command, context)
        raise UnknownWallet(wallet_id=command.wallet_id)
    return _DECISIONS[type(command)](wallet, command, context)


def _open(command: c.OpenWallet, context: Context) -> Decision:
    name = wallet_name(command.wallet_id)
    if name.owner_kind not in ("player", "agent"):
        raise InvalidCommand(reason="a wallet's owner is a player or an agent")
    check_owner_id(name.owner_id)
    if name.currency not in context.brand.currencies:
        raise CurrencyNotAllowed(currency=name.currency)
    opened = e.WalletOpened(owner_kind=name.owner_kind, owner_id=name.owner_id, currency=name.currency)
    return ((opened, command.command_id),)


def _open_again(wallet: Wallet, command: c.OpenWallet, context: Context) -> Decision:
    raise WalletAlreadyOpen(wallet_id=wallet.wallet_id)


def _deposit(wallet: Wallet, command: c.Deposit, context: Context) -> Decision:
    _require_positive(command.amount)
    _require_open(wallet)
    deposited = e.Deposited(
        amount=command.amount,
        method=command.method,
        reference=command.reference,
        actor=command.actor,
        cash=_grown(wallet.cash, command.amount),
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((deposited, command.command_id),)


def _request_withdrawal(wallet: Wallet, command: c.RequestWithdrawal, context: Context) -> Decision:
    _require_names(command.withdrawal_id)
    _require_positive(command.amount)  # a closed wallet too: a late win must be able to leave
    if wallet.withdrawals_blocked is not None:
        raise WithdrawalsBlocked(reason=wallet.withdrawals_blocked)
    if command.withdrawal_id in wallet.withdrawals:
        raise WithdrawalAlreadyRequested(withdrawal_id=command.withdrawal_id)
    if len(wallet.withdrawals) >= MAX_OPEN_WITHDRAWALS:
        raise TooManyOpenWithdrawals(limit=MAX_OPEN_WITHDRAWALS)
    _require_cash(wallet, command.amount)
    requested = e.WithdrawalRequested(
        withdrawal_id=command.withdrawal_id,
        amount=command.amount,
        actor=command.actor,
        cash=wallet.cash - command.amount,
        bonus=wallet.bonus,
        held=_grown(wallet.held, command.amount),
    )
    return ((requested, command.command_id),)


def _pay_out_withdrawal(wallet: Wallet, command: c.PayOutWithdrawal, context: Context) -> Decision:
    amount = _open_withdrawal(wallet, command.withdrawal_id)
    paid_out = e.WithdrawalPaidOut(
        withdrawal_id=command.withdrawal_id,
        amount=amount,
        method=command.method,
        reference=command.reference,
        actor=command.actor,
        cash=wallet.cash,
        bonus=wallet.bonus,
        held=wallet.held - amount,
    )
    return ((paid_out, command.command_id),)


def _release_withdrawal(wallet: Wallet, command: c.ReleaseWithdrawal, context: Context) -> Decision:
    amount = _open_withdrawal(wallet, command.withdrawal_id)
    released = e.WithdrawalReleased(
        withdrawal_id=command.withdrawal_id,
        amount=amount,
        reason=command.reason,
        actor=command.actor,
        cash=_grown(wallet.cash, amount),
        bonus=wallet.bonus,
        held=wallet.held - amount,
    )
    return ((released, command.command_id),)


def _place_bet(wallet: Wallet, command: c.PlaceBet, context: Context) -> Decision:
    amount = command.amount
    _require_names(command.integration, command.round_id, command.game_id)
    if amount < 0 or amount > MAX_UNITS or not (amount or command.free):
        raise InvalidAmount(reason="not a positive amount within bounds")
    if wallet.closed:
        raise WalletClosed(wallet_id=wallet.wallet_id)
    if wallet.bets_blocked is not None:
        raise BetsBlocked(reason=wallet.bets_blocked)
    from_cash = 0
    if not command.free:
        if wallet.max_stake is not None and amount > wallet.max_stake:
            raise MaxStakeExceeded(max_stake=wallet.max_stake, scope="wallet")
        limit = context.brand.max_stake.get(wallet.currency)
        if limit is not None and amount > limit:
            raise MaxStakeExceeded(max_stake=limit, scope="brand")
        if amount > wallet.cash:
            raise InsufficientFunds(required=amount, available=wallet.cash)
        from_cash = amount
    placed = e.BetPlaced(
        integration=command.integration,
        round_id=command.round_id,
        game_id=command.game_id,
        amount=amount,
        from_cash=from_cash,
        free=command.free,
        reward_id=command.reward_id,
        cash=wallet.cash - from_cash,
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((placed, command.command_id),)


def _credit_win(wallet: Wallet, command: c.CreditWin, context: Context) -> Decision:
    _require_names(command.integration, command.round_id, command.game_id)
    if not 0 <= command.amount <= MAX_UNITS:
        raise InvalidAmount(reason="not an amount within bounds")
    if command.bet:
        bet = _play(wallet, command.bet, context)
        if bet is None:
            raise UnknownReference(reference=command.bet)
        if bet.kind != "bet":
            raise ReferenceMismatch(reference=command.bet)
        if bet.rolled_back:
            raise ReferenceRolledBack(reference=command.bet)
    credited = e.WinCredited(
        integration=command.integration,
        round_id=command.round_id,
        game_id=command.game_id,
        amount=command.amount,
        kind=command.kind,
        bet=command.bet,
        to_cash=command.amount,
        cash=_grown(wallet.cash, command.amount),
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((credited, command.command_id),)


def _roll_back(wallet: Wallet, command: c.RollBack, context: Context) -> Decision:
    _require_names(command.integration, command.round_id, command.game_id)
    if check_command_id(command.reference) == command.command_id:
        raise InvalidCommand(reason="a rollback refers to another transaction than itself")
    play = _play(wallet, command.reference, context)
    if play is None:
        tombstone = e.RollbackTombstoned(
            reference=command.reference,
            integration=command.integration,
            round_id=command.round_id,
            game_id=command.game_id,
            cash=wallet.cash,
            bonus=wallet.bonus,
            held=wallet.held,
        )
        return (tombstone, command.command_id), (_voided(command, tombstone), command.reference)
    if play.rolled_back:
        repeated = e.RollbackRepeated(
            reference=command.reference,
            integration=command.integration,
            round_id=command.round_id,
            game_id=command.game_id,
            cash=wallet.cash,
            bonus=wallet.bonus,
            held=wallet.held,
        )
        return ((repeated, command.command_id),)
    undone: e.WalletEvent
    if play.kind == "bet":
        undone = e.BetRolledBack(
            reference=command.reference,
            integration=command.integration,
            round_id=command.round_id,
            game_id=command.game_id,
            to_cash=play.cash,
            to_bonus=play.bonus,
            cash=_grown(wallet.cash, play.cash),
            bonus=_grown(wallet.bonus, play.bonus),
            held=wallet.held,
        )
    else:
        from_cash = min(play.cash, wallet.cash)
        from_bonus = min(play.bonus, wallet.bonus)
        undone = e.WinRolledBack(
            reference=command.reference,
            integration=command.integration,
            round_id=command.round_id,
            game_id=command.game_id,
            amount=play.cash + play.bonus,
            from_cash=from_cash,
            from_bonus=from_bonus,
            shortfall=play.cash + play.bonus - from_cash - from_bonus,
            kind=play.kind,  # type: ignore[arg-type]
            cash=wallet.cash - from_cash,
            bonus=wallet.bonus - from_bonus,
            held=wallet.held,
        )
    return (undone, command.command_id), (_voided(command, undone), void_id(command.reference))


def _close_round(wallet: Wallet, command: c.CloseRound, context: Context) -> Decision:
    _require_names(command.integration, command.round_id)
    closed = e.RoundClosed(
        integration=command.integration,
        round_id=command.round_id,
        cash=wallet.cash,
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((closed, command.command_id),)


def _adjust_balance(wallet: Wallet, command: c.AdjustBalance, context: Context) -> Decision:
    if not command.amount or abs(command.amount) > MAX_UNITS:
        raise InvalidAmount(reason="an adjustment is a non-zero amount within bounds")
    if not command.reason:
        raise InvalidCommand(reason="an adjustment needs a reason")
    _require_open(wallet)
    _require_cash(wallet, -command.amount)
    adjusted = e.BalanceAdjusted(
        amount=command.amount,
        reason=command.reason,
        note=command.note,
        actor=command.actor,
        cash=_grown(wallet.cash, command.amount),
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((adjusted, command.command_id),)


def _set_stake_limit(wallet: Wallet, command: c.SetStakeLimit, context: Context) -> Decision:
    if command.max_stake is not None and not 0 <= command.max_stake <= MAX_UNITS:
        raise InvalidAmount(reason="a limit is an amount within bounds")
    limited = e.StakeLimitSet(
        max_stake=command.max_stake,
        actor=command.actor,
        cash=wallet.cash,
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((limited, command.command_id),)


def _block(wallet: Wallet, command: c.BlockWallet, context: Context) -> Decision:
    blocked = e.WalletBlocked(
        scope=command.scope,
        reason=command.reason,
        actor=command.actor,
        cash=wallet.cash,
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((blocked, command.command_id),)


def _unblock(wallet: Wallet, command: c.UnblockWallet, context: Context) -> Decision:
    unblocked = e.WalletUnblocked(
        scope=command.scope,
        reason=command.reason,
        actor=command.actor,
        cash=wallet.cash,
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((unblocked, command.command_id),)


def _close(wallet: Wallet, command: c.CloseWallet, context: Context) -> Decision:
    _require_open(wallet)
    if wallet.cash or wallet.bonus or wallet.held:
        raise WalletNotEmpty
    return ((e.WalletClosed(reason=command.reason, actor=command.actor), command.command_id),)


_DECISIONS: Final[dict[type[c.WalletCommand], Callable[[Wallet, Any, Context], Decision]]] = {
    c.OpenWallet: _open_again,
    c.Deposit: _deposit,
    c.RequestWithdrawal: _request_withdrawal,
    c.PayOutWithdrawal: _pay_out_withdrawal,
    c.ReleaseWithdrawal: _release_withdrawal,
    c.PlaceBet: _place_bet,
    c.CreditWin: _credit_win,
    c.RollBack: _roll_back,
    c.CloseRound: _close_round,
    c.AdjustBalance: _adjust_balance,
    c.SetStakeLimit: _set_stake_limit,
    c.BlockWallet: _block,
    c.UnblockWallet: _unblock,
    c.CloseWallet: _close,
}


def _require_names(*names: str) -> None:
    for name in names:
        if len(name) > MAX_ID_CHARS:  # read models have them in their keys
            raise InvalidCommand(reason=f"a name has at most {MAX_ID_CHARS} characters")


def _require_positive(amount: int) -> None:
    if not 0 < amount <= MAX_UNITS:
        raise InvalidAmount(reason="not a positive amount within bounds")


def _require_open(wallet: Wallet) -> None:
    if wallet.closed:
        raise WalletClosed(wallet_id=wallet.wallet_id)


def _require_cash(wallet: Wallet, amount: int) -> None:
    if amount > wallet.cash:
        raise InsufficientFunds(required=amount, available=wallet.cash)


def _grown(pocket: int, amount: int) -> int:
    if pocket + amount > MAX_UNITS:
        raise BalanceTooLarge
    return pocket + amount


def _open_withdrawal(wallet: Wallet, withdrawal_id: str) -> int:
    try:
        return wallet.withdrawals[withdrawal_id]
    except KeyError:
        raise UnknownWithdrawal(withdrawal_id=withdrawal_id) from None


def _voided(command: c.RollBack, beside: e.WalletEvent) -> e.TransactionVoided:
    return e.TransactionVoided(
        reference=command.reference,
        by=command.command_id,
        cash=beside.cash,
        bonus=beside.bonus,
        held=beside.held,
    )


def _play(wallet: Wallet, reference: str, context: Context) -> Play | None:
    """The bet or win with that command id; None if it was never processed by anybody."""
    play = wallet.plays.get(reference)
    if play is not None:
        return play
    known = context.references.get(reference)
    if known is None:
        raise ReferenceNeeded(reference)
    if known.event is None:
        return None
    if known.wallet_id != wallet.wallet_id:
        raise ReferenceMismatch(reference=reference)
    event = known.event
    if isinstance(event, e.BetPlaced):
        return Play("bet", event.from_cash, event.from_bonus, known.rolled_back)
    if isinstance(event, e.WinCredited):
        return Play(event.kind, event.to_cash, event.to_bonus, known.rolled_back)
    if isinstance(event, e.TransactionVoided) and event.reference == reference:
        return Play("bet", 0, 0, rolled_back=True)
    raise ReferenceMismatch(reference=reference)
