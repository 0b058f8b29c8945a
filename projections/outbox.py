"""The outbox: commands that projections react with, kept beside their rows and sent until the ledger has answered.

A command is stored in the transaction that moves the position past its cause, and its id is derived from that cause:
so it is sent at least once and takes effect at most once, whatever dies in between. Commands of one brand are sent
side by side; one that must follow another is the reaction to the other's event.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import psycopg
import structlog
from msgspec import Struct

from contracts.commands import AnyCommand, Command
from contracts.receipts import Receipt
from contracts.refusals import Refused, Retryable
from projections import columns
from projections.due_work import DueWork
from projections.metrics import ProjectionMetrics
from projections.projection import Reaction
from projections.sessions import Pool, brand_transaction

# A cause that is applied again, by a rebuild or after a restore, finds its commands there already.
INSERT: Final = """
insert into outbox (brand_id, command_id, projection, cause_position, command)
select %s, c.command_id, %s, c.cause_position, c.command
from unnest(%s::text[], %s::bigint[], %s::bytea[]) as c (command_id, cause_position, command)
on conflict (brand_id, command_id) do nothing
"""

SELECT_DUE: Final = """
select command_id, command, attempts from outbox
where brand_id = %s and answered_at is null and next_attempt_at <= now()
order by cause_position limit %s
"""

SELECT_NEXT_DUE: Final = """
select extract(epoch from min(next_attempt_at) - now())::float8 from outbox
where brand_id = %s and answered_at is null
"""

RECORD_ANSWER: Final = """
update outbox set answered_at = now(), answer = %s, attempts = attempts + 1, last_error = null
where brand_id = %s and command_id = %s and answered_at is null
"""

RECORD_ATTEMPT: Final = """
update outbox set attempts = attempts + 1, last_error = %s,
    next_attempt_at = now() + %s * interval '1 second'
where brand_id = %s and command_id = %s and answered_at is null
"""

SELECT_PENDING: Final = "select count(*) from outbox where brand_id = %s and answered_at is null"

Execute = Callable[[str, Command], Awaitable[Receipt]]
"""Gives the command to the brand's ledger, as ``ledger.interface.BrandLedger.execute`` does."""

log = structlog.get_logger(__name__)

_decode_command: Final[Callable[[bytes], Command]] = msgspec.json.Decoder(AnyCommand).decode


class OutboxOptions(NamedTuple):
    """Times are seconds."""

    batch_max: int = 256
    in_flight_max: int = 32
    poll_s: float = 1.0
    first_pause_s: float = 0.05
    longest_pause_s: float = 30.0


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the ledger said: a receipt, or the code and facts of a refusal. Stored as JSON."""

    receipt: Any = None
    refusal: str | None = None
    facts: dict[str, Any] = {}


async def store_reactions(
    connection: psycopg.AsyncConnection[Any], brand_id: str, projection: str, reactions: Sequence[Reaction]
) -> None:
    """Puts the commands into the outbox, within the transaction that moves the position."""
    await connection.execute(
        INSERT,
        (
            brand_id,
            projection,
            columns.texts([reaction.command.command_id for reaction in reactions]),
            columns.integers([reaction.cause_position for reaction in reactions]),
            [msgspec.json.encode(reaction.command) for reaction in reactions],
        ),
    )


async def count_pending(connection: psycopg.AsyncConnection[Any], brand_id: str) -> int:
    """Commands of the brand that the ledger has not answered yet."""
    row = await (await connection.execute(SELECT_PENDING, (brand_id,))).fetchone()
    return int(row[0]) if row else 0


class Dispatcher(DueWork):
    """Sends one brand's outbox. Two at once are harmless: a repeated command gets its first answer."""

    def __init__(
        self,
        pool: Pool,
        brand_id: str,
        execute: Execute,
        metrics: ProjectionMetrics,
        options: OutboxOptions | None = None,
    ) -> None:
        self._options = options = options or OutboxOptions()
        super().__init__(brand_id, options.poll_s)
        self._pool = pool
        self._execute = execute
        self._metrics = metrics
        self._slots = asyncio.Semaphore(options.in_flight_max)

    async def dispatch(self) -> int:
        """Sends the commands that are due, a batch at most, and records the answers; returns how many there were."""
        async with brand_transaction(self._pool, self.brand_id) as connection:
            cursor = await connection.execute(SELECT_DUE, (self.brand_id, self._options.batch_max))
            due = await cursor.fetchall()
        answered = await asyncio.gather(*(self._send(*row) for row in due))
        return sum(answered)

    async def _send(self, command_id: str, command: bytes, attempts: int) -> bool:
        async with self._slots:
            try:
                receipt = await self._execute(self.brand_id, _decode_command(command))
                answer = Answer(receipt=receipt)
                outcome = "receipt"
            except Refused as refusal:
                answer = Answer(refusal=refusal.code, facts=refusal.facts)
                outcome = "refusal"
            except Exception as error:  # noqa: BLE001 - never lost: whatever it was, it is sent again
                await self._record_failure(command_id, attempts, error)
                return False
        if outcome == "refusal":
            log.warning(
                "outbox_command_refused", brand=self.brand_id, command_id=command_id, code=answer.refusal
            )
        async with brand_transaction(self._pool, self.brand_id) as connection:
            parameters = (msgspec.json.encode(answer, enc_hook=str), self.brand_id, command_id)
            await connection.execute(RECORD_ANSWER, parameters)
        self._metrics.outbox_answers.labels(self.brand_id, outcome).inc()
        return True

    async def _record_failure(self, command_id: str, attempts: int, error: Exception) -> None:
        if not isinstance(error, Retryable):
            log.error("outbox_command_failed", brand=self.brand_id, command_id=command_id, error=repr(error))
        self._metrics.outbox_answers.labels(self.brand_id, "retry").inc()
        pause_s = min(self._options.first_pause_s * 2 ** min(attempts, 20), self._options.longest_pause_s)
        reason = repr(error)[:500].replace("\0", "\ufffd")
        async with brand_transaction(self._pool, self.brand_id) as connection:
            await connection.execute(RECORD_ATTEMPT, (reason, pause_s, self.brand_id, command_id))

    async def _next_due(self) -> float | None:
        async with brand_transaction(self._pool, self.brand_id) as connection:
            row: Any = await (await connection.execute(SELECT_NEXT_DUE, (self.brand_id,))).fetchone()
        due_s: float | None = row[0]
        return due_s
