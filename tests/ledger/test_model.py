"""Random histories through the real writer on PostgreSQL, against the simplest possible ledger."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given

from contracts.commands import wallet as c
from contracts.commands.brand import ChangeBrandSettings
from contracts.receipts import Receipt
from contracts.refusals import Refused, UnknownWallet
from ledger import wallet as ledger_wallet
from ledger.entries import WriterOptions
from ledger.writer import Writer
from tests.ledger.histories import PLAYERS, crowds, histories, rules
from tests.ledger.model import Answer, Model
from tests.ledger.model_wallet import RefusedByModel, Rules
from tests.ledger.running import BET, creation, read_log, require_whole, running, until_leading, wallet_of
from tests.servers import Database

TINY: dict[str, Any] = {
    "cache_bound": 4,  # as many as the largest group touches: two transfers
    "recent_bound": 1,
    "queue_bound": 4,
    "batch_bound": 3,
    "snapshot_every": 5,
    "lease_poll_s": 0.005,
}


@pytest.fixture(autouse=True)
def _short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_wallet, "REMEMBERED_PLAYS", 3)


SETTINGS = "test/settings"


@asynccontextmanager
async def prepared(database: Database, rules: Rules) -> AsyncIterator[tuple[str, Model, Writer]]:
    """A fresh brand with open and funded wallets, in the model too."""
    brand_id, model = f"m{uuid4().hex[:20]}", Model(rules)
    async with running(database, brand_id, **TINY) as writer:
        await writer.execute(ChangeBrandSettings(command_id=SETTINGS, settings=rules.settings()))
        for player in PLAYERS:
            name = wallet_of(player)
            for command in (
                c.OpenWallet(wallet_id=name, command_id=f"test/open-{player}"),
                c.Deposit(wallet_id=name, command_id=f"test/fund-{player}", amount=60, method="card"),
            ):
                await writer.execute(command)
                model.execute(command)
        yield brand_id, model, writer


def told(receipt: Receipt) -> Answer:
    event = receipt.event
    return Answer(type(event).__name__, event.cash, event.held, receipt.replayed)


async def require_agreement(model: Model, writer: Writer, group: list[c.WalletCommand]) -> None:
    """The writer answers as the model does, whatever the answer is."""
    before = {name: wallet.cash for name, wallet in model.wallets.items()}
    try:
        expected: list[Answer] | RefusedByModel = model.execute_all(group)
    except RefusedByModel as refusal:
        expected = refusal
    answers = await asyncio.gather(
        writer.execute_all(group) if len(group) > 1 else writer.execute(group[0]), return_exceptions=True
    )
    answer = answers[0]
    if isinstance(answer, Refused):
        assert isinstance(expected, RefusedByModel), f"refused with {answer!r}, expected {expected}"
        # what is malformed was never processed: the log is not searched for an id that memory has forgotten
        malformed = (answer.code, expected.code) == ("invalid_command", "conflicting_replay")
        assert malformed or answer.code == expected.code
        assert answer.balance is None or answer.balance.cash in before.values()
        return
    if isinstance(answer, BaseException):
        raise answer
    assert [told(receipt) for receipt in (answer if isinstance(answer, tuple) else (answer,))] == expected


async def require_same_wallets(model: Model, writer: Writer) -> None:
    for player in PLAYERS:
        try:
            view = await writer.wallet(wallet_of(player))
        except UnknownWallet:
            assert wallet_of(player) not in model.wallets
            continue
        known = model.wallets[wallet_of(player)]
        assert (view.balance.cash, view.balance.held, view.balance.bonus) == (known.cash, known.held, 0)
        assert (view.max_stake, view.closed) == (known.max_stake, known.closed)
        assert view.open_withdrawals == {name: r.amount for name, r in known.open("withdrawal").items()}
        for day in ("", "2026-11-25", "2026-11-27"):
            view = await writer.wallet(wallet_of(player), day)
            assert view.withdrawable == model.withdrawable(wallet_of(player), day)


async def restarted(writer: Writer) -> Writer:
    await writer.stop()
    new = Writer(writer.brand_id, writer.events._conninfo, WriterOptions(**TINY))
    await new.start()
    await until_leading(new)
    return new


@given(history=histories, rules=rules)
async def test_any_history_gets_the_answers_of_the_model(
    shared_database: Database, history: list[Any], rules: Rules
) -> None:
    async with prepared(shared_database, rules) as (brand_id, model, first_writer):
        writer = first_writer
        sent: list[list[c.WalletCommand]] = [
            [c.CloseRound(wallet_id=wallet_of(1), command_id="acme/r", integration="acme", round_id="r1")]
        ]
        try:
            for step in history:
                if step == "restart":
                    writer = await restarted(writer)
                    continue
                if isinstance(step, int):
                    step = sent[-min(step, len(sent))]  # noqa: PLW2901
                group = step if isinstance(step, list) else [step]
                sent.append(group)
                await require_agreement(model, writer, group)
            await require_same_wallets(model, writer)
            for command, answer in model.answers.values():
                receipt = await writer.execute(command)
                assert told(receipt) == Answer(answer.kind, answer.cash, answer.held, replayed=True)
        finally:
            await writer.stop()
        rows = await read_log(shared_database, brand_id)
        wallets_now = require_whole(rows, brand_id)
        assert {name: w.cash for name, w in wallets_now.items()} == {
            name: w.cash for name, w in model.wallets.items()
        }
        accepted = {command.command_id for command, _ in model.answers.values()} | set(model.tombstones)
        stored = {row.command_id for row in rows if not row.command_id.startswith("void:")}
        assert stored == accepted | {creation(brand_id).command_id, SETTINGS}, (
            "a refused command left no event"
        )


@given(
    history=crowds,
    rules=rules,
)
async def test_whatever_was_decided_at_once_the_log_tells_one_history_that_the_model_agrees_with(
    shared_database: Database, history: list[Any], rules: Rules
) -> None:
    brand_id, model = f"m{uuid4().hex[:20]}", Model(rules)
    wide = TINY | {"queue_bound": 1_000}
    async with running(shared_database, brand_id, **wide) as writer:
        await writer.execute(ChangeBrandSettings(command_id=SETTINGS, settings=rules.settings()))
        for player in PLAYERS:
            name = wallet_of(player)
            for command in (
                c.OpenWallet(wallet_id=name, command_id=f"test/open-{player}"),
                c.Deposit(wallet_id=name, command_id=f"test/fund-{player}", amount=60, method="card"),
            ):
                await writer.execute(command)
                model.execute(command)
        calls: list[Any] = [
            writer.execute_all(step) if isinstance(step, list) else writer.execute(step)
            for step in [*history, *history[::3]]
        ]
        answers: list[Any] = await asyncio.gather(*calls, return_exceptions=True)
        wrong = [answer for answer in answers if not isinstance(answer, Receipt | tuple | Refused)]
        assert not wrong
        assert writer.pending == 0
        received = [
            (step, answer) for step, answer in zip([*history, *history[::3]], answers, strict=True)
            if not isinstance(answer, BaseException)
        ]  # fmt: skip
        accepted: dict[int, tuple[list[Any], list[Receipt]]] = {}
        for step, answer in received:
            group = step if isinstance(step, list) else [step]
            receipts = list(answer) if isinstance(answer, tuple) else [answer]
            fresh = [receipt.position for receipt in receipts if not receipt.replayed]
            if fresh:
                accepted[fresh[0]] = (group, receipts)
        for _, (group, receipts) in sorted(accepted.items()):
            assert model.execute_all(group) == [told(receipt) for receipt in receipts]
        await require_same_wallets(model, writer)
        replayed = [r for _, a in received for r in (a if isinstance(a, tuple) else (a,)) if r.replayed]
        assert all(model.answers[r.command_id][1].cash == r.event.cash for r in replayed)
    require_whole(await read_log(shared_database, brand_id), brand_id)


async def test_a_group_may_open_several_wallets(shared_database: Database, brand_id: str) -> None:
    async with running(shared_database, brand_id, cache_bound=4) as writer:
        group: list[c.WalletCommand] = [
            c.OpenWallet(wallet_id=wallet_of(n), command_id=f"test/o{n}") for n in range(4)
        ]
        group.append(c.PlaceBet(wallet_id=wallet_of(3), command_id="acme/b", amount=0, free=True, **BET))
        assert [receipt.version for receipt in await writer.execute_all(group)] == [1, 1, 1, 1, 2]
