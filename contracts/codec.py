"""Bytes of events: one compact JSON object per event, and a type name that carries the version.

``BetPlaced/1`` is version 1 of ``BetPlaced``. Old versions are upcast when read: ``UPCASTS`` maps an old type name to
the function that turns its decoded fields into those of the next version. ``contracts/examples`` holds a golden
example of every version, for ever.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from contracts.events import agent, brand, player, staff, wallet

CURRENT_VERSIONS: Final[dict[type, int]] = {
    wallet.WalletOpened: 1,
    wallet.Deposited: 1,
    wallet.DepositRequested: 1,
    wallet.DepositRejected: 1,
    wallet.DepositCancelled: 1,
    wallet.DepositExpired: 1,
    wallet.WithdrawalRequested: 1,
    wallet.WithdrawalApproved: 1,
    wallet.WithdrawalPaymentStarted: 1,
    wallet.WithdrawalPaidOut: 1,
    wallet.WithdrawalReleased: 1,
    wallet.BetPlaced: 1,
    wallet.WinCredited: 1,
    wallet.BetRolledBack: 1,
    wallet.WinRolledBack: 1,
    wallet.RollbackTombstoned: 1,
    wallet.RollbackRepeated: 1,
    wallet.TransactionVoided: 1,
    wallet.RoundClosed: 1,
    wallet.BalanceAdjusted: 1,
    wallet.AdjustmentRequested: 1,
    wallet.AdjustmentRejected: 1,
    wallet.TransferredOut: 1,
    wallet.TransferredIn: 1,
    wallet.StakeLimitSet: 1,
    wallet.WalletBlocked: 1,
    wallet.WalletUnblocked: 1,
    wallet.WalletClosed: 1,
    brand.BrandCreated: 1,
    brand.BrandSettingsChanged: 2,
    brand.IntegrationAdded: 1,
    brand.IntegrationKeyAdded: 1,
    brand.IntegrationKeyRetired: 1,
    brand.BusinessDayClosed: 1,
    player.PlayerRegistered: 1,
    player.PlayerApproved: 1,
    player.PlayerRejected: 1,
    player.PlayerBlocked: 1,
    player.PlayerUnblocked: 1,
    player.PlayerAssigned: 1,
    player.PlayerPasswordReset: 1,
    player.PlayerErased: 1,
    agent.AgentAdded: 1,
    agent.AgentMoved: 1,
    agent.AgentBlocked: 1,
    agent.AgentUnblocked: 1,
    agent.AgentPasswordReset: 1,
    agent.AgentAllowed: 1,
    agent.AgentDisallowed: 1,
    staff.StaffAdded: 1,
    staff.StaffRightsChanged: 1,
    staff.StaffDisabled: 1,
    staff.StaffEnabled: 1,
    staff.StaffCredentialsReset: 1,
}


def _settings_in_one_table(fields: dict[str, Any]) -> dict[str, Any]:
    """Version 1 of ``BrandSettingsChanged`` had a field for each of the four settings there were."""
    beside: dict[str, Any] = {name: fields.pop(name) for name in ("previous", "actor") if name in fields}
    return {"settings": fields, "previous": {}, **beside}


UPCASTS: Final[dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]]] = {
    "BrandSettingsChanged/1": ("BrandSettingsChanged/2", _settings_in_one_table),
}

TYPE_NAMES: Final[dict[type, str]] = {kind: f"{kind.__name__}/{v}" for kind, v in CURRENT_VERSIONS.items()}

_DECODERS: Final[dict[str, Callable[[bytes], Any]]] = {
    name: msgspec.json.Decoder(kind).decode for kind, name in TYPE_NAMES.items()
}

_TYPES: Final[dict[str, type]] = {name: kind for kind, name in TYPE_NAMES.items()}

encode: Final[Callable[[Any], bytes]] = msgspec.json.Encoder().encode
"""The canonical bytes of an event: fields in the order of its class, defaults left out, no blanks."""


class UndecodableEvent(Exception):
    """Stored bytes that are not an event this code knows: never skipped, always shouted about."""


def decode(type_name: str, payload: bytes) -> Any:
    """The event of a stored type and its bytes. Raises :class:`UndecodableEvent`."""
    decoder = _DECODERS.get(type_name)
    try:
        if decoder is not None:
            return decoder(payload)
        return _upcast(type_name, msgspec.json.decode(payload, type=dict[str, Any]))
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
        raise UndecodableEvent(f"cannot decode an event of type {type_name!r}: {error}") from error


def _upcast(type_name: str, fields: dict[str, Any]) -> Any:
    while type_name not in _TYPES:
        type_name, upcast = UPCASTS[type_name]
        fields = upcast(fields)
    return msgspec.convert(fields, _TYPES[type_name])
