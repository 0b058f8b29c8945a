"""Which events somebody stands behind, and what each changed: of whom, from what, to what, and why. Pure.

What was before is taken from the event where it tells (``previous``, the pockets), else from what the same field was
last set to.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import msgspec

from contracts.events import agent as a
from contracts.events import brand as b
from contracts.events import player as p
from contracts.events import staff as s
from contracts.events import wallet as w
from contracts.postings import postings
from projections import columns
from projections.feed import Recorded

Field = tuple[str, str, str]
"""Kind and id of a subject, and the name of something it has."""

GONE: Final = object()
"""In place of a value: the field is no more."""

_NOT_CONTENT: Final = frozenset(
    {
        "actor", "reason", "cash", "bonus", "held", "player_id", "agent_id", "staff_id", "brand_id", "integration",
        "previous", "previous_roles", "previous_brands", "settings",
    }
)  # fmt: skip
"""Fields of events that are told elsewhere in an entry: who, why, whose, or what was before."""


class Entry(NamedTuple):
    """``before`` and ``after`` hold what changed, by name; None: nothing (was) there. Amounts are ledger units."""

    position: int
    recorded_us: int
    actor: str
    action: str
    subject_kind: str
    subject_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str


class Rule(NamedTuple):
    """How an entry is made of one type of event."""

    subject: str
    id_field: str = ""
    """Of the event; "": the subject is the event's aggregate."""
    sets: Callable[[Any], dict[str, Any]] = lambda _: {}
    """The subject's fields that the event sets, and that are remembered until the next time."""
    told: Callable[[Any], dict[str, Any]] = lambda _: {}
    """What the event itself tells of before."""
    took: bool = False
    """Whether the event's content is what was taken away."""


def subjects(events: Iterable[Recorded], brand_id: str) -> set[tuple[str, str]]:
    """Kind and id of everybody the events are about."""
    return {_subject(recorded, brand_id) for recorded in events}


def fold(
    events: Iterable[Recorded], brand_id: str, known: dict[Field, Any]
) -> tuple[list[Entry], dict[Field, Any]]:
    """The entries of events of ``AUDITED``, and the fields that they leave changed (or ``GONE``)."""
    values = dict(known)
    changed: dict[Field, Any] = {}
    entries = []
    for recorded in events:
        event = recorded.event
        rule = _RULES[type(event)]
        kind, subject_id = _subject(recorded, brand_id)
        before: dict[str, Any] = {}
        after = _content(event)
        for name, value, field in _settings_of(rule, event):
            place = (kind, subject_id, field)
            if place in values:
                before[name] = values[place]
            elif (kind, name) in _DEFAULTS:
                before[name] = _DEFAULTS[kind, name]
            after[name] = value
            if type(event) in _ENDS and name == "state":
                values.pop(place, None)
                changed[place] = GONE
            else:
                values[place] = changed[place] = value
        before |= rule.told(event)
        if isinstance(event, w.WalletEvent):
            _add_pockets(event, before, after)
        if rule.took:
            before, after = before | after, {}
        entries.append(
            Entry(
                position=recorded.position,
                recorded_us=recorded.recorded_us,
                actor=columns.key(event.actor),
                action=recorded.type.partition("/")[0],
                subject_kind=kind,
                subject_id=subject_id,
                before=before or None,
                after=after or None,
                reason=getattr(event, "reason", ""),
            )
        )
    return entries, changed


def _subject(recorded: Recorded, brand_id: str) -> tuple[str, str]:
    rule = _RULES[type(recorded.event)]
    if rule.subject == "brand":
        return "brand", brand_id
    subject_id = getattr(recorded.event, rule.id_field) if rule.id_field else recorded.aggregate_id
    return rule.subject, columns.key(subject_id)


def _content(event: Any) -> dict[str, Any]:
    fields = msgspec.structs.asdict(event)
    return {name: value for name, value in fields.items() if name not in _NOT_CONTENT and value != ""}


def _settings_of(rule: Rule, event: Any) -> Iterable[tuple[str, Any, str]]:
    """Name, value, and what it is remembered as."""
    for name, value in rule.sets(event).items():
        yield name, value, name
    state = _STATES.get(type(event))
    if state is not None:
        id_field, word = state
        if request_id := getattr(event, id_field):
            yield "state", word(event), columns.key(f"{id_field}:{request_id}")


def _add_pockets(event: w.WalletEvent, before: dict[str, Any], after: dict[str, Any]) -> None:
    """The pockets that the event moved anything in, before and after it."""
    for account, amount in postings(event):
        kind, _, pocket = account.partition(":")
        if kind == "wallet":
            now = getattr(event, pocket)
            before[pocket], after[pocket] = now - amount, now


def _always(word: str) -> Callable[[Any], str]:
    return lambda _: word


_DEFAULTS: Final[dict[tuple[str, str], Any]] = {
    ("player", "blocked"): None,
    ("agent", "blocked"): None,
    ("wallet", "bets_blocked"): None,
    ("wallet", "withdrawals_blocked"): None,
    ("wallet", "max_stake"): None,
    ("wallet", "closed"): False,
    ("staff", "enabled"): True,
}
"""What a subject's field is before it is ever set, where that is plain."""

