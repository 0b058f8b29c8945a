"""What a wallet of the model remembers, the rules of its brand, and how the model refuses."""

from dataclasses import dataclass, field
from typing import Any


class RefusedByModel(Exception):
    """The code of the refusal."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Rules:
    """The brand's settings that matter here; None is no limit."""

    deposit_min: int = 0
    deposit_max: int | None = None
    deposits_open: int = 3
    withdrawal_min: int = 0
    withdrawal_max: int | None = None
    daily_max: int | None = None
    daily_count: int | None = None
    withdrawals_open: int = 3
    second_approval: int | None = None

    def settings(self) -> dict[str, Any]:
        """As a brand is given them; ``main`` is an account to pay into, ``shut`` one that is no more."""
        account = {"bank": "B", "number": "1", "holder": "H", "currency": "EUR"}
        return {
            "deposit_accounts": [
                {"account_id": "main", **account}, {"account_id": "shut", **account, "enabled": False},
            ],
            "deposit_min": _limit(self.deposit_min),
            "deposit_max": _limit(self.deposit_max),
            "deposit_requests_max": self.deposits_open,
            "withdrawal_min": _limit(self.withdrawal_min),
            "withdrawal_max": _limit(self.withdrawal_max),
            "withdrawal_daily_max": _limit(self.daily_max),
            "withdrawal_daily_count": self.daily_count,
            "withdrawal_requests_max": self.withdrawals_open,
            "withdrawal_second_approval": _limit(self.second_approval),
        }  # fmt: skip


def _limit(units: int | None) -> dict[str, int]:
    return {} if units is None else {"EUR": units}


@dataclass
class ModelRequest:
    kind: str
    amount: int
    asked_by: str
    day: str = ""
    state: str = "requested"
    ended: bool = False
    version: int = 1
    approvers: list[str] = field(default_factory=list)


@dataclass
class ModelWallet:
    cash: int = 0
    held: int = 0
    max_stake: int | None = None
    blocked: set[str] = field(default_factory=set)
    closed: bool = False
    requests: dict[str, ModelRequest] = field(default_factory=dict)
    """Open and ended ones."""
    last_day: str = ""

    def open(self, kind: str) -> dict[str, ModelRequest]:
        """The requests of a kind that have not ended."""
        return {
            name: request
            for name, request in self.requests.items()
            if request.kind == kind and not request.ended
        }

    def spend(self, amount: int) -> None:
        if amount > self.cash:
            raise RefusedByModel("insufficient_funds")
        self.cash -= amount


def require(fact: Any, code: str) -> None:
    if not fact:
        raise RefusedByModel(code)
