"""Deciding: what a command does, found out in memory the moment it arrives, against cached aggregates.

What is decided stands in the open batch at once; ``ledger.committing`` makes it durable and gives the answer. What
memory does not hold is asked for at ``ledger.loading``, and the entry is decided when it is there.
"""

import time
from typing import TYPE_CHECKING, Any, Final, cast

import structlog

from contracts import codec
from contracts.commands import Command
from contracts.commands.brand import BrandCommand
from contracts.commands.wallet import WalletCommand
from contracts.events.brand import BrandSettingsChanged
from contracts.events.staff import StaffAdded, StaffRightsChanged
from contracts.ids import BRAND_AGGREGATE_ID, check_command_id, void_id
from contracts.receipts import Balance, Receipt
from contracts.refusals import InvalidCommand, LedgerUnavailable, Refused, UnknownBrand, UnknownWallet
from ledger import brand as brands
from ledger import wallet_decisions
from ledger.aggregates import decide_on_people, evolve
from ledger.application import snapshot_of
from ledger.brand import Brand
from ledger.entries import Entry, State
from ledger.groups import Group, Staged
from ledger.replays import replay
from ledger.wallet import Wallet
from ledger.wallet_rules import NOTHING, Context, Reference, ReferenceNeeded
from ledger.wallet_transfers import paired_transfers
from ledger.withdrawable import view_of

if TYPE_CHECKING:
    from ledger.writer import Writer

log = structlog.get_logger(module="ledger.deciding")

MAX_PAYLOAD_BYTES: Final = 16_384
"""Of one event; ids and texts have no bound of their own here."""

MAX_LISTS_BYTES: Final = 262_144
"""Of one that tells a whole list and the one it replaced: else a list half as long could not be changed any more."""

_WITH_LISTS: Final = (BrandSettingsChanged, StaffAdded, StaffRightsChanged)

_TYPE_BYTES: Final = {kind: name.encode() for kind, name in codec.TYPE_NAMES.items()}


class _Missing(Exception):
    """Aggregates have to be loaded before the entry can be decided."""

    def __init__(self, *aggregate_ids: str) -> None:
        super().__init__(*aggregate_ids)
        self.aggregate_ids = aggregate_ids


