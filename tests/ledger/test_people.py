"""People and their requests through a real writer: loaded again, answered again, all or none, one of two first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from contracts.brand_settings import MAX_LIST
from contracts.commands import Command, agent, player, staff
from contracts.commands import wallet as c
from contracts.commands.brand import ChangeBrandSettings, CreateBrand
from contracts.ids import PLATFORM_BRAND
from contracts.receipts import Receipt, Restriction
from contracts.refusals import (
    AgentCodeTaken,
    ConflictingReplay,
    CurrencyNotAllowed,
    DailyLimitReached,
    InsufficientFunds,
    InvalidCommand,
    LastAdministrator,
    PlayerAlreadyRegistered,
    PlayerStateConflict,
    Refused,
    RequestChanged,
    SettingsChanged,
    UnknownBrand,
    UnknownPlayer,
    UnknownWallet,
)
from ledger.staff import MAX_BRANDS
from ledger.writer import Writer
from tests.ledger.running import (
    creation,
    deposit,
    open_wallets,
    opening,
    read_log,
    require_whole,
    running,
    standing_by,
    until_leading,
    wallet_of,
)
from tests.ledger_process import ledger_process
from tests.servers import Database

FORGETFUL: dict[str, Any] = {"cache_bound": 2, "recent_bound": 1, "lease_poll_s": 0.01}
TODAY, TOMORROW = "2026-11-24", "2026-11-25"
ANNA, BERT = "staff:anna", "staff:bert"


def registering(name: str, **other: Any) -> player.RegisterPlayer:
    fields: dict[str, Any] = {"status": "active", "policy": "open"} | other
    return player.RegisterPlayer(command_id=f"test/register-{name}", player_id=name, **fields)


def blocking(name: str, key: str = "block") -> player.BlockPlayer:
    return player.BlockPlayer(command_id=f"test/{key}-{name}", player_id=name, reason="checks", actor=ANNA)


def adding(name: str, parent: str = "") -> agent.AddAgent:
    return agent.AddAgent(command_id=f"test/agent-{name}", agent_id=name, parent=parent, code=f"code-{name}")


def hiring(name: str, *roles: str) -> staff.AddStaff:
    return staff.AddStaff(command_id=f"test/staff-{name}", staff_id=name, roles=roles, brands=("*",))


@asynccontextmanager
async def platform(database: Database, **options: Any) -> AsyncIterator[Writer]:
    async with standing_by(database, PLATFORM_BRAND, **options) as writer:
        await until_leading(writer)
        await writer.execute(
            CreateBrand(command_id="test/create", brand_id=PLATFORM_BRAND, name="Platform", currencies=())
        )
        yield writer


async def refusal(call: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await call
    return caught.value


# --- players


async def test_players_are_loaded_again_after_they_were_pushed_out_of_memory(
    shared_database: Database, brand_id: str
) -> None:
    names = [f"p{n}" for n in range(6)]
    async with running(shared_database, brand_id, **FORGETFUL) as writer:
        await asyncio.gather(*(writer.execute(registering(name)) for name in names))
        await asyncio.gather(*(writer.execute(blocking(name)) for name in names))
        receipts = await asyncio.gather(
            *(
                writer.execute(player.ErasePlayer(command_id=f"test/e-{n}", player_id=n, reason="r"))
                for n in names
            )
        )
        assert [receipt.version for receipt in receipts] == [3] * 6
        for name in names:
            late = await refusal(writer.execute(blocking(name, "late")))
            assert isinstance(late, PlayerStateConflict)
            assert late.state == "erased"
            assert late.balance is None
    rows = await read_log(shared_database, brand_id)
    require_whole(rows, brand_id)
    assert {row.aggregate_id for row in rows} == {"brand", *(f"players/{name}" for name in names)}


async def test_players_are_loaded_again_after_a_restart(shared_database: Database, brand_id: str) -> None:
    async with running(shared_database, brand_id) as writer:
        await writer.execute(registering("p1", status="pending", policy="approval"))
    async with running(shared_database, brand_id) as writer:
        approve = player.ApprovePlayer(command_id="test/approve", player_id="p1", actor=ANNA)
        assert (await writer.execute(approve)).version == 2
        assert isinstance(await refusal(writer.execute(registering("p1", actor="x"))), ConflictingReplay)
        again = msgspec.structs.replace(registering("p1"), command_id="test/again")
        assert isinstance(await refusal(writer.execute(again)), PlayerAlreadyRegistered)
        assert isinstance(await refusal(writer.execute(blocking("p2"))), UnknownPlayer)


async def test_a_registration_is_answered_again_for_ever(shared_database: Database, brand_id: str) -> None:
    async with running(shared_database, brand_id, **FORGETFUL) as writer:
        first = await writer.execute(registering("p1", agent_id="a-1", country="MT"))
        await open_wallets(writer, range(5))
        again = await writer.execute(registering("p1", agent_id="a-1", country="MT"))
        assert (again.replayed, again.position, again.event) == (True, first.position, first.event)
        assert isinstance(
            await refusal(writer.execute(registering("p1", agent_id="a-2", country="MT"))), ConflictingReplay
        )


async def test_signing_up_with_a_wallet_is_all_or_none(shared_database: Database, brand_id: str) -> None:
    async with running(shared_database, brand_id) as writer:
        await writer.execute(registering("p1"))
        before = len(await read_log(shared_database, brand_id))
        twice = msgspec.structs.replace(registering("p1"), command_id="test/again")
        dollars = c.OpenWallet(wallet_id="player:p2:USD", command_id="test/open-usd")
        refused: list[tuple[list[Command], type[Refused]]] = [
            ([opening(1), twice], PlayerAlreadyRegistered),
            ([registering("p2"), dollars], CurrencyNotAllowed),
            ([registering("p2"), opening(2), deposit(3, 1, "nobody")], UnknownWallet),
        ]
        for group, kind in refused:
            assert isinstance(await refusal(writer.execute_all(group)), kind)
        assert len(await read_log(shared_database, brand_id)) == before
        signed_up: list[Command] = [registering("p2"), opening(2), deposit(2, 5, "gift")]
        receipts = await writer.execute_all(signed_up)
        assert [receipt.aggregate_id for receipt in receipts] == ["players/p2", wallet_of(2), wallet_of(2)]
        assert [receipt.replayed for receipt in await writer.execute_all(signed_up)] == [True] * 3
        assert (await writer.wallet(wallet_of(2))).balance.cash == 5
        blocked = await writer.execute_all([blocking("p2"), blocking("p2", "again")])
        assert [receipt.version for receipt in blocked] == [2, 3]
    require_whole(await read_log(shared_database, brand_id), brand_id)


async def test_a_player_of_a_brand_that_was_never_created_is_refused(
    shared_database: Database, brand_id: str
) -> None:
    async with standing_by(shared_database, brand_id) as writer:
        await until_leading(writer)
        assert isinstance(await refusal(writer.execute(registering("p1"))), UnknownBrand)
    assert await read_log(shared_database, brand_id) == []


async def test_a_players_aggregate_is_no_wallet(shared_database: Database, brand_id: str) -> None:
    async with running(shared_database, brand_id) as writer:
        await writer.execute(registering("p1"))
        for name in ("players/p1", "agents", "staff", "brand"):
            wrong = c.Deposit(wallet_id=name, command_id=f"test/{name}", amount=5, method="card")
            assert isinstance(await refusal(writer.execute(wrong)), UnknownWallet)
            assert isinstance(await refusal(writer.wallet(name)), UnknownWallet)


# --- the platform


async def test_agents_and_staff_are_loaded_again_after_they_were_pushed_out_and_after_a_restart(
    database: Database,
) -> None:
    async with platform(database, **FORGETFUL) as writer:
        await writer.execute_all([adding("a"), adding("b", "a"), hiring("ann", "administrator")])
        writer.aggregates.clear()
        assert (await writer.execute(adding("c", "b"))).event.level == 3
        assert isinstance(
            await refusal(
                writer.execute(msgspec.structs.replace(adding("d"), code="code-a"))
            ),
            AgentCodeTaken,
        )  # fmt: skip
    async with platform(database) as writer:
        move = agent.MoveAgent(command_id="test/move", agent_id="b", parent="")
        assert (await writer.execute(move)).event.level == 1
        assert (await writer.execute(adding("e", "c"))).event.level == 3
        fire = staff.DisableStaff(command_id="test/fire", staff_id="ann", reason="r", actor="staff:bob")
        assert isinstance(await refusal(writer.execute(fire)), LastAdministrator)
        await writer.execute_all([hiring("bob", "administrator"), fire])
        rehired = staff.EnableStaff(command_id="test/rehire", staff_id="ann", reason="r")
        assert (await writer.execute(rehired)).version == 4
    require_whole(await read_log(database, PLATFORM_BRAND), PLATFORM_BRAND)


async def test_nobody_plays_in_the_platform_and_nobody_works_in_a_brand(
    database: Database, brand_id: str
) -> None:
    async with platform(database) as writer:
        assert isinstance(await refusal(writer.execute(registering("p1"))), InvalidCommand)
        for currency in ("EUR", "USDT", ""):
            wallet = c.OpenWallet(wallet_id=f"agent:a:{currency}", command_id=f"test/open-{currency}")
            assert isinstance(await refusal(writer.execute(wallet)), CurrencyNotAllowed)
    assert len(await read_log(database, PLATFORM_BRAND)) == 1
    async with running(database, brand_id) as writer:
        for command in (adding("a"), hiring("ann", "administrator")):
            assert isinstance(await refusal(writer.execute(command)), InvalidCommand)
            assert isinstance(await refusal(writer.execute_all([opening(1), command])), InvalidCommand)
    assert len(await read_log(database, brand_id)) == 1


async def test_two_who_take_the_same_code_at_once_get_one_agent(database: Database) -> None:
    async with platform(database) as writer:
        first = agent.AddAgent(command_id="test/1", agent_id="a", parent="", code="same")
        second = agent.AddAgent(command_id="test/2", agent_id="b", parent="", code="same")
        answers = await asyncio.gather(writer.execute(first), writer.execute(second), return_exceptions=True)
        assert isinstance(answers[0], Receipt)
        assert isinstance(answers[1], AgentCodeTaken)


# --- requests


def asking(amount: int, key: str = "w", **other: Any) -> c.RequestWithdrawal:
    fields: dict[str, Any] = {"actor": "player:p1", "day": TODAY} | other
    return c.RequestWithdrawal(
        wallet_id=wallet_of(1), command_id=f"test/{key}", withdrawal_id=key, amount=amount, **fields
    )


def approving(actor: str, version: int | None = None, key: str = "w") -> c.ApproveWithdrawal:
    return c.ApproveWithdrawal(
        wallet_id=wallet_of(1),
        command_id=f"test/approve-{key}-{actor}",
        withdrawal_id=key,
        actor=actor,
        expected_version=version,
    )


def rejecting(actor: str, version: int | None = None) -> c.ReleaseWithdrawal:
    return c.ReleaseWithdrawal(
        wallet_id=wallet_of(1),
        command_id=f"test/reject-{actor}",
        withdrawal_id="w",
        reason="no",
        outcome="rejected",
        actor=actor,
        expected_version=version,
    )


def settings(key: str, **values: Any) -> ChangeBrandSettings:
    return ChangeBrandSettings(command_id=f"test/{key}", settings=values)


async def test_of_two_decisions_at_once_one_wins_and_the_other_is_told_of_it(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 100)
        await writer.execute(asking(30))
        won, lost = await asyncio.gather(
            writer.execute(approving(ANNA, 1)), writer.execute(rejecting(BERT, 1)), return_exceptions=True
        )
        assert isinstance(won, Receipt)
        assert isinstance(lost, RequestChanged)
        assert lost.facts == {"request_id": "w", "state": "approved", "version": 2, "by": ANNA}
        assert lost.balance is not None
        assert (lost.balance.cash, lost.balance.held) == (70, 30)
        again = await writer.execute(approving(ANNA, 2))
        assert (again.replayed, again.position) == (True, won.position)
        assert (await writer.execute(rejecting(BERT, 2))).event.outcome == "rejected"
    require_whole(await read_log(shared_database, brand_id), brand_id)


async def test_an_expiry_and_an_approval_at_once_are_one_of_the_two(
    shared_database: Database, brand_id: str
) -> None:
    account = {"account_id": "main", "bank": "B", "number": "1", "holder": "H", "currency": "EUR"}
    me: dict[str, Any] = {"wallet_id": wallet_of(1), "deposit_id": "d"}
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1])
        await writer.execute(settings("accounts", deposit_accounts=[account]))
        ask = c.RequestDeposit(
            **me, command_id="test/ask", amount=50, account="main", expires_us=9, actor="p"
        )
        await writer.execute(ask)
        expired, approved = await asyncio.gather(
            writer.execute(c.ExpireDeposit(**me, command_id="test/expire", actor="timer")),
            writer.execute(c.ApproveDeposit(**me, command_id="test/yes", method="sepa", actor=ANNA)),
            return_exceptions=True,
        )
        assert isinstance(expired, Receipt)
        assert isinstance(approved, RequestChanged)
        assert (approved.state, approved.by) == ("expired", "timer")
        later = msgspec.structs.replace(ask, expires_us=99)
        assert (await writer.execute(later)).replayed, "when it expires is a circumstance, not content"
        assert (await writer.wallet(wallet_of(1))).balance.cash == 0


async def test_a_request_asked_again_on_another_day_or_under_other_rules_is_the_same_request(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id, recent_bound=1) as writer:
        await open_wallets(writer, [1, 2, 3, 4], 100)
        first = await writer.execute(asking(30, day=""))
        await writer.execute(
            settings("rules", withdrawal_daily_count=0, withdrawal_max={"EUR": 1}, withdrawal_requests_max=1)
        )
        for n in range(4):
            await writer.execute(deposit(2 + n % 3, 1, f"more-{n}"))
        for day in ("", TODAY, TOMORROW):
            again = await writer.execute(asking(30, day=day))
            assert (again.replayed, again.position) == (True, first.position)
        assert isinstance(await refusal(writer.execute(asking(31))), ConflictingReplay)
        assert isinstance(await refusal(writer.execute(asking(30, actor=ANNA))), ConflictingReplay)
        assert (await writer.wallet(wallet_of(1))).balance.held == 30


async def test_rules_of_the_brand_count_for_the_very_next_request(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 100)
        first, _, second = await asyncio.gather(
            writer.execute(asking(30)),
            writer.execute(settings("rules", withdrawal_daily_max={"EUR": 50})),
            writer.execute(asking(30, "v")),
            return_exceptions=True,
        )
        assert isinstance(first, Receipt)
        assert isinstance(second, DailyLimitReached)
        stale = ChangeBrandSettings(command_id="test/stale", settings={"name": "x"}, expected_version=0)
        changed = await refusal(writer.execute(stale))
        assert isinstance(changed, SettingsChanged)
        assert changed.version == 1
        seen = msgspec.structs.replace(stale, expected_version=1)
        assert not (await writer.execute(seen)).replayed


async def test_open_requests_survive_snapshots_evictions_and_restarts(
    shared_database: Database, brand_id: str
) -> None:
    options = FORGETFUL | {"snapshot_every": 2}
    async with running(shared_database, brand_id, **options) as writer:
        await open_wallets(writer, [1, 2, 3], 100)
        await writer.execute(settings("rules", withdrawal_second_approval={"EUR": 10}))
        await writer.execute(asking(30))
        await writer.execute(approving(ANNA, 1))
        await writer.execute(
            c.RequestAdjustment(
                wallet_id=wallet_of(1), command_id="test/adj", adjustment_id="a", amount=-5, reason="fraud",
                note="n", actor=ANNA,
            )
        )  # fmt: skip
        await open_wallets(writer, range(4, 9))
    async with running(shared_database, brand_id, **options) as writer:
        assert (await writer.execute(approving(BERT, 2))).event.approvals == 2
        adjusted = await writer.execute(
            c.ApproveAdjustment(
                wallet_id=wallet_of(1), command_id="test/agree", adjustment_id="a", actor=BERT
            )
        )
        event = adjusted.event
        assert (event.amount, event.reason, event.note, event.requested_by) == (-5, "fraud", "n", ANNA)
        pay = c.PayOutWithdrawal(
            wallet_id=wallet_of(1), command_id="test/pay", withdrawal_id="w", method="sepa"
        )
        assert (await writer.execute(pay)).event.held == 0
        late = await refusal(writer.execute(rejecting(BERT)))
        assert (late.code, late.state, late.version) == ("request_changed", "paid", 4)
    wallets = require_whole(await read_log(shared_database, brand_id), brand_id)
    assert (wallets[wallet_of(1)].cash, wallets[wallet_of(1)].held) == (65, 0)


async def test_the_longest_lists_can_still_be_changed(database: Database) -> None:
    """Their events tell what they replace, so they are twice as long as the lists."""
    texts = {"bank": "\u9280" * 100, "number": "1" * 100, "holder": "\u6236" * 100, "currency": "EUR"}
    accounts: list[dict[str, Any]] = [{"account_id": f"account-{n}", **texts} for n in range(MAX_LIST)]
    async with running(database, "demo") as writer:
        await writer.execute(settings("many", deposit_accounts=accounts))
        accounts[0]["enabled"] = False
        changed = await writer.execute(settings("one off", deposit_accounts=accounts))
        assert changed.event.previous["deposit_accounts"][0]["enabled"]
        await writer.execute(registering("p1"))
        wordy = msgspec.structs.replace(blocking("p1"), reason="x" * 17_000)
        assert isinstance(await refusal(writer.execute(wordy)), InvalidCommand)
    everywhere = tuple(f"brand-{n:026}" for n in range(MAX_BRANDS))
    async with platform(database) as writer:
        await writer.execute_all([hiring("ann", "administrator"), hiring("bob", "support")])
        change = staff.ChangeStaffRights(
            command_id="test/rights", staff_id="bob", roles=("risk",), brands=everywhere
        )
        await writer.execute(change)
        again = msgspec.structs.replace(change, command_id="test/again", brands=everywhere[::-1])
        assert (await writer.execute(again)).event.previous_brands == everywhere


# --- looking at a wallet


async def test_the_view_of_a_wallet_is_of_the_day_asked_for(database: Database, tmp_path: Path) -> None:
    async with (
        ledger_process(database.dsn("writer"), tmp_path) as process,
        process.client() as client,
    ):
        await client.create_brand(creation("demo"))
        ledger = client.brand("demo")
        await ledger.execute_all([registering("p1"), opening(1), deposit(1, 100, "d")])
        await ledger.execute(settings("rules", withdrawal_daily_max={"EUR": 50}))
        await ledger.execute(asking(30))
        today, tomorrow, known = [await ledger.wallet(wallet_of(1), day) for day in (TODAY, TOMORROW, "")]
        assert today == known
        assert today.open_withdrawals == {"w": 30}
        assert today.withdrawable == 20
        assert today.restrictions == (
            Restriction(rule="held", amount=30),
            Restriction(rule="daily_amount", amount=20),
        )
        assert (tomorrow.withdrawable, tomorrow.restrictions[-1].amount) == (50, 50)
        assert isinstance(await refusal(ledger.execute(asking(21, "v"))), DailyLimitReached)
        assert (await ledger.execute(asking(50, "v", day=TOMORROW))).event.held == 80
        too_much = await refusal(ledger.execute_all(list(transfers(21))))
        assert isinstance(too_much, InsufficientFunds)
        assert isinstance(await refusal(ledger.execute(blocking("p9"))), UnknownPlayer)


def transfers(amount: int) -> tuple[c.TransferOut, c.TransferIn]:
    return c.transfer(wallet_of(1), wallet_of(2), amount, transfer_id="t", command_id="test/t")
