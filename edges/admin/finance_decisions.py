"""Deciding on deposits and withdrawals: one command each, with the version that was seen; the ledger tells who won."""

from collections.abc import Callable
from typing import Any, Final, Literal

from aiohttp import web
from marshmallow import Schema

from contracts.commands.wallet import (
    ApproveDeposit,
    ApproveWithdrawal,
    PayOutWithdrawal,
    RejectDeposit,
    ReleaseWithdrawal,
    StartWithdrawalPayment,
    WalletCommand,
)
from contracts.http.admin.finance import (
    ApproveDepositSchema,
    ApproveSchema,
    DecisionSchema,
    PaidSchema,
    RefuseSchema,
    StartPaymentSchema,
)
from edges.admin.money_requests import decide, require_request
from edges.admin.paths import BRAND_PATH
from edges.api.answers import document
from edges.api.callers import caller_of
from edges.api.reading import body_of
from edges.api.write_keys import WRITE
from edges.problems import Handler
from edges.routes import Route

DEPOSIT_PATH: Final = f"{BRAND_PATH}/finance/deposits/{{request}}"
WITHDRAWAL_PATH: Final = f"{BRAND_PATH}/finance/withdrawals/{{request}}"


async def approve_deposit(request: web.Request) -> web.Response:
    """Credits what was asked for."""
    return await _decide(request, "deposit", "approve", ApproveDepositSchema, ApproveDeposit)


async def reject_deposit(request: web.Request) -> web.Response:
    """There is no such money."""
    return await _decide(request, "deposit", "reject", RefuseSchema, RejectDeposit)


async def approve_withdrawal(request: web.Request) -> web.Response:
    """One person's consent; above the brand's threshold it takes another one's, too."""
    return await _decide(request, "withdrawal", "approve", ApproveSchema, ApproveWithdrawal)


async def reject_withdrawal(request: web.Request) -> web.Response:
    """Gives the held amount back."""
    return await _decide(request, "withdrawal", "reject", RefuseSchema, ReleaseWithdrawal, outcome="rejected")


async def start_payment(request: web.Request) -> web.Response:
    """The payment is on its way."""
    return await _decide(request, "withdrawal", "start", StartPaymentSchema, StartWithdrawalPayment)


async def confirm_payment(request: web.Request) -> web.Response:
    """The payment has arrived."""
    return await _decide(request, "withdrawal", "paid", PaidSchema, PayOutWithdrawal)


async def fail_payment(request: web.Request) -> web.Response:
    """The payment came back: so does the held amount."""
    return await _decide(request, "withdrawal", "failed", RefuseSchema, ReleaseWithdrawal, outcome="failed")


def _route(path: str, handler: Handler, summary: str, schema: type[Schema], permission: str) -> Route:
    return Route(
        "POST",
        path,
        handler,
        summary,
        {200: DecisionSchema},
        request=schema,
        permission=permission,
        problems=(403, 404, 409, 422),
    )


ROUTES: Final[tuple[Route, ...]] = (
    _route(
        f"{DEPOSIT_PATH}/approve",
        approve_deposit,
        "Credit a deposit",
        ApproveDepositSchema,
        "deposits.decide",
    ),
    _route(f"{DEPOSIT_PATH}/reject", reject_deposit, "Reject a deposit", RefuseSchema, "deposits.decide"),
    _route(
        f"{WITHDRAWAL_PATH}/approve",
        approve_withdrawal,
        "Approve a withdrawal",
        ApproveSchema,
        "withdrawals.decide",
    ),
    _route(
        f"{WITHDRAWAL_PATH}/reject",
        reject_withdrawal,
        "Reject a withdrawal",
        RefuseSchema,
        "withdrawals.decide",
    ),
    _route(
        f"{WITHDRAWAL_PATH}/start-payment",
        start_payment,
        "Say that a withdrawal is being paid",
        StartPaymentSchema,
        "withdrawals.pay",
    ),
    _route(
        f"{WITHDRAWAL_PATH}/paid",
        confirm_payment,
        "Say that a withdrawal has been paid",
        PaidSchema,
        "withdrawals.pay",
    ),
    _route(
        f"{WITHDRAWAL_PATH}/failed",
        fail_payment,
        "Say that a payment has failed",
        RefuseSchema,
        "withdrawals.pay",
    ),
)


async def _decide(
    request: web.Request,
    kind: Literal["deposit", "withdrawal"],
    what: str,
    schema: type[Schema],
    command: Callable[..., WalletCommand],
    **more: Any,
) -> web.Response:
    """The fields of each schema are called as those of its command."""
    fields = await body_of(request, schema)
    found = await require_request(request, kind)
    wish = command(
        wallet_id=found.wallet_id,
        command_id=request[WRITE].command_id(what),
        actor=caller_of(request).actor,
        **{f"{kind}_id": found.request_id},
        **fields,
        **more,
    )
    return document(await decide(request, kind, wish, fields["expected_version"] + 1))
