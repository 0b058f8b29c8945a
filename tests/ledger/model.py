"""A wallet ledger in its simplest form, without batches, bounds or database: what the real one must agree with."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from contracts.commands import wallet as c
from tests.ledger.model_requests import RequestModel, pairs_in
from tests.ledger.model_wallet import ModelWallet, RefusedByModel, Rules, require


@dataclass
class Answer:
    """What an accepted command was answered with, for ever."""

    kind: str
    cash: int
    held: int
    replayed: bool = False


@dataclass
class Play:
    wallet_id: str
    is_bet: bool
    amount: int
    rolled_back: bool = False


class Model(RequestModel):
    """All wallets of a brand. ``execute`` and ``execute_all`` answer like the writer."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.wallets: dict[str, ModelWallet] = {}
        self.answers: dict[str, tuple[c.WalletCommand, Answer]] = {}
        self.plays: dict[str, Play] = {}
        self.tombstones: dict[str, str] = {}
        """Wallet by the transaction id that a rollback claimed before the transaction came."""
        self.paired: set[str] = set()

    def execute(self, command: c.WalletCommand) -> Answer:
        return self.execute_all([command])[0]

    def execute_all(self, commands: Sequence[c.WalletCommand]) -> list[Answer]:
        before = copy.deepcopy(self.__dict__)
        known = set(self.answers)
        self.paired = pairs_in(commands)
        try:
            answers = [self._one(command, known) for command in commands]
        except RefusedByModel:
            self.__dict__.update(before)
            raise
        for wallet in self.wallets.values():
            assert wallet.held == sum(request.amount for request in wallet.open("withdrawal").values())
            assert min(wallet.cash, wallet.held) >= 0
        return answers

    def _one(self, command: c.WalletCommand, known: set[str]) -> Answer:
        first = self.answers.get(command.command_id)
        if command.command_id in self.tombstones:
            same = self.tombstones[command.command_id] == command.wallet_id
            raise RefusedByModel("already_rolled_back" if same else "conflicting_replay")
        if first is not None and command.command_id not in known:
            raise RefusedByModel("invalid_command")
        if first is not None:
            if _content(first[0]) != _content(command):
                raise RefusedByModel("conflicting_replay")
            return Answer(first[1].kind, first[1].cash, first[1].held, replayed=True)
        wallet = self.wallets.get(command.wallet_id)
        if wallet is None:
            if not isinstance(command, c.OpenWallet):
                raise RefusedByModel("unknown_wallet")
            wallet = self.wallets[command.wallet_id] = ModelWallet()
            kind = "WalletOpened"
        elif isinstance(command, c.OpenWallet):
            raise RefusedByModel("wallet_already_open")
        else:
            kind = getattr(self, f"_{type(command).__name__.lower()}")(wallet, command, known)
        answer = Answer(kind, wallet.cash, wallet.held)
        self.answers[command.command_id] = (command, answer)
        return answer

    def _deposit(self, wallet: ModelWallet, command: c.Deposit, _known: set[str]) -> str:
        require(command.amount > 0, "invalid_amount")
        require(not wallet.closed, "wallet_closed")
        wallet.cash += command.amount
        return "Deposited"

    def _placebet(self, wallet: ModelWallet, command: c.PlaceBet, _known: set[str]) -> str:
        require(command.amount > 0 or (command.free and command.amount == 0), "invalid_amount")
        require(not wallet.closed, "wallet_closed")
        require("bets" not in wallet.blocked, "bets_blocked")
        taken = 0 if command.free else command.amount
        if not command.free:
            require(wallet.max_stake is None or taken <= wallet.max_stake, "max_stake_exceeded")
        wallet.spend(taken)
        self.plays[command.command_id] = Play(command.wallet_id, is_bet=True, amount=taken)
        return "BetPlaced"

    def _creditwin(self, wallet: ModelWallet, command: c.CreditWin, _known: set[str]) -> str:
        require(command.amount >= 0, "invalid_amount")
        if command.bet:
            tombstone = self.tombstones.get(command.bet)
            if tombstone is not None:
                require(tombstone == command.wallet_id, "reference_mismatch")
                raise RefusedByModel("reference_rolled_back")
            play = self.plays.get(command.bet)
            if play is None:
                raise RefusedByModel(
                    "reference_mismatch" if command.bet in self.answers else "unknown_reference"
                )
            require(play.wallet_id == command.wallet_id and play.is_bet, "reference_mismatch")
            require(not play.rolled_back, "reference_rolled_back")
        wallet.cash += command.amount
        self.plays[command.command_id] = Play(command.wallet_id, is_bet=False, amount=command.amount)
        return "WinCredited"

    def _rollback(self, wallet: ModelWallet, command: c.RollBack, known: set[str]) -> str:
        require(command.reference != command.command_id, "invalid_command")
        tombstone = self.tombstones.get(command.reference)
        if tombstone is not None:
            require(tombstone == command.wallet_id, "reference_mismatch")
            return "RollbackRepeated"
        play = self.plays.get(command.reference)
        if play is None:
            if command.reference in self.answers:
                raise RefusedByModel(
                    "reference_mismatch" if command.reference in known else "invalid_command"
                )
            self.tombstones[command.reference] = command.wallet_id
            return "RollbackTombstoned"
        require(play.wallet_id == command.wallet_id, "reference_mismatch")
        if play.rolled_back:
            return "RollbackRepeated"
        play.rolled_back = True
        if play.is_bet:
            wallet.cash += play.amount
            return "BetRolledBack"
        wallet.cash -= min(play.amount, wallet.cash)
        return "WinRolledBack"

    def _closeround(self, _wallet: ModelWallet, _command: c.CloseRound, _known: set[str]) -> str:
        return "RoundClosed"

    def _adjustbalance(self, wallet: ModelWallet, command: c.AdjustBalance, _known: set[str]) -> str:
        require(command.amount != 0, "invalid_amount")
        require(not wallet.closed, "wallet_closed")
        wallet.spend(-command.amount)
        return "BalanceAdjusted"

    def _setstakelimit(self, wallet: ModelWallet, command: c.SetStakeLimit, _known: set[str]) -> str:
        wallet.max_stake = command.max_stake
        return "StakeLimitSet"

    def _blockwallet(self, wallet: ModelWallet, command: c.BlockWallet, _known: set[str]) -> str:
        wallet.blocked.add(command.scope)
        return "WalletBlocked"

    def _unblockwallet(self, wallet: ModelWallet, command: c.UnblockWallet, _known: set[str]) -> str:
        wallet.blocked.discard(command.scope)
        return "WalletUnblocked"

    def _closewallet(self, wallet: ModelWallet, _command: c.CloseWallet, _known: set[str]) -> str:
        require(not wallet.closed, "wallet_closed")
        asked = [kind for kind in ("deposit", "withdrawal", "adjustment") if wallet.open(kind)]
        require(not wallet.cash and not wallet.held and not asked, "wallet_not_empty")
        wallet.closed = True
        return "WalletClosed"


def _content(command: c.WalletCommand) -> tuple[type, dict[str, Any]]:
    """What has to be the same when a command is repeated."""
    fields = msgspec.structs.asdict(command)
    return type(command), {
        n: v for n, v in fields.items() if n not in ("day", "expires_us", "expected_version")
    }
