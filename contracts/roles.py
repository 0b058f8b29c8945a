"""The roles of staff, and what each may do: the one matrix that every route of the admin edge is held against."""

from collections.abc import Iterable, Mapping
from typing import Final

PERMISSIONS: Final[Mapping[str, str]] = {
    "status.read": "see the status page and the numbers of the day",
    "players.read": "search and see players, their wallets and history",
    "players.personal": "see players' personal data",
    "players.write": "invite, register, approve and reject players, change their profile and agent, write notes",
    "players.block": "block and unblock players",
    "players.reset": "reset passwords and end sessions of players",
    "players.erase": "erase a player",
    "wallets.limit": "set a wallet's maximum stake",
    "finance.read": "see the finance queue and the cash flow",
    "deposits.decide": "approve and reject deposit requests",
    "withdrawals.decide": "approve and reject withdrawal requests",
    "withdrawals.pay": "start, confirm and fail payments",
    "adjustments.request": "ask for an adjustment",
    "adjustments.decide": "approve and reject adjustments that others asked for",
    "messages.read": "see messages and inquiries",
    "messages.write": "answer inquiries and send messages",
    "content.read": "see notices, banners, banks and games",
    "content.write": "change notices, banners, banks and games",
    "brands.read": "see brands and their settings",
    "brands.write": "create brands and change settings",
    "agents.read": "see the tree of agents",
    "agents.write": "add, move, block and allow agents",
    "staff.read": "see staff and roles",
    "staff.write": "add staff, change rights, disable, reset credentials",
    "audit.read": "see the audit trail",
}
"""Every permission, and what it allows."""

_READING: Final = frozenset(name for name in PERMISSIONS if name.endswith(".read"))

ROLES: Final[Mapping[str, frozenset[str]]] = {
    "administrator": frozenset(PERMISSIONS),
    "finance_lead": frozenset(
        {
            "status.read", "players.read", "players.personal", "finance.read", "deposits.decide",
            "withdrawals.decide", "withdrawals.pay", "adjustments.request", "adjustments.decide", "messages.read",
            "audit.read", "brands.read",
        }
    ),
    "finance": frozenset(
        {
            "status.read", "players.read", "players.personal", "finance.read", "deposits.decide",
            "withdrawals.decide", "withdrawals.pay", "adjustments.request",
        }
    ),
    "support": frozenset(
        {
            "status.read", "players.read", "players.personal", "players.write", "players.reset", "messages.read",
            "messages.write", "content.read",
        }
    ),
    "risk": frozenset(
        {
            "status.read", "players.read", "players.personal", "players.write", "players.block", "wallets.limit",
            "finance.read", "audit.read",
        }
    ),
    "content": frozenset({"status.read", "content.read", "content.write", "messages.read"}),
    "agents": frozenset({"status.read", "players.read", "agents.read", "agents.write"}),
    "auditor": _READING - {"messages.read"},
}  # fmt: skip
"""What each role may do; a member of staff may do what any of their roles may."""

ADMINISTRATOR: Final = "administrator"

EVERY_BRAND: Final = "*"
"""Stands for all brands, those to come included."""


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """What somebody with these roles may do; an unknown role allows nothing."""
    return frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))
