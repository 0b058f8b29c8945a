"""Calls to the ledger as they travel between our services, several in one request: msgpack, or JSON for people.

A call is a group of commands, decided all or none, or a look at one wallet. Every call has its own answer: receipts,
the wallet, or a failure by its code in ``contracts.refusals``.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from contracts import codec
from contracts.commands import AnyCommand, Command
from contracts.receipts import Balance, Receipt, WalletView
from contracts.refusals import ERRORS_BY_CODE, LedgerError, LedgerUnavailable, Refused, Retryable

MSGPACK: Final = "application/msgpack"
JSON: Final = "application/json"

MAX_CALLS: Final = 1024
"""Calls in one request."""

MAX_REQUEST_BYTES: Final = 4 * 1024 * 1024

COMMANDS_PATH: Final = "/internal/wallet/{brand}/commands"
STREAM_PATH: Final = "/internal/wallet/{brand}/stream"
BRANDS_PATH: Final = "/internal/brands"


class Call(Struct, frozen=True):
    """A group of commands; without commands, a look at ``wallet_id`` as of a business day."""

    commands: tuple[AnyCommand, ...] = ()
    wallet_id: str = ""
    day: str = ""


class Calls(Struct, frozen=True):
    """A request. The calls are decoded one by one, so that a malformed one spoils no other."""

    calls: list[msgspec.Raw]


class SentReceipt(Struct, frozen=True, array_like=True, gc=False):
    """A receipt whose event is a stored type name and its bytes."""

    command_id: str
    position: int
    aggregate_id: str
    version: int
    recorded_us: int
    type: str
    payload: bytes
    replayed: bool


class Failure(Struct, frozen=True, array_like=True):
    """Any :class:`contracts.refusals.LedgerError`."""

    code: str
    facts: dict[str, Any]
    balance: Balance | None = None


class Answer(Struct, frozen=True, array_like=True):
    """To one call; exactly one of the three is given."""

    receipts: tuple[SentReceipt, ...] | None = None
    wallet: WalletView | None = None
    failure: Failure | None = None


encode: Final = msgspec.msgpack.Encoder().encode
decode_calls: Final = msgspec.msgpack.Decoder(Calls).decode
decode_calls_json: Final = msgspec.json.Decoder(Calls).decode
decode_call: Final = msgspec.msgpack.Decoder(Call).decode
decode_call_json: Final = msgspec.json.Decoder(Call).decode
decode_answers: Final = msgspec.msgpack.Decoder(list[Answer]).decode


def call_of(commands: Sequence[Command], wallet_id: str = "", day: str = "") -> msgspec.Raw:
    """A call's bytes. Raises ``ValueError`` or ``OverflowError`` for what no message can hold."""
    return msgspec.Raw(encode({"commands": commands} if commands else {"wallet_id": wallet_id, "day": day}))


def answer_of(result: Any) -> Answer:
    """The answer that carries receipts, a wallet or a :class:`LedgerError`."""
    if isinstance(result, tuple):
        return Answer(tuple([_sent(receipt) for receipt in result]))
    if isinstance(result, WalletView):
        return Answer(wallet=result)
    return Answer(failure=failure_of(result))


def failure_of(error: LedgerError) -> Failure:
    """The error as it travels."""
    return Failure(error.code, error.facts, getattr(error, "balance", None))


def result_of(answer: Answer) -> Any:
    """Receipts as a tuple, a wallet, or the error to raise."""
    if answer.receipts is not None:
        return tuple([_received(receipt) for receipt in answer.receipts])
    if answer.wallet is not None:
        return answer.wallet
    if answer.failure is not None:
        return error_of(answer.failure)
    return LedgerUnavailable(reason="an empty answer")


def error_of(failure: Failure) -> LedgerError:
    """The same class with the same facts; a code that this version does not know can only be asked again."""
    kind = ERRORS_BY_CODE.get(failure.code)
    if kind is None:
        return LedgerUnavailable(reason=f"an unknown answer: {failure.code}")
    error = kind(**failure.facts)
    if failure.balance is not None and isinstance(error, Refused):
        error.balance = failure.balance
    return error


def document_of(answer: Answer) -> dict[str, Any]:
    """The answer as documented JSON; events are objects."""
    if answer.receipts is not None:
        return {"receipts": [_receipt_document(receipt) for receipt in answer.receipts]}
    if answer.wallet is not None:
        return {"wallet": answer.wallet}
    failure = answer.failure or Failure(LedgerUnavailable.code, {})
    error = error_of(failure)
    document: dict[str, Any] = {
        "code": failure.code,
        "message": str(error),
        "retryable": isinstance(error, Retryable),
        "facts": failure.facts,
    }
    if failure.balance is not None:
        document["balance"] = failure.balance
    return {"error": document}


def _receipt_document(receipt: SentReceipt) -> dict[str, Any]:
    return {
        "command_id": receipt.command_id,
        "position": receipt.position,
        "aggregate_id": receipt.aggregate_id,
        "version": receipt.version,
        "recorded_us": receipt.recorded_us,
        "type": receipt.type,
        "event": msgspec.Raw(receipt.payload),
        "replayed": receipt.replayed,
    }


def _sent(receipt: Receipt) -> SentReceipt:
    event = receipt.event
    return SentReceipt(
        receipt.command_id,
        receipt.position,
        receipt.aggregate_id,
        receipt.version,
        receipt.recorded_us,
        codec.TYPE_NAMES[type(event)],
        codec.encode(event),
        receipt.replayed,
    )


def _received(receipt: SentReceipt) -> Receipt:
    return Receipt(
        command_id=receipt.command_id,
        position=receipt.position,
        aggregate_id=receipt.aggregate_id,
        version=receipt.version,
        recorded_us=receipt.recorded_us,
        event=codec.decode(receipt.type, receipt.payload),
        replayed=receipt.replayed,
    )
