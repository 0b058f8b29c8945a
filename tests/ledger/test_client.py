"""The client keeps the ledger's interface over HTTP: batches, rebuilds answers, retries safely, gives up in time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp import web

from contracts.commands.wallet import Deposit, PlaceBet
from contracts.http import calls
from contracts.receipts import Balance
from contracts.refusals import (
    ConflictingReplay,
    DeadlineExceeded,
    InsufficientFunds,
    InvalidCommand,
    LedgerUnavailable,
    MaxStakeExceeded,
    NotLeading,
    Overloaded,
    UnknownBrand,
    UnknownWallet,
)
from ledger.client import LedgerClient
from tests.eventually import eventually
from tests.ledger.running import bet, creation, deposit, opening, wallet_of
from tests.ledger_process import TOKEN, LedgerProcess, free_port, ledger_process, served
from tests.servers import Database


@pytest.fixture(scope="module")
async def process(
    module_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LedgerProcess]:
    directory = tmp_path_factory.mktemp("checkpoints")
    async with ledger_process(module_database.dsn("writer"), directory) as running:
        yield running


@pytest.fixture
async def client(process: LedgerProcess, brand_id: str) -> AsyncIterator[LedgerClient]:
    """A client, and a brand of the test's own."""
    async with process.client() as opened:
        await opened.create_brand(creation(brand_id))
        yield opened


