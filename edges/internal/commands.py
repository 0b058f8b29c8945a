"""Calls to the ledger over HTTP: many at once in msgpack, as our own processes send them, or in JSON for people."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from contracts.commands.brand import CreateBrand
from contracts.http import calls
from contracts.http.ledger import NewBrandSchema
from contracts.ids import check_brand_id, creation_id
from contracts.refusals import InvalidCommand, LedgerError, LedgerUnavailable
from edges.internal.keys import LEDGER, STREAMS
from edges.logs import get_logger
from edges.problems import Problem
from ledger.service import LedgerService
from ledger.writer import Writer

log = get_logger(__name__)

_TO_JSON: Final = msgspec.json.Encoder().encode

_NUMBER_OF_CALLS: Final = f"a request has 1 to {calls.MAX_CALLS} calls"


async def give_commands(request: web.Request) -> web.Response:
    """Answers every call of the request, when all of them can be answered."""
    brand_id = check_brand_id(request.match_info["brand"])
    raws, as_json = await _read_calls(request)
    decode = calls.decode_call_json if as_json else calls.decode_call
    return _response(await _results(request.app[LEDGER], brand_id, decode, raws), as_json=as_json)


async def stream_commands(request: web.Request) -> web.WebSocketResponse:
    """The same calls and answers, in msgpack, as messages of a WebSocket: what our own processes use."""
    brand_id = check_brand_id(request.match_info["brand"])
    socket = web.WebSocketResponse(max_msg_size=calls.MAX_REQUEST_BYTES, compress=False)
    await socket.prepare(request)
    request.app[STREAMS].add(socket)
    try:
        async for message in socket:
            if message.type is not WSMsgType.BINARY:
                await socket.close(code=WSCloseCode.UNSUPPORTED_DATA)
                break
            await _answer_message(request.app[LEDGER], brand_id, message.data, socket)
    except ConnectionError:  # the other side went away while it was being answered, and asks again
        log.info("stream_broken", brand=brand_id)
    finally:
        request.app[STREAMS].discard(socket)
    return socket


async def _answer_message(
    service: LedgerService, brand_id: str, content: bytes, socket: web.WebSocketResponse
) -> None:
    try:
        raws = calls.decode_calls(content).calls
    except msgspec.MsgspecError:
        await socket.close(code=WSCloseCode.INVALID_TEXT)
        return
    if not _are_as_many_as_allowed(raws):
        await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=_NUMBER_OF_CALLS.encode())
        return
    results = await _results(service, brand_id, calls.decode_call, raws)
    await socket.send_bytes(calls.encode([calls.answer_of(result) for result in results]))


async def show_wallet(request: web.Request) -> web.Response:
    """One wallet, after everything that was acknowledged."""
    brand_id = check_brand_id(request.match_info["brand"])
    view = await request.app[LEDGER].brand(brand_id).wallet(request.match_info["wallet_id"])
    return web.Response(body=_TO_JSON(view), content_type=calls.JSON)


async def create_brand(request: web.Request) -> web.Response:
    """Begins a brand's log; repeating it is answered with the first receipt."""
    if request.content_type == calls.MSGPACK:
        raws, _ = await _read_calls(request)
        results = [await _create(raw, request) for raw in raws]
        return _response(results, as_json=False)
    body = _json(await request.read())
    fields: dict[str, Any] = NewBrandSchema().load(body)
    command = CreateBrand(
        command_id=creation_id(fields["brand_id"]),
        brand_id=fields["brand_id"],
        name=fields["name"],
        currencies=tuple(fields["currencies"]),
        actor="internal",
    )
    receipt = await request.app[LEDGER].create_brand(command)
    document = calls.document_of(calls.answer_of((receipt,)))["receipts"][0]
    return web.Response(
        status=200 if receipt.replayed else 201, body=_TO_JSON(document), content_type=calls.JSON
    )


async def _create(raw: msgspec.Raw, request: web.Request) -> Any:
    try:
        call = calls.decode_call(raw)
        if len(call.commands) != 1 or not isinstance(call.commands[0], CreateBrand):
            return InvalidCommand(reason="a CreateBrand, alone")
        return (await request.app[LEDGER].create_brand(call.commands[0]),)
    except msgspec.MsgspecError as error:
        return InvalidCommand(reason=str(error))
    except LedgerError as error:
        return error


async def _read_calls(request: web.Request) -> tuple[list[msgspec.Raw], bool]:
    content_type = request.content_type
    if content_type not in {calls.MSGPACK, calls.JSON}:
        raise web.HTTPUnsupportedMediaType
    body = await request.read()
    as_json = content_type == calls.JSON
    try:
        raws = (calls.decode_calls_json if as_json else calls.decode_calls)(body).calls
    except msgspec.MsgspecError as error:
        raise Problem(400, "invalid_request", "not a request with calls", reason=str(error)) from error
    if not _are_as_many_as_allowed(raws):
        raise Problem(400, "invalid_request", _NUMBER_OF_CALLS)
    return raws, as_json


def _are_as_many_as_allowed(raws: Sequence[msgspec.Raw]) -> bool:
    return 0 < len(raws) <= calls.MAX_CALLS


async def _results(
    service: LedgerService,
    brand_id: str,
    decode: Callable[[msgspec.Raw], calls.Call],
    raws: Sequence[msgspec.Raw],
) -> list[Any]:
    """The result of every call: receipts, a wallet or an error."""
    try:
        writer = await service.writer(brand_id)
    except LedgerError as error:
        return [error] * len(raws)
    with writer.together():
        under_way = [_begin(writer, decode, raw) for raw in raws]
    return [await _settled(result) for result in under_way]


def _begin(writer: Writer, decode: Callable[[msgspec.Raw], calls.Call], raw: msgspec.Raw) -> Any:
    """Decides a call now: a future of its result, or the error that keeps it from being one."""
    try:
        call = decode(raw)
        return writer.submit(call.commands) if call.commands else writer.look(call.wallet_id, call.day)
    except msgspec.MsgspecError as error:
        return InvalidCommand(reason=str(error))
    except LedgerError as error:
        return error


async def _settled(result: Any) -> Any:
    try:
        return await result if isinstance(result, asyncio.Future) else result
    except LedgerError as error:
        return error
    except Exception as error:
        log.exception("call_failed")
        return LedgerUnavailable(reason=type(error).__name__)


def _response(results: Sequence[Any], *, as_json: bool) -> web.Response:
    answers = [calls.answer_of(result) for result in results]
    if as_json:
        body = _TO_JSON({"answers": [calls.document_of(answer) for answer in answers]})
        return web.Response(body=body, content_type=calls.JSON)
    return web.Response(body=calls.encode(answers), content_type=calls.MSGPACK)


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.MsgspecError as error:
        raise Problem(400, "invalid_request", "the body is not JSON", reason=str(error)) from error
