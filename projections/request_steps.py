"""How each event moves a request of money on: what is known of it, step by step. Pure."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from contracts.events import wallet as w
from contracts.ids import wallet_name
from projections import columns
from projections.feed import Recorded, moment_of, moment_within_reach


class Approval(NamedTuple):
    """Somebody's consent."""

    by: str
    at: datetime


class Request(NamedTuple):
    """A request after the event at ``position``. Amounts are ledger units of ``currency``."""

    wallet_id: str
    request_id: str
    kind: str
    """``deposit``, ``withdrawal`` or ``adjustment``."""
    owner_kind: str
    owner_id: str
    currency: str
    amount: int
    state: str
    """``requested``, ``approved``, ``paying``; in the end ``credited``, ``paid``, ``approved`` (an adjustment),
    ``rejected``, ``cancelled``, ``expired``, ``failed`` or ``released``."""
    version: int
    """Steps so far, as the ledger counts them: what ``expected_version`` is compared with."""
    account: str
    day: str
    reason: str
    """Of an adjustment."""
    note: str
    method: str
    reference: str
    expires_at: datetime | None
    approvals_needed: int | None
    """Of a withdrawal, not known before the first approval."""
    approvals: tuple[Approval, ...]
    requested_at: datetime
    requested_by: str
    decided_at: datetime | None
    """When staff approved (all that was needed) or rejected it."""
    decided_by: str | None
    ended_at: datetime | None
    ended_by: str | None
    outcome_reason: str
    """Why it was rejected, failed or released."""
    requested_position: int
    position: int

    @property
    def open(self) -> bool:
        """Whether anything can still happen to it."""
        return self.ended_at is None


class Step(NamedTuple):
    """``what`` is a word of ``Request.state``; an ``approved`` may be one of two."""

    step: int
    what: str
    by: str
    at: datetime
    reason: str
    position: int


Place = tuple[str, str]
"""Wallet and request, as the keys of the tables hold them."""


class Moved(NamedTuple):
    """Requests after some events, and the steps that the events were."""

    requests: dict[Place, Request]
    steps: list[tuple[Place, Step]]


def place_of(recorded: Recorded) -> Place | None:
    """The request that an event belongs to; None if to none."""
    field = _ID_FIELDS.get(type(recorded.event))
    request_id = getattr(recorded.event, field) if field else ""
    return (recorded.aggregate_id, columns.key(request_id)) if request_id else None


def fold(events: Iterable[tuple[Place, Recorded]], known: Mapping[Place, Request]) -> Moved:
    """Applies the events. Raises ``KeyError`` for a step of a request that was never made."""
    requests = dict(known)
    steps = []
    for place, recorded in events:
        event, at = recorded.event, moment_of(recorded.recorded_us)
        kind = _REQUESTED.get(type(event))
        if kind is not None:
            request = _requested(kind, place, recorded, at)
            what, reason = "requested", request.reason
        else:
            before = requests[place]
            what, reason, changes = _CHANGES[type(event)](before, event, at)
            version, position = before.version + 1, recorded.position
            request = before._replace(version=version, position=position, **changes)
        requests[place] = request
        steps.append((place, Step(request.version, what, event.actor, at, reason, recorded.position)))
    return Moved(requests, steps)


def _requested(kind: str, place: Place, recorded: Recorded, at: datetime) -> Request:
    event = recorded.event
    owner_kind, owner_id, currency = wallet_name(place[0])
    expires_us = getattr(event, "expires_us", None)
    return Request(
        wallet_id=place[0],
        request_id=place[1],
        kind=kind,
        owner_kind=owner_kind,
        owner_id=owner_id,
        currency=currency,
        amount=event.amount,
        state="requested",
        version=1,
        account=getattr(event, "account", ""),
        day=getattr(event, "day", ""),
        reason=getattr(event, "reason", ""),
        note=getattr(event, "note", ""),
        method="",
        reference="",
        expires_at=None if expires_us is None else moment_within_reach(expires_us),
        approvals_needed=None if kind == "withdrawal" else 1,
        approvals=(),
        requested_at=at,
        requested_by=event.actor,
        decided_at=None,
        decided_by=None,
        ended_at=None,
        ended_by=None,
        outcome_reason="",
        requested_position=recorded.position,
        position=recorded.position,
    )


