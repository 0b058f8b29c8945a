"""The audit of a brand's log: chain, gaps, checkpoints, double entry, and the balances people are shown.

It trusts nothing but the public key of the checkpoints: everything else is recomputed from the rows as PostgreSQL holds
them, in one consistent snapshot, as the auditor role. Findings say where: a position, or the span between the last
checkpoint that still holds and the first that does not.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from struct import Struct as Packing
from time import perf_counter
from typing import Any, Final, NamedTuple

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct
from psycopg import sql

from contracts import codec
from contracts.events.wallet import WalletEvent
from contracts.postings import BONUS, CASH, HELD, postings
from ledger import chain
from ledger.checkpoints import Checkpoint, CheckpointFiles, InvalidCheckpoint

COPY_LOG: Final = """
copy (
    select position, aggregate_id, version, type, recorded_at, payload, command_id, hash
    from events where brand_id = {brand_id} order by position
) to stdout (format binary)
"""

SELECT_END: Final = "select coalesce(max(position), 0) from events where brand_id = %s"

SELECT_BALANCES_POSITION: Final = """
select generation, position from projection_positions
where brand_id = %s and projection = 'balances' and live
"""

COPY_BALANCES: Final = """
copy (
    select wallet_id, version, cash, bonus, held from balances
    where brand_id = {brand_id} and generation = {generation}
) to stdout (format binary)
"""

MAX_FINDINGS: Final = 1000
"""Findings listed for a brand; a log with more is not worth listing further."""

_POSTGRES_EPOCH_US: Final = 946_684_800_000_000
_COPY_HEADER_BYTES: Final = 19
_FIRST: Final = Packing(">hiqi").unpack_from
_NUMBER: Final = Packing(">iqi").unpack_from
_LENGTH: Final = Packing(">i").unpack_from
_BALANCE: Final = Packing(">iqiqiqiq").unpack_from


class Finding(Struct, frozen=True):
    """Something that must not be. ``kind`` is stable; the positions span where it lies (0: the whole brand)."""

    kind: str
    first_position: int
    last_position: int
    detail: str


class AuditReport(Struct, frozen=True):
    """What an audit of one brand saw. ``verified``: nothing was found."""

    brand_id: str
    events: int
    head_position: int
    head_hash: str
    checkpoints: int
    last_checkpoint: int
    """Position up to which the log is signed."""
    wallets: int
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def verified(self) -> bool:
        return not self.findings


class Folded(NamedTuple):
    """A wallet as the postings of its events make it, in ledger units."""

    version: int
    cash: int
    bonus: int
    held: int


_NEW: Final = Folded(0, 0, 0, 0)


class Row(NamedTuple):
    """A row of the log as stored; texts are UTF-8 bytes."""

    position: int
    aggregate_id: bytes
    version: int
    type: bytes
    recorded_us: int
    payload: bytes
    command_id: bytes
    hash: bytes


def verify(
    conninfo: str,
    brand_id: str,
    checkpoints: Path,
    key: Ed25519PublicKey,
    progress: Callable[[int, int], None] | None = None,
) -> AuditReport:
    """Audits one brand (blocking). ``conninfo`` is the auditor role's; ``checkpoints`` the directory of all brands.

    ``progress`` is told (events done, events in all) now and then.
    """
    started = perf_counter()
    audit = _Audit(brand_id)
    signed = audit.read_checkpoints(CheckpointFiles(checkpoints, brand_id), key)
    with psycopg.connect(conninfo, options=f"-c tongbo.brand_id={brand_id}") as connection:
        connection.execute("set transaction isolation level repeatable read read only")
        total = _one(connection, SELECT_END, brand_id)[0]
        shown = connection.execute(SELECT_BALANCES_POSITION, (brand_id,)).fetchone()
        generation, shown_position = shown or (None, 0)
        audit.walk(
            _rows(connection, brand_id),
            signed,
            shown_position,
            lambda done: progress and progress(done, total),
        )
        if generation is not None:
            audit.compare(_balances(connection, brand_id, generation))
    return AuditReport(
        brand_id=brand_id,
        events=audit.events,
        head_position=audit.position,
        head_hash=audit.hash.hex(),
        checkpoints=len(signed),
        last_checkpoint=max(signed, default=0),
        wallets=len(audit.wallets),
        findings=tuple(audit.findings),
        seconds=perf_counter() - started,
    )


class _Audit:
    """The state of one walk over a log."""

    def __init__(self, brand_id: str) -> None:
        self.brand_id = brand_id
        self.findings: list[Finding] = []
        self.position = 0
        self.hash = chain.genesis(brand_id)
        self.events = 0
        self.wallets: dict[bytes, Folded] = {}
        self.shown: dict[bytes, Folded] = {}
        """Wallets that changed after the position of the balances, as they were at it."""
        self._others: dict[bytes, int] = {}
        self._signed_until = 0

    def find(self, kind: str, first: int, last: int, detail: str) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(kind, first, last, detail))

    def read_checkpoints(self, files: CheckpointFiles, key: Ed25519PublicKey) -> dict[int, Checkpoint]:
        signed: dict[int, Checkpoint] = {}
        try:
            for checkpoint in files.read(key):
                other = signed.setdefault(checkpoint.position, checkpoint)
                if other.hash != checkpoint.hash:
                    at = checkpoint.position
                    self.find("forked_checkpoints", at, at, "two signed checkpoints with different hashes")
        except InvalidCheckpoint as error:
            self.find("invalid_checkpoint", 0, 0, str(error))
        return signed

    def walk(
        self,
        rows: Iterator[Row],
        signed: dict[int, Checkpoint],
        shown_position: int,
        progress: Callable[[int], object],
    ) -> None:
        link = chain.link
        for row in rows:
            position = row.position
            if position != self.position + 1:
                self._gap(position)
            digest = link(
                self.hash,
                position,
                row.aggregate_id,
                row.version,
                row.type,
                row.recorded_us,
                row.payload,
                row.command_id,
            )
            if digest != row.hash:
                self.find(
                    "hash_mismatch",
                    position,
                    position,
                    "the row, or the one before it, is not as it was recorded",
                )
            self.position, self.hash = position, row.hash
            self.events += 1
            if position in signed:
                self._checkpoint(signed[position], row.hash)
            self._fold(row, past_shown=position > shown_position)
            if not position % 10_000:
                progress(position)
        end = max(signed, default=0)
        if end > self.position:
            self.find("tail_missing", self.position + 1, end, f"the log was signed up to position {end}")
        progress(self.position)

    def compare(self, balances: Iterator[tuple[bytes, Folded]]) -> None:
        """Every balance that is shown against the fold at the position it is shown for."""
        missing = dict.fromkeys(
            wallet for wallet in self.wallets if self.shown.get(wallet, self.wallets[wallet]).version
        )
        for wallet_id, balance in balances:
            folded = self.shown.get(wallet_id) or self.wallets.get(wallet_id, _NEW)
            missing.pop(wallet_id, None)
            if balance != folded:
                self.find(
                    "balance_differs",
                    0,
                    0,
                    f"{wallet_id.decode()}: shown {tuple(balance)}, in the log {tuple(folded)}",
                )
        for wallet_id in missing:
            self.find(
                "balance_missing", 0, 0, f"{wallet_id.decode()} is in the log, but not among the balances"
            )

    def _gap(self, position: int) -> None:
        if position > self.position + 1:
            self.find("rows_missing", self.position + 1, position - 1, "positions without a row")
        else:
            self.find("position_repeated", position, position, "the position does not follow the one before")

    def _checkpoint(self, checkpoint: Checkpoint, digest: bytes) -> None:
        if checkpoint.hash == digest.hex():
            self._signed_until = checkpoint.position
        else:
            self.find(
                "checkpoint_mismatch",
                self._signed_until + 1,
                checkpoint.position,
                "the log was rewritten: its hash is not the one that was signed",
            )

    def _fold(self, row: Row, *, past_shown: bool) -> None:
        position = row.position
        try:
            event = codec.decode(row.type.decode(), row.payload)
        except (codec.UndecodableEvent, UnicodeDecodeError) as error:
            self.find("undecodable", position, position, str(error))
            return
        if not isinstance(event, WalletEvent):
            self._count(row)
            return
        before = self.wallets.get(row.aggregate_id, _NEW)
        if past_shown and row.aggregate_id not in self.shown:
            self.shown[row.aggregate_id] = before
        cash, bonus, held = before.cash, before.bonus, before.held
        total = 0
        for account, amount in postings(event):
            total += amount
            if account == CASH:
                cash += amount
            elif account == BONUS:
                bonus += amount
            elif account == HELD:
                held += amount
        if row.version != before.version + 1:
            self.find("version_gap", position, position, f"version {row.version} follows {before.version}")
        if total:
            self.find("unbalanced", position, position, f"the postings sum to {total}")
        if event.cash != cash or event.bonus != bonus or event.held != held:
            self.find(
                "pockets_differ",
                position,
                position,
                "the pockets after the event are not the sum of its postings",
            )
        if cash < 0 or bonus < 0 or held < 0:
            self.find("negative_pocket", position, position, f"cash {cash}, bonus {bonus}, held {held}")
        self.wallets[row.aggregate_id] = Folded(row.version, event.cash, event.bonus, event.held)

    def _count(self, row: Row) -> None:
        before = self._others.get(row.aggregate_id, 0)
        if row.version != before + 1:
            self.find("version_gap", row.position, row.position, f"version {row.version} follows {before}")
        self._others[row.aggregate_id] = row.version


def _rows(connection: psycopg.Connection[Any], brand_id: str) -> Iterator[Row]:
    statement = sql.SQL(COPY_LOG).format(brand_id=sql.Literal(brand_id))
    for data in _copied(connection, statement):
        _, _, position, size = _FIRST(data)
        at = 18 + size
        aggregate_id = data[18:at]
        _, version, size = _NUMBER(data, at)
        at += 16
        type_name = data[at : at + size]
        at += size
        _, recorded, size = _NUMBER(data, at)
        at += 16
        payload = data[at : at + size]
        at += size
        (size,) = _LENGTH(data, at)
        at += 4
        command_id = data[at : at + size]
        digest = data[at + size + 4 :]
        yield Row(
            position,
            aggregate_id,
            version,
            type_name,
            recorded + _POSTGRES_EPOCH_US,
            payload,
            command_id,
            digest,
        )


def _balances(
    connection: psycopg.Connection[Any], brand_id: str, generation: int
) -> Iterator[tuple[bytes, Folded]]:
    statement = sql.SQL(COPY_BALANCES).format(
        brand_id=sql.Literal(brand_id), generation=sql.Literal(generation)
    )
    for data in _copied(connection, statement):
        (size,) = _LENGTH(data, 2)
        _, version, _, cash, _, bonus, _, held = _BALANCE(data, 6 + size)
        yield data[6 : 6 + size], Folded(version, cash, bonus, held)


def _copied(connection: psycopg.Connection[Any], statement: sql.Composed) -> Iterator[bytes]:
    """The rows of a binary COPY, one message each, without its header and trailer."""
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        first = True
        while message := copy.read():
            data = bytes(message)
            if first:
                data, first = data[_COPY_HEADER_BYTES:], False
            if len(data) > 2:
                yield data


def _one(connection: psycopg.Connection[Any], statement: str, *parameters: Any) -> tuple[Any, ...]:
    row = connection.execute(statement, parameters).fetchone()
    if row is None:
        raise psycopg.DataError("no row")
    return tuple(row)
