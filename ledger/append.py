"""Appending to one brand's log: events laid out as one chained multi-row insert, and sent without blocking."""

import select
from struct import Struct, pack
from typing import Final, NamedTuple

import psycopg
from psycopg import pq

from ledger import chain

INSERT: Final = b"""
insert into events
    (brand_id, position, aggregate_id, version, type, recorded_at, payload, command_id, hash)
select $1, $2 + e.n, e.aggregate_id, e.version, e.type, $3, e.payload, e.command_id, e.hash
from unnest($4::text[], $5::int8[], $6::text[], $7::bytea[], $8::text[], $9::bytea[])
    with ordinality as e (aggregate_id, version, type, payload, command_id, hash, n)
"""

SELECT_HEAD: Final = """
select position, hash, (extract(epoch from recorded_at) * 1000000)::bigint
from events where brand_id = %s order by position desc limit 1
"""

SELECT_HASH: Final = "select hash from events where brand_id = %s and position = %s"

TRY_LOCK: Final = "select pg_try_advisory_lock(hashtextextended('tongbo log ' || %s, 0))"

CONNECT_TIMEOUT_S: Final = 5

READ_PATIENCE_S: Final = 2.0
"""How long a read waits for a connection."""

RECONNECT_S: Final = 0.5
"""How long a pool goes on with one attempt to connect. Its own default, minutes with growing pauses, would keep a
writer from leading long after the server is back."""

APPEND: Final = b"append"
"""Name of the prepared insert."""

_TEXT_OID: Final = 25
_BYTEA_OID: Final = 17
_INT8_OID: Final = 20
_POSTGRES_EPOCH_US: Final = 946_684_800_000_000
_INT8: Final = Struct(">q").pack
_ARRAY: Final = Struct(">iiIii").pack
_LENGTHS: Final = tuple(pack(">i", n) for n in range(4096))
_EIGHT_AND_VALUE: Final = Struct(">iq").pack
_THIRTY_TWO: Final = _LENGTHS[32]
_ALL_BINARY: Final = (1,) * 9


class Head(NamedTuple):
    """The end of a log: the last event's position (0 in an empty log), hash and time."""

    position: int
    hash: bytes
    recorded_us: int


class EventBatch:
    """Events in the order of the log, chained to what precedes them, ready to be sent as one insert."""

    __slots__ = (
        "_aggregate_ids",
        "_command_ids",
        "_hashes",
        "_payloads",
        "_types",
        "_versions",
        "count",
        "first_position",
        "hash",
        "previous",
        "recorded_us",
    )

    def __init__(self, previous: Head) -> None:
        self.previous = previous
        self.first_position = previous.position + 1
        self.recorded_us = previous.recorded_us
        self.hash = previous.hash
        self.count = 0
        self._aggregate_ids: list[bytes] = []
        self._versions: list[bytes] = []
        self._types: list[bytes] = []
        self._payloads: list[bytes] = []
        self._command_ids: list[bytes] = []
        self._hashes: list[bytes] = []

    @property
    def head(self) -> Head:
        """The end of the log once the batch is stored."""
        return Head(self.previous.position + self.count, self.hash, self.recorded_us)

    def stamp(self, now_us: int) -> None:
        """Sets the time of all its events, in microseconds since 1970-01-01 UTC; a log's time never goes back."""
        self.recorded_us = max(now_us, self.previous.recorded_us)

    def add(
        self, aggregate_id: bytes, version: int, type_name: bytes, payload: bytes, command_id: bytes
    ) -> int:
        """Appends an event and returns its position. Texts are UTF-8."""
        position = self.first_position + self.count
        self.hash = chain.link(
            self.hash, position, aggregate_id, version, type_name, self.recorded_us, payload, command_id
        )
        self.count += 1
        self._aggregate_ids += (_length(aggregate_id), aggregate_id)
        self._versions.append(_EIGHT_AND_VALUE(8, version))
        self._types += (_LENGTHS[len(type_name)], type_name)
        self._payloads += (_length(payload), payload)
        self._command_ids += (_length(command_id), command_id)
        self._hashes += (_THIRTY_TWO, self.hash)
        return position

    def parameters(self, brand_id: bytes) -> list[bytes]:
        """Binary parameters of ``INSERT``."""
        count = self.count
        return [
            brand_id,
            _INT8(self.previous.position),
            _INT8(self.recorded_us - _POSTGRES_EPOCH_US),
            _array(_TEXT_OID, count, self._aggregate_ids),
            _array(_INT8_OID, count, self._versions),
            _array(_TEXT_OID, count, self._types),
            _array(_BYTEA_OID, count, self._payloads),
            _array(_TEXT_OID, count, self._command_ids),
            _array(_BYTEA_OID, count, self._hashes),
        ]


