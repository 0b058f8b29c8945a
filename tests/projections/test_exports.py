"""Exports: the whole statement, exact amounts, harmless in spreadsheets."""

import csv
import io
import json
from typing import Any

import psycopg
import pytest

from contracts.refusals import UnknownCurrency
from projections import exports
from projections.statements import Span
from tests.projections.driving import project
from tests.projections.logs import ALICE, BrandLog, bet

Connection = psycopg.AsyncConnection[Any]


async def test_exports_every_line_as_csv(log: BrandLog, projector: Connection, reader: Connection) -> None:
    log.play(bet(ALICE, "b1", 123, round_id='a,"b"'))
    await project(projector, log.brand_id)
    text = b"".join([chunk async for chunk in exports.export_csv(reader, log.brand_id, ALICE)]).decode()
    lines = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [line["kind"] for line in lines] == ["opened", "deposit", "bet"]
    assert (lines[2]["amount"], lines[2]["cash"]) == ("-0.00123", "0.09877")
    assert (lines[2]["round"], lines[2]["currency"], lines[2]["transaction"]) == ('a,"b"', "EUR", "acme/b1")


async def test_exports_every_line_as_ndjson(log: BrandLog, projector: Connection, reader: Connection) -> None:
    log.play(bet(ALICE, "b1", 123))
    await project(projector, log.brand_id)
    content = b"".join([chunk async for chunk in exports.export_ndjson(reader, log.brand_id, ALICE)])
    lines = [json.loads(line) for line in content.splitlines()]
    assert [line["kind"] for line in lines] == ["opened", "deposit", "bet"]
    assert lines[1]["amount"] == "0.10000"
    assert lines[1]["position"] == log.events[2].position


async def test_exports_long_histories_in_many_chunks(
    log: BrandLog, projector: Connection, reader: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "LINES_PER_CHUNK", 4)
    log.play(*(bet(ALICE, f"b{n}", 1) for n in range(10)))
    await project(projector, log.brand_id)
    chunks = [chunk async for chunk in exports.export_ndjson(reader, log.brand_id, ALICE)]
    assert [chunk.count(b"\n") for chunk in chunks] == [4, 4, 4]


async def test_exports_a_span(log: BrandLog, projector: Connection, reader: Connection) -> None:
    log.play(bet(ALICE, "b1", 1))
    await project(projector, log.brand_id)
    span = Span(kinds=["deposit"])
    chunks = [chunk async for chunk in exports.export_ndjson(reader, log.brand_id, ALICE, span)]
    assert b"".join(chunks).count(b"\n") == 1


async def test_a_text_that_looks_like_a_formula_is_made_harmless(
    log: BrandLog, projector: Connection, reader: Connection
) -> None:
    log.play(bet(ALICE, "b1", 1, round_id="=1+1"))
    await project(projector, log.brand_id)
    content = b"".join([chunk async for chunk in exports.export_csv(reader, log.brand_id, ALICE)])
    assert b",'=1+1," in content


async def test_an_empty_history_is_a_header_alone(log: BrandLog, reader: Connection) -> None:
    chunks = [chunk async for chunk in exports.export_csv(reader, log.brand_id, "player:nobody:EUR")]
    assert b"".join(chunks).count(b"\r\n") == 1


async def test_refuses_a_wallet_without_a_currency(log: BrandLog, reader: Connection) -> None:
    with pytest.raises(UnknownCurrency):
        [chunk async for chunk in exports.export_ndjson(reader, log.brand_id, "nonsense")]