class Stand:
    """A stand-in for a ledger process that answers what a test wants."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[list[Any]] = []
        self.released = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        return web.Response(body=await self.said(await request.read()), content_type=calls.MSGPACK)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        if isinstance(self.answers[0], int):
            self.requests.append([])
            return web.Response(status=self.answers[0])
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_bytes(await self.said(message.data))
        return socket

    async def said(self, asked: bytes) -> bytes:
        wanted = calls.decode_calls(asked).calls
        self.requests.append(wanted)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            await self.released.wait()
        return calls.encode([calls.answer_of(answer or Overloaded())] * len(wanted))

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/{path:.*}", self.answer)
        app.router.add_get("/{path:.*}", self.stream)
        return app


async def test_gives_the_receipts_that_the_writer_gives(client: LedgerClient, brand_id: str) -> None:
    brand = client.brand(brand_id)
    opened, funded = await brand.execute_all([opening(1), deposit(1, 500, "d")])
    assert (opened.position, funded.position) == (2, 3)
    assert funded.event.cash == 500
    assert not funded.replayed
    again = await brand.execute(deposit(1, 500, "d"))
    assert again.replayed
    assert (again.position, again.event, again.recorded_us) == (
        funded.position,
        funded.event,
        funded.recorded_us,
    )


async def test_shows_a_wallet_after_everything_acknowledged(client: LedgerClient, brand_id: str) -> None:
    brand = client.brand(brand_id)
    await brand.execute_all([opening(1), deposit(1, 500, "d")])
    view = await brand.wallet(wallet_of(1))
    assert view.balance == Balance(cash=500)
    assert view.currency == "EUR"


async def test_raises_the_same_refusal_with_its_facts_and_balance(
    client: LedgerClient, brand_id: str
) -> None:
    brand = client.brand(brand_id)
    await brand.execute_all([opening(1), deposit(1, 500, "d")])
    with pytest.raises(InsufficientFunds) as refused:
        await brand.execute(bet(1, 501, "b"))
    assert refused.value.facts == {"required": 501, "available": 500}
    assert refused.value.balance == Balance(cash=500)
    with pytest.raises(ConflictingReplay):
        await brand.execute(deposit(1, 400, "d"))
    with pytest.raises(UnknownWallet):
        await brand.wallet(wallet_of(2))


async def test_a_refused_group_changes_nothing(client: LedgerClient, brand_id: str) -> None:
    brand = client.brand(brand_id)
    await brand.execute_all([opening(1), deposit(1, 500, "d")])
    with pytest.raises(InsufficientFunds):
        await brand.execute_all([bet(1, 400, "b1"), bet(1, 400, "b2")])
    assert (await brand.wallet(wallet_of(1))).balance == Balance(cash=500)


async def test_refuses_a_brand_that_does_not_exist(client: LedgerClient) -> None:
    with pytest.raises(UnknownBrand):
        await client.brand("nobody").execute(opening(1))
    with pytest.raises(InvalidCommand):
        await client.brand("No/Brand").execute(opening(1))


async def test_creating_a_brand_again_gives_the_first_answer(client: LedgerClient, brand_id: str) -> None:
    assert (await client.create_brand(creation(brand_id))).replayed


async def test_a_malformed_command_spoils_no_other_call(client: LedgerClient, brand_id: str) -> None:
    brand = client.brand(brand_id)
    await brand.execute_all([opening(1), deposit(1, 500, "d")])
    wrong: Any = "five"
    bad = PlaceBet(
        wallet_id=wallet_of(1), command_id="t/x", integration="i", round_id="r", game_id="g", amount=wrong
    )
    good, refused = await asyncio.gather(
        brand.execute(bet(1, 1, "ok")), brand.execute(bad), return_exceptions=True
    )
    assert not isinstance(good, BaseException)
    assert isinstance(refused, InvalidCommand)


@pytest.mark.parametrize("key", ["\ud800", "x" * 2_000_000])
async def test_refuses_what_cannot_be_sent(client: LedgerClient, brand_id: str, key: str) -> None:
    command = Deposit(wallet_id=wallet_of(1), command_id=key, amount=1, method="m")
    with pytest.raises(InvalidCommand):
        await client.brand(brand_id).execute(command)


async def test_refuses_a_number_that_no_message_can_hold(client: LedgerClient, brand_id: str) -> None:
    with pytest.raises(InvalidCommand):
        await client.brand(brand_id).execute(deposit(1, 2**70, "d"))


async def test_the_same_command_from_many_clients_has_one_effect(
    process: LedgerProcess, client: LedgerClient, brand_id: str
) -> None:
    await client.brand(brand_id).execute_all([opening(1), deposit(1, 500, "d")])
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(process.client()) for _ in range(4)]
        receipts = await asyncio.gather(
            *(each.brand(brand_id).execute(bet(1, 100, "same")) for each in clients for _ in range(10))
        )
    assert len({receipt.position for receipt in receipts}) == 1
    assert sum(not receipt.replayed for receipt in receipts) == 1
    assert (await client.brand(brand_id).wallet(wallet_of(1))).balance == Balance(cash=400)


async def test_calls_of_one_turn_of_the_loop_go_in_one_request() -> None:
    stand = Stand(Overloaded())
    async with served(stand.app()) as url, LedgerClient([url], TOKEN) as client:
        brand = client.brand("acme")
        await asyncio.gather(*(brand.execute(opening(n)) for n in range(15)), return_exceptions=True)
    assert [len(request) for request in stand.requests] == [15]


async def test_calls_gather_while_two_requests_are_under_way() -> None:
    stand = Stand(None, None, Overloaded())
    async with served(stand.app()) as url, LedgerClient([url], TOKEN) as client:
        brand = client.brand("acme")
        first = asyncio.ensure_future(brand.execute(opening(1)))
        await eventually(lambda: len(stand.requests) == 1)
        second = asyncio.ensure_future(brand.execute(opening(2)))
        await eventually(lambda: len(stand.requests) == 2)
        rest = [asyncio.ensure_future(brand.execute(opening(n))) for n in range(3, 13)]
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(stand.requests) == 2
        stand.released.set()
        await asyncio.gather(first, second, *rest, return_exceptions=True)
    assert [len(request) for request in stand.requests] == [1, 1, 10]


async def test_tells_overload_at_once() -> None:
    stand = Stand(Overloaded())
    async with served(stand.app()) as url, LedgerClient([url], TOKEN) as client:
        with pytest.raises(Overloaded):
            await client.brand("acme").execute(opening(1))
    assert len(stand.requests) == 1


async def test_asks_the_next_address_where_another_process_leads(
    process: LedgerProcess, brand_id: str
) -> None:
    stand = Stand(NotLeading(brand_id=brand_id))
    async with served(stand.app()) as url, LedgerClient([url, process.url], TOKEN) as client:
        await client.create_brand(creation(brand_id))
        receipt = await client.brand(brand_id).execute(opening(1))
        assert receipt.position == 2
    assert stand.requests


async def test_asks_the_next_address_where_nobody_listens(process: LedgerProcess, brand_id: str) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    async with LedgerClient([nobody, process.url], TOKEN) as client:
        await client.create_brand(creation(brand_id))
        assert (await client.brand(brand_id).execute(opening(1))).position == 2


@pytest.mark.parametrize("answer", [500, 503, NotLeading(brand_id="acme")])
async def test_is_unavailable_when_nobody_leads_until_the_deadline(answer: Any) -> None:
    stand = Stand(answer)
    async with served(stand.app()) as url, LedgerClient([url], TOKEN, deadline_s=0.3) as client:
        with pytest.raises(LedgerUnavailable):
            await client.brand("acme").execute(opening(1))
    assert len(stand.requests) > 1


async def test_is_unavailable_at_once_with_a_token_that_is_not_accepted(process: LedgerProcess) -> None:
    async with LedgerClient([process.url], "another token") as client:
        with pytest.raises(LedgerUnavailable, match="401"):
            await client.brand("acme").execute(opening(1))
        with pytest.raises(LedgerUnavailable, match="401"):
            await client.read("/internal/meta/version")


async def test_an_answer_that_never_comes_ends_with_the_deadline() -> None:
    stand = Stand(None)
    async with served(stand.app()) as url, LedgerClient([url], TOKEN, deadline_s=0.2) as client:
        with pytest.raises(DeadlineExceeded):
            await client.brand("acme").execute(opening(1))
        stand.released.set()


async def test_a_call_is_answered_although_the_process_it_went_to_ends(
    process: LedgerProcess, client: LedgerClient, brand_id: str
) -> None:
    port = free_port()
    stand = Stand(NotLeading(brand_id=brand_id))
    async with LedgerClient([f"http://127.0.0.1:{port}", process.url], TOKEN) as other:
        async with served(stand.app(), port):
            waiting = asyncio.ensure_future(other.brand(brand_id).execute(opening(1)))
            await eventually(lambda: bool(stand.requests))
        assert (await waiting).position == 2
        assert (await client.brand(brand_id).execute(opening(1))).replayed


async def test_many_waiting_calls_are_shared_by_the_requests_under_way() -> None:
    stand = Stand(Overloaded())
    async with served(stand.app()) as url, LedgerClient([url], TOKEN) as client:
        brand = client.brand("acme")
        await asyncio.gather(*(brand.execute(opening(n)) for n in range(64)), return_exceptions=True)
    assert sorted(len(request) for request in stand.requests) == [32, 32]


async def test_closing_fails_what_is_under_way_as_unavailable() -> None:
    stand = Stand(None)
    async with served(stand.app()) as url:
        client = LedgerClient([url], TOKEN)
        async with client:
            waiting = asyncio.ensure_future(client.brand("acme").execute(opening(1)))
            await eventually(lambda: len(stand.requests) == 1)
        with pytest.raises(LedgerUnavailable):
            await waiting
        with pytest.raises(LedgerUnavailable):
            await client.brand("acme").execute(opening(1))
        stand.released.set()


async def test_a_caller_who_gives_up_disturbs_nobody(client: LedgerClient, brand_id: str) -> None:
    brand = client.brand(brand_id)
    await brand.execute_all([opening(1), deposit(1, 500, "d")])
    given_up = asyncio.ensure_future(brand.execute(bet(1, 1, "x")))
    kept = asyncio.ensure_future(brand.execute(bet(1, 2, "y")))
    await asyncio.sleep(0)
    given_up.cancel()
    assert (await kept).event.amount == 2


def test_every_refusal_survives_the_way() -> None:
    original = MaxStakeExceeded(max_stake=5, scope="brand")
    original.balance = Balance(cash=7)
    sent = calls.decode_answers(calls.encode([calls.answer_of(original)]))[0]
    rebuilt = calls.result_of(sent)
    assert type(rebuilt) is MaxStakeExceeded
    assert rebuilt.facts == original.facts
    assert rebuilt.balance == Balance(cash=7)


def test_a_code_that_is_not_known_can_only_be_asked_again() -> None:
    answer = calls.Answer(failure=calls.Failure("from_the_future", {}))
    assert isinstance(calls.result_of(answer), LedgerUnavailable)