def _length(value: bytes) -> bytes:
    size = len(value)
    return _LENGTHS[size] if size < 4096 else pack(">i", size)


def _array(oid: int, count: int, parts: list[bytes]) -> bytes:
    return _ARRAY(1, 0, oid, count, 1) + b"".join(parts)


class AppendFailed(Exception):
    """PostgreSQL refused an insert; nothing of it was stored. ``constraint`` names a violated unique key, or is ""."""

    def __init__(self, sqlstate: str, constraint: str, message: str) -> None:
        super().__init__(f"{sqlstate} {constraint} {message}".strip())
        self.sqlstate = sqlstate
        self.constraint = constraint


class AppendConnection:
    """A connection that appends batches to one brand's log and, if asked to, holds the writers' lease.

    Nothing here waits: after ``send``, call ``poll`` whenever the socket is readable (or ``wants_write`` and writable)
    until it returns True. A lost connection raises ``psycopg.OperationalError``: the outcome is then unknown.
    """

    def __init__(self, conninfo: str, brand_id: str) -> None:
        """Connects (blocking). Raises ``psycopg.OperationalError``."""
        self._brand_id = brand_id
        self._brand = brand_id.encode()
        self._connection = psycopg.connect(
            conninfo,
            autocommit=True,
            options=f"-c tongbo.brand_id={brand_id}",
            application_name="tongbo writer",
            connect_timeout=CONNECT_TIMEOUT_S,
        )
        self._pgconn = self._connection.pgconn
        prepared = self._pgconn.prepare(APPEND, INSERT)
        if prepared.status != pq.ExecStatus.COMMAND_OK:
            raise psycopg.OperationalError(prepared.get_error_message())
        self._pgconn.nonblocking = 1
        self._socket = self._pgconn.socket
        self._results: list[pq.abc.PGresult] = []
        self.wants_write = False

    def fileno(self) -> int:
        """The socket's number, also when the connection is lost and the driver would not tell any more."""
        return self._socket

    def close(self) -> None:
        """Ends the session, and with it the lease."""
        self._connection.close()

    def try_lease(self) -> bool:
        """Takes the brand's writer lease if nobody holds it (blocking). It lasts as long as the session."""
        row = self._connection.execute(TRY_LOCK, (self._brand_id,)).fetchone()
        return bool(row and row[0])

    def read_head(self) -> Head:
        """The end of the log (blocking)."""
        row = self._connection.execute(SELECT_HEAD, (self._brand_id,)).fetchone()
        return Head(*row) if row else Head(0, chain.genesis(self._brand_id), 0)

    def read_hash(self, position: int) -> bytes | None:
        """The hash at a position (blocking), or None."""
        row = self._connection.execute(SELECT_HASH, (self._brand_id, position)).fetchone()
        return bytes(row[0]) if row else None

    def send(self, batch: EventBatch) -> None:
        """Begins the insert of a batch."""
        self._pgconn.send_query_prepared(APPEND, batch.parameters(self._brand), _ALL_BINARY, result_format=1)
        self.wants_write = self._pgconn.flush() == 1

    def poll(self) -> bool:
        """Moves on without waiting; True when the batch is durable. Raises :class:`AppendFailed`."""
        pgconn = self._pgconn
        if self.wants_write:
            self.wants_write = pgconn.flush() == 1
        pgconn.consume_input()
        while not pgconn.is_busy():  # each time: the end of an answer may come later than its beginning
            result = pgconn.get_result()
            if result is None:
                return self._require_success()
            self._results.append(result)
        return False

    def _require_success(self) -> bool:
        results, self._results = self._results, []
        for result in results:
            if result.status != pq.ExecStatus.COMMAND_OK:
                raise _append_failed(result)
        if not results:
            raise psycopg.OperationalError("the connection ended without an answer")
        return True

    def check(self) -> None:
        """Notices a lost connection while nothing is under way. Raises ``psycopg.OperationalError``."""
        self._pgconn.consume_input()

    def append(self, batch: EventBatch) -> None:
        """``send`` and wait until it is durable (blocking)."""
        self.send(batch)
        while not self.poll():
            select.select([self], [self] if self.wants_write else [], [])


def _append_failed(result: "pq.abc.PGresult") -> Exception:
    def text(code: pq.DiagnosticField) -> str:
        return (result.error_field(code) or b"").decode(errors="replace")

    sqlstate = text(pq.DiagnosticField.SQLSTATE)
    if not sqlstate or sqlstate.startswith(("57P", "08")):
        return psycopg.OperationalError(text(pq.DiagnosticField.MESSAGE_PRIMARY) or "the connection was lost")
    return AppendFailed(
        sqlstate, text(pq.DiagnosticField.CONSTRAINT_NAME), text(pq.DiagnosticField.MESSAGE_PRIMARY)
    )
