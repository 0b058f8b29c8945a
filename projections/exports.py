"""A wallet's statement as a file, CSV or NDJSON, streamed through a server-side cursor and never held in memory.

Amounts are plain decimals in main units with every decimal the ledger keeps, so that nothing is lost or rounded.
"""

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final

import msgspec
import psycopg

from contracts.money import Currency, currency_of, format_amount
from projections.statements import EVERYTHING, WHOLE, Span, StatementLine, select_lines

LINES_PER_CHUNK: Final = 1000

HEADER: Final = (
    "position", "time", "wallet", "currency", "kind", "amount", "held_amount", "cash", "bonus", "held",
    "integration", "round", "game", "reference", "transaction",
)  # fmt: skip

# Spreadsheets run cells that begin so as formulas, and providers choose some of our texts (CWE-1236).
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


async def export_csv(
    connection: psycopg.AsyncConnection[Any], brand_id: str, wallet_id: str, span: Span = EVERYTHING
) -> AsyncIterator[bytes]:
    """Chunks of an UTF-8 CSV file (RFC 4180) with a header line, the oldest line first."""
    yield _csv([HEADER])
    async for chunk in _chunks(connection, brand_id, wallet_id, span, _csv_lines):
        yield chunk


async def export_ndjson(
    connection: psycopg.AsyncConnection[Any], brand_id: str, wallet_id: str, span: Span = EVERYTHING
) -> AsyncIterator[bytes]:
    """Chunks of newline-delimited JSON objects, the oldest line first. Amounts are strings."""
    async for chunk in _chunks(connection, brand_id, wallet_id, span, _json_lines):
        yield chunk


async def _chunks(
    connection: psycopg.AsyncConnection[Any],
    brand_id: str,
    wallet_id: str,
    span: Span,
    render: Callable[[Sequence[tuple[Any, ...]]], bytes],
) -> AsyncIterator[bytes]:
    currency = currency_of(wallet_id.rpartition(":")[2])
    async with connection.transaction():
        statement, parameters = await select_lines(connection, brand_id, wallet_id, span)
        async with connection.cursor(name="statement_export") as cursor:
            await cursor.execute(statement + WHOLE, parameters)
            while rows := await cursor.fetchmany(LINES_PER_CHUNK):
                yield render([_cells(StatementLine(*row), currency) for row in rows])


def _cells(line: StatementLine, currency: Currency) -> tuple[Any, ...]:
    amounts = (line.amount, line.held_amount, line.cash, line.bonus, line.held)
    return (
        line.position,
        line.recorded_at.isoformat(timespec="microseconds"),
        line.wallet_id,
        currency.code,
        line.kind,
        *(format_amount(units, currency, currency.scale) for units in amounts),
        line.integration,
        line.round_id,
        line.game_id,
        line.reference,
        line.command_id,
    )


def _csv_lines(lines: Sequence[tuple[Any, ...]]) -> bytes:
    # Amounts may begin with a minus; only texts that others chose are made harmless.
    return _csv([(*line[:10], *map(_harmless, line[10:])) for line in lines])


def _json_lines(lines: Sequence[tuple[Any, ...]]) -> bytes:
    return msgspec.json.Encoder().encode_lines([dict(zip(HEADER, line, strict=True)) for line in lines])


def _csv(lines: Sequence[tuple[Any, ...]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
