"""`given(events).when(command).then(events)`: how the rules of an aggregate are told in tests."""

from dataclasses import dataclass
from typing import Any, Self

import msgspec

from contracts.brand_settings import BrandSettings, changed
from contracts.commands.wallet import WalletCommand
from contracts.events.wallet import WalletEvent
from contracts.refusals import LedgerError
from ledger.brand import Brand
from ledger.wallet import Wallet, evolve
from ledger.wallet_decisions import decide
from ledger.wallet_rules import NOTHING, Context, Decision, Reference

WALLET = "player:p-1:EUR"
EUROS = 100_000
"""Ledger units of one euro."""
SETTINGS = BrandSettings(name="Demo", currencies=("EUR", "USDT"))
BRAND = Brand(brand_id="demo", version=1, settings=SETTINGS)

Past = WalletEvent | tuple[WalletEvent, str]


@dataclass
class WalletScenario:
    """A wallet with a past; events may come with the command id that they claimed."""

    wallet: Wallet | None
    brand: Brand = BRAND
    references: dict[str, Reference] | None = None
    pairs: frozenset[str] = NOTHING
    outcome: Decision | None = None
    refusal: Exception | None = None

    def in_brand(self, **settings: Any) -> Self:
        self.brand = Brand(brand_id="demo", version=1, settings=changed(SETTINGS, settings))
        return self

    def paired(self) -> Self:
        """The command comes in a group with the other half of its transfer."""
        self.pairs = frozenset({"acme/now"})
        return self

    def knowing(self, *references: str, **known: Reference) -> Self:
        """What a look at the log told; a bare id was never seen."""
        unseen = {reference: Reference("", None, rolled_back=False) for reference in references}
        self.references = {**unseen, **known}
        return self

    def when(self, command: WalletCommand) -> Self:
        before = msgspec.msgpack.encode(self.wallet)
        try:
            context = Context(self.brand, self.references or {}, self.pairs)
            self.outcome = decide(self.wallet, command, context)
        except Exception as refusal:  # noqa: BLE001 - `then_refused` tells which were expected
            self.refusal = refusal
        assert msgspec.msgpack.encode(self.wallet) == before, "a decision changes nothing by itself"
        return self

    def then(self, *events: Past) -> Wallet:
        """The decision's events, the first one under the command's own id; returns the wallet after them."""
        if self.refusal is not None:
            raise self.refusal
        assert self.outcome is not None
        expected = [event if isinstance(event, tuple) else (event, "acme/now") for event in events]
        assert list(self.outcome) == expected
        wallet = self.wallet
        for event, claim in self.outcome:
            wallet = evolve(wallet, event, WALLET, claim)
        assert wallet is not None
        return wallet

    def then_refused(self, kind: type[LedgerError], **facts: Any) -> None:
        assert self.outcome is None, f"expected a refusal, got {self.outcome}"
        assert self.refusal is not None
        if type(self.refusal) is not kind:
            raise self.refusal
        assert isinstance(self.refusal, kind)
        for name, value in facts.items():
            assert self.refusal.facts[name] == value


def given(*events: Past) -> WalletScenario:
    wallet: Wallet | None = None
    for number, item in enumerate(events):
        event, claim = item if isinstance(item, tuple) else (item, f"past/{number}")
        wallet = evolve(wallet, event, WALLET, claim)
    return WalletScenario(wallet)