Change = tuple[str, str, dict[str, Any]]
"""What the step is called, its reason, and the fields that it changes."""


def _credited(request: Request, event: w.Deposited, at: datetime) -> Change:
    changes = {"method": event.method, "reference": event.reference, **_approved(request, event, at)}
    return "credited", "", {"state": "credited", **changes, **_ended(event, at)}


def _adjusted(request: Request, event: w.BalanceAdjusted, at: datetime) -> Change:
    return "approved", "", {"state": "approved", **_approved(request, event, at), **_ended(event, at)}


def _rejected(request: Request, event: Any, at: datetime) -> Change:
    changes = {
        "state": "rejected",
        "outcome_reason": event.reason,
        **_decided(event, at),
        **_ended(event, at),
    }
    return "rejected", event.reason, changes


def _cancelled(request: Request, event: w.DepositCancelled, at: datetime) -> Change:
    return "cancelled", "", {"state": "cancelled", **_ended(event, at)}


def _expired(request: Request, event: w.DepositExpired, at: datetime) -> Change:
    return "expired", "", {"state": "expired", **_ended(event, at)}


def _withdrawal_approved(request: Request, event: w.WithdrawalApproved, at: datetime) -> Change:
    changes = _approved(request, event, at) | {"approvals_needed": event.needed}
    if event.approvals >= event.needed:
        return "approved", "", {**changes, "state": "approved"}
    return "approved", "", {**changes, "decided_at": None, "decided_by": None}


def _payment_started(request: Request, event: w.WithdrawalPaymentStarted, at: datetime) -> Change:
    return "paying", "", {"state": "paying", "method": event.method}


def _paid_out(request: Request, event: w.WithdrawalPaidOut, at: datetime) -> Change:
    changes = {"state": "paid", "method": event.method, "reference": event.reference}
    return "paid", "", {**changes, **_ended(event, at)}


def _released(request: Request, event: w.WithdrawalReleased, at: datetime) -> Change:
    changes = {"state": event.outcome, "outcome_reason": event.reason, **_ended(event, at)}
    if event.outcome == "rejected":
        changes |= _decided(event, at)
    return event.outcome, event.reason, changes


def _approved(request: Request, event: Any, at: datetime) -> dict[str, Any]:
    return {"approvals": (*request.approvals, Approval(event.actor, at)), **_decided(event, at)}


def _decided(event: Any, at: datetime) -> dict[str, Any]:
    return {"decided_at": at, "decided_by": event.actor}


def _ended(event: Any, at: datetime) -> dict[str, Any]:
    return {"ended_at": at, "ended_by": event.actor}


_CHANGES: Final[dict[type, Callable[[Request, Any, datetime], Change]]] = {
    w.Deposited: _credited,
    w.DepositRejected: _rejected,
    w.DepositCancelled: _cancelled,
    w.DepositExpired: _expired,
    w.WithdrawalApproved: _withdrawal_approved,
    w.WithdrawalPaymentStarted: _payment_started,
    w.WithdrawalPaidOut: _paid_out,
    w.WithdrawalReleased: _released,
    w.BalanceAdjusted: _adjusted,
    w.AdjustmentRejected: _rejected,
}

_REQUESTED: Final[dict[type, str]] = {
    w.DepositRequested: "deposit",
    w.WithdrawalRequested: "withdrawal",
    w.AdjustmentRequested: "adjustment",
}

_ID_FIELDS: Final[dict[type, str]] = {
    w.DepositRequested: "deposit_id",
    w.Deposited: "deposit_id",
    w.DepositRejected: "deposit_id",
    w.DepositCancelled: "deposit_id",
    w.DepositExpired: "deposit_id",
    w.WithdrawalRequested: "withdrawal_id",
    w.WithdrawalApproved: "withdrawal_id",
    w.WithdrawalPaymentStarted: "withdrawal_id",
    w.WithdrawalPaidOut: "withdrawal_id",
    w.WithdrawalReleased: "withdrawal_id",
    w.AdjustmentRequested: "adjustment_id",
    w.BalanceAdjusted: "adjustment_id",
    w.AdjustmentRejected: "adjustment_id",
}

REQUEST_EVENTS: Final = frozenset(_ID_FIELDS)
"""The types of event that a request can be made, changed or ended by."""
