"""People's requests in the model: what it answers to deposits, withdrawals, adjustments and transfers."""

import itertools
from collections.abc import Sequence

import msgspec

from contracts.commands import wallet as c
from tests.ledger.model_wallet import (
    ModelRequest,
    ModelWallet,
    RefusedByModel,
    Rules,
    require,
)


class RequestModel:
    """The half of the model that knows requests. ``paired``: halves of transfers whose other half is in the group."""

    rules: Rules
    paired: set[str]
    wallets: dict[str, ModelWallet]

    def withdrawable(self, wallet_id: str, day: str) -> int:
        """The largest withdrawal that would be taken, found by trying."""
        wallet = self.wallets[wallet_id]

        def taken(amount: int) -> bool:
            try:
                self._check_withdrawal(wallet, "new", amount, day)
            except RefusedByModel:
                return False
            return True

        return max((amount for amount in range(1, wallet.cash + 1) if taken(amount)), default=0)

    def _requestdeposit(self, wallet: ModelWallet, command: c.RequestDeposit, _known: set[str]) -> str:
        require(command.amount > 0, "invalid_amount")
        require(not wallet.closed, "wallet_closed")
        require(command.deposit_id not in wallet.requests, "request_already_made")
        require(len(wallet.open("deposit")) < self.rules.deposits_open, "too_many_open_requests")
        require(command.account == "main", "unknown_deposit_account")
        within = self.rules.deposit_min <= command.amount
        require(within and _below(command.amount, self.rules.deposit_max), "amount_out_of_limits")
        wallet.requests[command.deposit_id] = ModelRequest("deposit", command.amount, command.actor)
        return "DepositRequested"

    def _approvedeposit(self, wallet: ModelWallet, command: c.ApproveDeposit, _known: set[str]) -> str:
        request = _opened(wallet, command.deposit_id, "deposit", command.expected_version)
        require(not wallet.closed, "wallet_closed")
        _require_another(request, command.actor)
        wallet.cash += request.amount
        return _end(request, "credited", "Deposited")

    def _rejectdeposit(self, wallet: ModelWallet, command: c.RejectDeposit, _known: set[str]) -> str:
        request = _opened(wallet, command.deposit_id, "deposit", command.expected_version)
        return _end(request, "rejected", "DepositRejected")

    def _canceldeposit(self, wallet: ModelWallet, command: c.CancelDeposit, _known: set[str]) -> str:
        return _end(_opened(wallet, command.deposit_id, "deposit"), "cancelled", "DepositCancelled")

    def _expiredeposit(self, wallet: ModelWallet, command: c.ExpireDeposit, _known: set[str]) -> str:
        return _end(_opened(wallet, command.deposit_id, "deposit"), "expired", "DepositExpired")

    def _check_withdrawal(self, wallet: ModelWallet, withdrawal_id: str, amount: int, day: str) -> None:
        rules = self.rules
        require(amount > 0, "invalid_amount")
        require("withdrawals" not in wallet.blocked, "withdrawals_blocked")
        require(withdrawal_id not in wallet.requests, "withdrawal_already_requested")
        require(len(wallet.open("withdrawal")) < rules.withdrawals_open, "too_many_open_withdrawals")
        within = rules.withdrawal_min <= amount and _below(amount, rules.withdrawal_max)
        require(within, "amount_out_of_limits")
        counted = [
            request.amount
            for request in wallet.requests.values()
            if request.kind == "withdrawal"
            and request.day == max(day, wallet.last_day)
            and (not request.ended or request.state == "paid")
        ]
        require(rules.daily_count is None or len(counted) < rules.daily_count, "daily_limit_reached")
        require(_below(sum(counted) + amount, rules.daily_max), "daily_limit_reached")
        require(amount <= wallet.cash, "insufficient_funds")

    def _requestwithdrawal(self, wallet: ModelWallet, command: c.RequestWithdrawal, _known: set[str]) -> str:
        self._check_withdrawal(wallet, command.withdrawal_id, command.amount, command.day)
        wallet.last_day = max(wallet.last_day, command.day)
        wallet.spend(command.amount)
        wallet.held += command.amount
        wallet.requests[command.withdrawal_id] = ModelRequest(
            "withdrawal", command.amount, command.actor, wallet.last_day
        )
        return "WithdrawalRequested"

    def _approvewithdrawal(self, wallet: ModelWallet, command: c.ApproveWithdrawal, _known: set[str]) -> str:
        request = _opened(wallet, command.withdrawal_id, "withdrawal", command.expected_version)
        require(request.state == "requested", "request_changed")
        require("withdrawals" not in wallet.blocked, "withdrawals_blocked")
        _require_another(request, command.actor)
        require(command.actor not in request.approvers, "already_approved")
        request.approvers.append(command.actor)
        request.version += 1
        needed = 1 if _below(request.amount, self.rules.second_approval) else 2
        if len(request.approvers) >= needed:
            request.state = "approved"
        return "WithdrawalApproved"

    def _startwithdrawalpayment(
        self, wallet: ModelWallet, command: c.StartWithdrawalPayment, _known: set[str]
    ) -> str:
        request = _opened(wallet, command.withdrawal_id, "withdrawal", command.expected_version)
        require(request.state != "requested", "not_approved")
        require(request.state == "approved", "request_changed")
        require("withdrawals" not in wallet.blocked, "withdrawals_blocked")
        request.state = "paying"
        request.version += 1
        return "WithdrawalPaymentStarted"

    def _payoutwithdrawal(self, wallet: ModelWallet, command: c.PayOutWithdrawal, _known: set[str]) -> str:
        request = _opened(wallet, command.withdrawal_id, "withdrawal", command.expected_version)
        require(request.state != "requested", "not_approved")
        wallet.held -= request.amount
        return _end(request, "paid", "WithdrawalPaidOut")

    def _releasewithdrawal(self, wallet: ModelWallet, command: c.ReleaseWithdrawal, _known: set[str]) -> str:
        request = _opened(wallet, command.withdrawal_id, "withdrawal", command.expected_version)
        untouched = request.state == "requested" and not request.approvers
        fits = {
            "cancelled": untouched,
            "rejected": request.state != "paying",
            "failed": request.state == "paying",
            "released": True,
        }
        require(fits[command.outcome], "request_changed")
        wallet.held -= request.amount
        wallet.cash += request.amount
        return _end(request, command.outcome, "WithdrawalReleased")

    def _requestadjustment(self, wallet: ModelWallet, command: c.RequestAdjustment, _known: set[str]) -> str:
        require(command.amount != 0, "invalid_amount")
        require(command.actor, "invalid_command")
        require(not wallet.closed, "wallet_closed")
        require(command.adjustment_id not in wallet.requests, "request_already_made")
        wallet.requests[command.adjustment_id] = ModelRequest("adjustment", command.amount, command.actor)
        return "AdjustmentRequested"

    def _approveadjustment(self, wallet: ModelWallet, command: c.ApproveAdjustment, _known: set[str]) -> str:
        request = _opened(wallet, command.adjustment_id, "adjustment", command.expected_version)
        require(not wallet.closed, "wallet_closed")
        _require_another(request, command.actor)
        wallet.spend(-request.amount)
        return _end(request, "approved", "BalanceAdjusted")

    def _rejectadjustment(self, wallet: ModelWallet, command: c.RejectAdjustment, _known: set[str]) -> str:
        request = _opened(wallet, command.adjustment_id, "adjustment", command.expected_version)
        return _end(request, "rejected", "AdjustmentRejected")

    # --- transfers

    def _transferout(self, wallet: ModelWallet, command: c.TransferOut, _known: set[str]) -> str:
        require(command.command_id in self.paired, "unpaired_transfer")
        require(command.amount > 0, "invalid_amount")
        require(not wallet.closed, "wallet_closed")
        require("withdrawals" not in wallet.blocked, "withdrawals_blocked")
        wallet.spend(command.amount)
        return "TransferredOut"

    def _transferin(self, wallet: ModelWallet, command: c.TransferIn, _known: set[str]) -> str:
        require(command.command_id in self.paired, "unpaired_transfer")
        require(command.amount > 0, "invalid_amount")
        require(not wallet.closed, "wallet_closed")
        wallet.cash += command.amount
        return "TransferredIn"