class Decider:
    """Decides the entries of one writer, one after the other, and records what comes of them."""

    def __init__(self, writer: "Writer") -> None:
        self._writer = writer
        self._committer = writer.committer
        self._aggregates = writer.aggregates
        self._recent = writer.recent
        self._metrics = writer.metrics
        self._brand_id = writer.brand_id
        self._snapshot_every = writer.options.snapshot_every
        self._recording = False
        self.brand: Brand | None = None
        """What settings and integrations decisions look at; None until the brand was created."""
        self._context = Context(Brand(brand_id=writer.brand_id))

    def advance(self, entry: Entry, absent: frozenset[str] = frozenset()) -> None:
        """Decides an entry, or begins to fetch what that takes. ``absent``: aggregates just found not to exist."""
        if entry.future.done():  # given up by its caller, or too late
            self._committer.answer(entry)
            return
        if self._writer.state is State.RECOVERING:  # nothing in memory can be decided on now
            self._writer.backlog.append(entry)
            return
        entry.error = None
        try:
            self._decide(entry, absent)
        except _Missing as missing:
            self._writer.loader.want_aggregates(missing.aggregate_ids, entry)
        except ReferenceNeeded as needed:
            self._resolve(entry, needed.reference, absent)
        except Refused as refusal:
            # It may have been processed before, longer ago than memory goes: then its first answer counts.
            looked_up = self._writer.loader.looked_up(entry)
            unknown = [c.command_id for c in entry.commands if c.command_id not in looked_up]
            if unknown and not isinstance(refusal, InvalidCommand):
                self._writer.loader.want_commands(unknown, entry)
                return
            self._metrics.refuse(refusal.code)
            entry.error = refusal
            self._committer.attach(entry)
        except Exception as error:
            log.exception("undecidable", brand=self._brand_id)
            self._committer.fail(entry, LedgerUnavailable(reason=type(error).__name__))
            if self._recording:  # half recorded: nothing in memory can be trusted
                self._recording = False
                self._writer.recovery.begin(error)

    def _decide(self, entry: Entry, absent: frozenset[str]) -> None:
        if len(entry.commands) == 1:
            self._decide_one(entry, entry.commands[0], absent)
        elif entry.commands:
            self._decide_group(entry, absent)
        elif entry.look is not None:
            wallet = self._aggregate(entry.look.wallet_id, absent)
            if type(wallet) is not Wallet:
                raise UnknownWallet(wallet_id=entry.look.wallet_id)
            entry.receipts = view_of(wallet, self._context.brand.settings, entry.look.day)
            self._committer.attach(entry)

    def _decide_one(self, entry: Entry, command: Command, absent: frozenset[str]) -> None:
        aggregate_id = command.aggregate_id
        first = self._recent.get(command.command_id)
        if first is not None:
            try:
                entry.receipts = (replay(command, first),)
            except Refused as refusal:
                refusal.balance = _balance(self._aggregate(aggregate_id, absent))
                raise
            self._metrics.replayed.inc()
            self._committer.attach(entry)
            return
        state = self._aggregate(aggregate_id, absent)
        try:
            decision = self._rule(state, command, entry.references)
            encoded = _encoded(decision)
        except Refused as refusal:
            refusal.balance = _balance(state)
            raise
        entry.receipts = (self._record(aggregate_id, state, decision, encoded),)
        self._committer.open.entries.append(entry)
        self._committer.schedule_flush()

    def _decide_group(self, entry: Entry, absent: frozenset[str]) -> None:
        wanted = dict.fromkeys(command.aggregate_id for command in entry.commands)
        wanted.pop(BRAND_AGGREGATE_ID, None)
        if not all(aggregate_id in absent or self.knows(aggregate_id) for aggregate_id in wanted):
            raise _Missing(*wanted)  # all at once: what one fetch finds, the next may have pushed out again
        group = Group(self._brand_id, entry.references, paired_transfers(entry.commands))
        receipts: list[Receipt | None] = []
        for command in entry.commands:
            try:
                receipts.append(self._stage(group, command, len(receipts), absent))
            except Refused as refusal:
                state = group.before.get(command.aggregate_id) or self._aggregate(
                    command.aggregate_id, absent
                )
                refusal.balance = _balance(state)
                raise
        for place, aggregate_id, decision, encoded in group.decisions:  # nothing can be refused any more
            receipts[place] = self._record(aggregate_id, group.before[aggregate_id], decision, encoded)
            group.before[aggregate_id] = self._committer.open.touched[aggregate_id]
        entry.receipts = tuple(receipts)
        if group.decisions:
            self._committer.open.entries.append(entry)
            self._committer.schedule_flush()
        else:
            self._committer.attach(entry)

    def _stage(self, group: Group, command: Command, place: int, absent: frozenset[str]) -> Receipt | None:
        """Decides one command of a group; returns its receipt if it was processed before."""
        first = self._recent.get(command.command_id)
        if first is not None:
            again = replay(command, first)
            self._metrics.replayed.inc()
            return again
        aggregate_id = command.aggregate_id
        if aggregate_id not in group.states:
            group.bring(aggregate_id, self._aggregate(aggregate_id, absent))
        group.require_unclaimed(command.command_id)
        decision = self._rule(group.states[aggregate_id], command, group.references, group.paired)
        group.stage(Staged(place, aggregate_id, decision, _encoded(decision)))
        return None

    def _rule(
        self,
        state: Any,
        command: Command,
        references: dict[str, Reference],
        paired: frozenset[str] = NOTHING,
    ) -> Any:
        check_command_id(command.command_id)
        if isinstance(command, BrandCommand):
            return brands.decide(state, self._brand_id, command)
        if self.brand is None:
            raise UnknownBrand(brand_id=self._brand_id)
        if not isinstance(command, WalletCommand):
            return decide_on_people(state, command, self._brand_id)
        if state is not None and type(state) is not Wallet:
            raise UnknownWallet(wallet_id=command.wallet_id)
        context = Context(self.brand, references, paired) if references or paired else self._context
        return wallet_decisions.decide(state, command, context)

    def _record(self, aggregate_id: str, state: Any, decision: Any, encoded: list[bytes]) -> Receipt:
        batch = self._committer.open
        first: Receipt | None = None
        version = 0
        self._recording = True
        raw_id = aggregate_id.encode()
        if not batch.count:
            batch.stamp(time.time_ns() // 1000)
        young = self._recent.young
        for (event, claim), payload in zip(decision, encoded, strict=True):
            state = evolve(state, event, aggregate_id, claim, self._brand_id)
            version = state.version
            position = batch.add(raw_id, version, _TYPE_BYTES[type(event)], payload, claim.encode())
            receipt = Receipt(
                command_id=claim,
                position=position,
                aggregate_id=aggregate_id,
                version=version,
                recorded_us=batch.recorded_us,
                event=event,
            )
            young[claim] = receipt
            batch.claimed.append(claim)
            first = first or receipt
            if version % self._snapshot_every == 0 and type(state) is Wallet:
                batch.snapshots.append(snapshot_of(state))
        if version == len(decision) and aggregate_id != BRAND_AGGREGATE_ID:
            self._aggregates.cached.put(aggregate_id, state)
        batch.touched[aggregate_id] = state
        if aggregate_id == BRAND_AGGREGATE_ID:
            self.use_brand(state)
        self._recording = False
        return cast(Receipt, first)

    def use_brand(self, brand: Brand | None) -> None:
        """The brand whose settings decisions look at from now on."""
        self.brand = brand
        self._context = Context(brand or Brand(brand_id=self._brand_id))

    def _aggregate(self, aggregate_id: str, absent: frozenset[str]) -> Any:
        if aggregate_id == BRAND_AGGREGATE_ID:
            return self.brand
        try:
            return self._aggregates.cached.get(aggregate_id)
        except KeyError:
            pass
        # It may have been evicted with events that the database does not show yet.
        for batch in (self._committer.open, self._committer.committing):
            if batch is not None and aggregate_id in batch.touched:
                state = batch.touched[aggregate_id]
                self._aggregates.cached.put(aggregate_id, state)
                return state
        if aggregate_id in absent:
            return None
        raise _Missing(aggregate_id)

    def knows(self, aggregate_id: str) -> bool:
        """Whether the aggregate is in memory, as it is after everything decided."""
        committing = self._committer.committing
        return (
            aggregate_id in self._aggregates.cached.cache
            or aggregate_id in self._committer.open.touched
            or (committing is not None and aggregate_id in committing.touched)
        )

    def _resolve(self, entry: Entry, reference: str, absent: frozenset[str]) -> None:
        """Tells the entry what became of a transaction that its wallet remembers no more."""
        void = void_id(reference)
        if void not in self._writer.loader.looked_up(entry) and self._recent.get(void) is None:
            self._writer.loader.want_commands((reference, void), entry)
            return
        first = self._recent.get(reference)
        entry.references[reference] = Reference(
            wallet_id=first.aggregate_id if first else "",
            event=first.event if first else None,
            rolled_back=self._recent.get(void) is not None,
        )
        self.advance(entry, absent)


def _encoded(decision: Any) -> list[bytes]:
    """The bytes of a decision's events. Raises :class:`InvalidCommand` for text that no table could hold."""
    try:
        encoded = [codec.encode(event) for event, _ in decision]
    except UnicodeEncodeError:
        raise InvalidCommand(reason="a text is not valid") from None
    for payload in encoded:
        if b"\\u0000" in payload:
            raise InvalidCommand(reason="a text contains NUL")
        if len(payload) > MAX_PAYLOAD_BYTES:
            most = MAX_LISTS_BYTES if isinstance(decision[0][0], _WITH_LISTS) else MAX_PAYLOAD_BYTES
            if len(payload) > most:
                raise InvalidCommand(reason=f"its event would be longer than {most} bytes")
    return encoded


def _balance(state: Any) -> Balance | None:
    return state.balance() if type(state) is Wallet else None
