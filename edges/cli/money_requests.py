"""``tongbo deposits`` and ``tongbo withdrawals``: what was asked for, and deciding on it.

Whoever decides is named by --actor: nobody decides on what they asked for, and a large withdrawal takes two persons.
"""

from typing import Final

import click

from contracts.commands import wallet as w
from contracts.money import parse_amount
from edges.cli.decision_target import DecisionTarget, on_request
from edges.cli.options import amount_argument, method_option, reason_option, reference_option
from edges.cli.reach import own_command_id
from edges.cli.request_list import list_command
from edges.cli.wallet_target import Target, amount_of, on_wallet

REJECTED: Final = "rejected"
FAILED: Final = "failed"
RELEASED: Final = "released"


@click.group()
def deposits() -> None:
    """Deposits that players have asked for. One that nobody asked for is made by `wallet deposit`."""


@click.group()
def withdrawals() -> None:
    """Withdrawals: requested (the money is held), approved, paid out, or given back."""


deposits.add_command(list_command("deposit"))
withdrawals.add_command(list_command("withdrawal"))


@deposits.command("approve")
@on_request("deposit")
@method_option
@reference_option
def approve_deposit(target: DecisionTarget, *, method: str, reference: str) -> None:
    """Credit what was asked for."""
    target.decide(
        w.ApproveDeposit,
        "approval",
        lambda receipt: f"credited {amount_of(receipt)} of deposit {target.request_id}",
        method=method,
        reference=reference,
    )


@deposits.command("reject")
@on_request("deposit")
@reason_option
def reject_deposit(target: DecisionTarget, *, reason: str) -> None:
    """There is no such money."""
    target.decide(
        w.RejectDeposit, "rejection", lambda _: f"rejected deposit {target.request_id}", reason=reason
    )


@withdrawals.command("request")
@on_wallet
@amount_argument
@click.argument("withdrawal_id", metavar="WITHDRAWAL")
@click.option("--actor", help="Who is recorded as having asked; the wallet's owner where not given.")
@click.option("--day", default="", metavar="DATE", help="The brand's business day, where days have limits.")
def request_withdrawal(
    target: Target, *, amount: str, withdrawal_id: str, actor: str | None, day: str
) -> None:
    """Hold AMOUNT for a withdrawal with the id WITHDRAWAL."""
    target.give(
        lambda found, money: w.RequestWithdrawal(
            wallet_id=found,
            command_id=own_command_id(f"{found}:{withdrawal_id}", "withdrawal"),
            withdrawal_id=withdrawal_id,
            amount=parse_amount(amount, money),
            actor=actor or found.rpartition(":")[0],
            day=day,
        ),
        lambda receipt: f"holding {amount_of(receipt)} for withdrawal {withdrawal_id}",
    )


@withdrawals.command("approve")
@on_request("withdrawal")
def approve_withdrawal(target: DecisionTarget) -> None:
    """Approve a requested withdrawal; a large one takes a second person (another --actor)."""
    target.decide(
        w.ApproveWithdrawal,
        "approval",
        lambda receipt: (
            f"approved {amount_of(receipt)} of withdrawal {target.request_id}"
            f" ({receipt.event.approvals} of {receipt.event.needed})"
        ),
    )


@withdrawals.command("start")
@on_request("withdrawal")
@method_option
def start_payment(target: DecisionTarget, *, method: str) -> None:
    """Record that the payment of an approved withdrawal is on its way."""
    target.decide(
        w.StartWithdrawalPayment,
        "payment",
        lambda receipt: f"paying {amount_of(receipt)} of withdrawal {target.request_id}",
        method=method,
    )


@withdrawals.command("pay")
@on_request("withdrawal")
@method_option
@reference_option
def pay_withdrawal(target: DecisionTarget, *, method: str, reference: str) -> None:
    """Record that an approved withdrawal was paid out."""
    target.decide(
        w.PayOutWithdrawal,
        "payout",
        lambda receipt: f"paid out {amount_of(receipt)} of withdrawal {target.request_id}",
        method=method,
        reference=reference,
    )


@withdrawals.command("reject")
@on_request("withdrawal")
@reason_option
def reject_withdrawal(target: DecisionTarget, *, reason: str) -> None:
    """Give the held money back, before anything was paid."""
    _release(target, REJECTED, reason)


@withdrawals.command("fail")
@on_request("withdrawal")
@reason_option
def fail_withdrawal(target: DecisionTarget, *, reason: str) -> None:
    """Give the held money back, since the payment came back."""
    _release(target, FAILED, reason)


@withdrawals.command("release")
@on_request("withdrawal")
@reason_option
def release_withdrawal(target: DecisionTarget, *, reason: str) -> None:
    """Give the held money back, however far the payment had come."""
    _release(target, RELEASED, reason)


def _release(target: DecisionTarget, outcome: str, reason: str) -> None:
    target.decide(
        w.ReleaseWithdrawal,
        "release",
        lambda receipt: f"given back {amount_of(receipt)} of withdrawal {target.request_id}",
        outcome=outcome,
        reason=reason,
    )