def _below(amount: int, limit: int | None) -> bool:
    return limit is None or amount <= limit


def _opened(wallet: ModelWallet, request_id: str, kind: str, seen: int | None = None) -> ModelRequest:
    request = wallet.requests.get(request_id)
    require(request is None or not request.ended, "request_changed")
    if request is None or request.kind != kind:
        raise RefusedByModel("unknown_withdrawal" if kind == "withdrawal" else "unknown_request")
    require(seen in (None, request.version), "request_changed")
    return request


def _require_another(request: ModelRequest, actor: str) -> None:
    require(actor, "invalid_command")
    require(actor != request.asked_by, "own_request")


def _end(request: ModelRequest, state: str, kind: str) -> str:
    request.state, request.ended = state, True
    return kind


def pairs_in(commands: Sequence[c.WalletCommand]) -> set[str]:
    """The command ids of halves of transfers that stand beside their other half."""
    found: set[str] = set()
    for one, other in itertools.pairwise(commands):
        if not isinstance(one, c.TransferOut):
            continue
        whole = c.transfer(
            one.wallet_id,
            one.to,
            one.amount,
            transfer_id=one.transfer_id,
            command_id=one.command_id.removesuffix("/out"),
        )
        bare = [msgspec.structs.replace(half, note="", actor="") for half in (one, other)]
        if bare == list(whole) and one.wallet_id != one.to:
            found |= {one.command_id, other.command_id}
    return found