_STATES: Final[dict[type, tuple[str, Callable[[Any], str]]]] = {
    w.DepositRequested: ("deposit_id", _always("requested")),
    w.Deposited: ("deposit_id", _always("credited")),
    w.DepositRejected: ("deposit_id", _always("rejected")),
    w.DepositCancelled: ("deposit_id", _always("cancelled")),
    w.DepositExpired: ("deposit_id", _always("expired")),
    w.WithdrawalRequested: ("withdrawal_id", _always("requested")),
    w.WithdrawalApproved: (
        "withdrawal_id",
        lambda event: "approved" if event.approvals >= event.needed else "requested",
    ),
    w.WithdrawalPaymentStarted: ("withdrawal_id", _always("paying")),
    w.WithdrawalPaidOut: ("withdrawal_id", _always("paid")),
    w.WithdrawalReleased: ("withdrawal_id", lambda event: str(event.outcome)),
    w.AdjustmentRequested: ("adjustment_id", _always("requested")),
    w.BalanceAdjusted: ("adjustment_id", _always("approved")),
    w.AdjustmentRejected: ("adjustment_id", _always("rejected")),
}
"""Of requests: the field with their id, and the state they are in after the event."""

_ENDS: Final = frozenset(_STATES) - {
    w.DepositRequested, w.WithdrawalRequested, w.WithdrawalApproved, w.WithdrawalPaymentStarted, w.AdjustmentRequested,
}  # fmt: skip
"""After which a request's state is of no use any more."""

_WALLET: Final = Rule("wallet")

_RULES: Final[dict[type, Rule]] = {
    p.PlayerRegistered: Rule(
        "player", "player_id", lambda event: {"status": event.status, "agent_id": event.agent_id}
    ),
    p.PlayerApproved: Rule("player", "player_id", lambda _: {"status": "active"}),
    p.PlayerRejected: Rule("player", "player_id", lambda _: {"status": "rejected"}),
    p.PlayerBlocked: Rule("player", "player_id", lambda event: {"blocked": event.reason}),
    p.PlayerUnblocked: Rule("player", "player_id", lambda _: {"blocked": None}),
    p.PlayerAssigned: Rule(
        "player",
        "player_id",
        lambda event: {"agent_id": event.agent_id},
        lambda event: {"agent_id": event.previous},
    ),
    p.PlayerPasswordReset: Rule("player", "player_id"),
    p.PlayerErased: Rule("player", "player_id", lambda _: {"status": "erased"}),
    a.AgentAdded: Rule("agent", "agent_id", lambda event: {"parent": event.parent, "level": event.level}),
    a.AgentMoved: Rule(
        "agent",
        "agent_id",
        lambda event: {"parent": event.parent, "level": event.level},
        lambda event: {"parent": event.previous},
    ),
    a.AgentBlocked: Rule("agent", "agent_id", lambda event: {"blocked": event.reason}),
    a.AgentUnblocked: Rule("agent", "agent_id", lambda _: {"blocked": None}),
    a.AgentPasswordReset: Rule("agent", "agent_id"),
    a.AgentAllowed: Rule("agent", "agent_id"),
    a.AgentDisallowed: Rule("agent", "agent_id", took=True),
    s.StaffAdded: Rule("staff", "staff_id"),
    s.StaffRightsChanged: Rule(
        "staff",
        "staff_id",
        told=lambda event: {"roles": event.previous_roles, "brands": event.previous_brands},
    ),
    s.StaffDisabled: Rule("staff", "staff_id", lambda _: {"enabled": False}),
    s.StaffEnabled: Rule("staff", "staff_id", lambda _: {"enabled": True}),
    s.StaffCredentialsReset: Rule("staff", "staff_id"),
    b.BrandCreated: Rule(
        "brand", sets=lambda event: {"name": event.name, "currencies": list(event.currencies)}
    ),
    b.BrandSettingsChanged: Rule(
        "brand", sets=lambda event: event.settings, told=lambda event: event.previous
    ),
    b.BusinessDayClosed: Rule("brand", sets=lambda event: {"day": event.day}),
    b.IntegrationAdded: Rule("integration", "integration"),
    b.IntegrationKeyAdded: Rule("integration", "integration"),
    b.IntegrationKeyRetired: Rule("integration", "integration", took=True),
    **dict.fromkeys(_STATES, _WALLET),
    w.TransferredOut: _WALLET,
    w.TransferredIn: _WALLET,
    w.StakeLimitSet: Rule("wallet", sets=lambda event: {"max_stake": event.max_stake}),
    w.WalletBlocked: Rule("wallet", sets=lambda event: {f"{event.scope}_blocked": event.reason}),
    w.WalletUnblocked: Rule("wallet", sets=lambda event: {f"{event.scope}_blocked": None}),
    w.WalletClosed: Rule("wallet", sets=lambda _: {"closed": True}),
}

AUDITED: Final = frozenset(_RULES)
"""The types of event that have an entry: all that name who is behind them."""
