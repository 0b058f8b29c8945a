"""What a wallet decides: a command becomes the events to record, or a refusal. Pure, like ``ledger.wallet``.

People's requests are in ``ledger.wallet_requests`` and ``ledger.wallet_transfers``. A refusal's order of precedence is
the order of the checks in each decision, from the wallet's existence to its money.
"""

from collections.abc import Callable
from typing import Any, Final

from contracts.commands import wallet as c
from contracts.events import wallet as e
from contracts.ids import check_command_id, check_owner_id, void_id, wallet_name
from contracts.money import MAX_UNITS
from contracts.refusals import (
    BetsBlocked,
    BrandInMaintenance,
    CurrencyNotAllowed,
    InsufficientFunds,
    InvalidAmount,
    InvalidCommand,
    MaxStakeExceeded,
    ReferenceMismatch,
    ReferenceRolledBack,
    UnknownReference,
    UnknownWallet,
    WalletAlreadyOpen,
    WalletNotEmpty,
)
from ledger.wallet import Play, Wallet
from ledger.wallet_requests import REQUEST_DECISIONS
from ledger.wallet_rules import (
    Context,
    Decision,
    ReferenceNeeded,
    grown,
    require_cash,
    require_names,
    require_open,
    require_positive,
)
from ledger.wallet_transfers import TRANSFER_DECISIONS


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
    if name.currency not in context.brand.settings.currencies:
        raise CurrencyNotAllowed(currency=name.currency)
    opened = e.WalletOpened(owner_kind=name.owner_kind, owner_id=name.owner_id, currency=name.currency)
    return ((opened, command.command_id),)


def _open_again(wallet: Wallet, command: c.OpenWallet, context: Context) -> Decision:
    raise WalletAlreadyOpen(wallet_id=wallet.wallet_id)


def _deposit(wallet: Wallet, command: c.Deposit, context: Context) -> Decision:
    require_positive(command.amount)
    require_open(wallet)
    deposited = e.Deposited(
        amount=command.amount,
        method=command.method,
        reference=command.reference,
        actor=command.actor,
        cash=grown(wallet.cash, command.amount),
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((deposited, command.command_id),)


def _place_bet(wallet: Wallet, command: c.PlaceBet, context: Context) -> Decision:
    amount = command.amount
    require_names(command.integration, command.round_id, command.game_id)
    if amount < 0 or amount > MAX_UNITS or not (amount or command.free):
        raise InvalidAmount(reason="not a positive amount within bounds")
    if context.brand.settings.maintenance:
        raise BrandInMaintenance(notice=context.brand.settings.maintenance_message)
    require_open(wallet)
    if wallet.bets_blocked is not None:
        raise BetsBlocked(reason=wallet.bets_blocked)
    from_cash = 0
    if not command.free:
        if wallet.max_stake is not None and amount > wallet.max_stake:
            raise MaxStakeExceeded(max_stake=wallet.max_stake, scope="wallet")
        limit = context.brand.settings.max_stake.get(wallet.currency)
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
    require_names(command.integration, command.round_id, command.game_id)
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
        cash=grown(wallet.cash, command.amount),
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((credited, command.command_id),)


def _roll_back(wallet: Wallet, command: c.RollBack, context: Context) -> Decision:
    require_names(command.integration, command.round_id, command.game_id)
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
            house=_house_of(play, command),
            to_cash=play.cash,
            to_bonus=play.bonus,
            cash=grown(wallet.cash, play.cash),
            bonus=grown(wallet.bonus, play.bonus),
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
            house=_house_of(play, command),
            cash=wallet.cash - from_cash,
            bonus=wallet.bonus - from_bonus,
            held=wallet.held,
        )
    return (undone, command.command_id), (_voided(command, undone), void_id(command.reference))


def _close_round(wallet: Wallet, command: c.CloseRound, context: Context) -> Decision:
    require_names(command.integration, command.round_id)
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
    require_open(wallet)
    require_cash(wallet, -command.amount)
    adjusted = e.BalanceAdjusted(
        amount=command.amount,
        reason=command.reason,
        note=command.note,
        actor=command.actor,
        cash=grown(wallet.cash, command.amount),
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
    require_open(wallet)
    if wallet.cash or wallet.bonus or wallet.held or wallet.requests:
        raise WalletNotEmpty
    return ((e.WalletClosed(reason=command.reason, actor=command.actor), command.command_id),)


_DECISIONS: Final[dict[type[c.WalletCommand], Callable[[Wallet, Any, Context], Decision]]] = {
    c.OpenWallet: _open_again,
    c.Deposit: _deposit,
    c.PlaceBet: _place_bet,
    c.CreditWin: _credit_win,
    c.RollBack: _roll_back,
    c.CloseRound: _close_round,
    c.AdjustBalance: _adjust_balance,
    c.SetStakeLimit: _set_stake_limit,
    c.BlockWallet: _block,
    c.UnblockWallet: _unblock,
    c.CloseWallet: _close,
    **REQUEST_DECISIONS,
    **TRANSFER_DECISIONS,
}


def _voided(command: c.RollBack, beside: e.WalletEvent) -> e.TransactionVoided:
    return e.TransactionVoided(
        reference=command.reference,
        by=command.command_id,
        cash=beside.cash,
        bonus=beside.bonus,
        held=beside.held,
    )


def _house_of(play: Play, command: c.RollBack) -> str:
    """Whose account the money came from or went to, where that is not the integration that rolls it back."""
    return "" if play.integration == command.integration else play.integration


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
        return Play("bet", event.from_cash, event.from_bonus, known.rolled_back, event.integration)
    if isinstance(event, e.WinCredited):
        return Play(event.kind, event.to_cash, event.to_bonus, known.rolled_back, event.integration)
    if isinstance(event, e.TransactionVoided) and event.reference == reference:
        return Play("bet", 0, 0, rolled_back=True, integration="")
    raise ReferenceMismatch(reference=reference)
