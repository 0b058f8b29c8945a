"""SoftSwiss Game Aggregator API v2: the wallet callbacks ("Provider API"), contract version v.2026.03.03.

Batches are one atomic group of commands; every answer has the protocol's own envelope.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, ClassVar, Final, Literal

import msgspec
from msgspec import Struct

from contracts import refusals
from contracts.commands.wallet import CloseRound, CreditWin, PlaceBet, RollBack
from contracts.events.wallet import RollbackTombstoned, WalletEvent
from contracts.ids import is_owner_id, wallet_id
from contracts.money import Currency, currency_of, format_amount, parse_amount
from contracts.receipts import Balance, Receipt
from contracts.refusals import InvalidAmount, MaxStakeExceeded, Refused, UnknownWallet
from edges.provider.protocol import (
    MAX_GAME_ID_CHARS,
    MAX_ROUND_ID_CHARS,
    MAX_TRANSACTION_ID_CHARS,
    Answer,
    Callback,
    ProviderProtocol,
    Trouble,
    dump,
    is_id,
)
from edges.provider.signing import hmac_sha256_hex, is_hmac_sha256_hex

SIGNATURE_HEADER: Final = "X-REQUEST-SIGN"
MAX_SIGNATURE_CHARS: Final = 512

CURRENCY: Final = r"^[A-Z][A-Z0-9_]{2,31}$"
_CURRENCY: Final = re.compile(r"[A-Z][A-Z0-9_]{2,31}", re.ASCII)
_AMOUNT: Final = re.compile(r"\d+(\.\d{1,16})?", re.ASCII)
_MAX_AMOUNT_CHARS: Final = 40
_MIN_DIGITS: Final = 2
"""Balances have two decimals at least, whatever the currency."""

CURRENCY_NOT_ALLOWED: Final = ("154", "currency not allowed")

REFUSALS: Final[dict[str, tuple[str, str]]] = {
    refusals.InsufficientFunds.code: ("100", "insufficient funds"),
    refusals.UnknownWallet.code: ("101", "invalid player"),
    refusals.MaxStakeExceeded.code: ("106", "max bet exceeded"),
    refusals.BrandInMaintenance.code: ("107", "game forbidden"),
    refusals.BetsBlocked.code: ("110", "player disabled"),
    refusals.WalletClosed.code: ("110", "player disabled"),
    refusals.CurrencyNotAllowed.code: CURRENCY_NOT_ALLOWED,
    refusals.UnknownCurrency.code: CURRENCY_NOT_ALLOWED,
    refusals.ConflictingReplay.code: ("400", "id_provider was used before with other content"),
    refusals.UnknownBrand.code: ("404", "not found"),
    refusals.AlreadyRolledBack.code: ("409", "action already rolled back"),
}
"""api_code and message by refusal (protocol, Errors); every other refusal is a bad request."""

BAD_REQUEST: Final = ("400", "bad request")
NO_BETS_ALLOWED: Final = ("105", "bet limit reached")
"""A limit of zero: not this bet is too high, but betting is over."""

WITH_BALANCE: Final = frozenset({"100", "105", "106"})

TROUBLES: Final[dict[Trouble, tuple[str, str]]] = {
    Trouble.UNKNOWN_PARTNER: ("404", "not found"),
    Trouble.UNKNOWN_ENDPOINT: ("404", "not found"),
    Trouble.TOO_LARGE: ("400", "request body too large"),
    Trouble.UNREADABLE: ("400", "request body could not be read"),
    Trouble.BAD_SIGNATURE: ("403", "invalid signature"),
}

INTERNAL_ERROR: Final = dump(
    {
        "code": "internal",
        "msg": "internal error",
        "meta": {"api_code": "500", "api_message": "internal error"},
    }
)


class BalanceRequest(Struct):
    account_id: str
    currency: str
    game_id: str


class Transaction(Struct):
    id_provider: str
    type: Literal["bet", "win"]
    amount: str


class BetWinRequest(Struct):
    account_id: str
    currency: str
    game_id: str
    round_id: str
    transactions: list[Transaction]
    finished: bool | None = None


class Reversal(Struct):
    id_provider: str
    type: Literal["rollback"]
    original_id_provider: str


class RollbackRequest(Struct):
    account_id: str
    currency: str
    game_id: str
    round_id_provider: str
    finished: bool
    transactions: list[Reversal]


class FinishRequest(Struct):
    account_id: str
    currency: str
    round_id: str


class Malformed(Exception):
    """The request is not one of the protocol's; the text says what is wrong with it and nothing else."""


class SoftSwiss(ProviderProtocol):
    """One instance serves all brands; it keeps nothing of any request."""

    name: ClassVar[str] = "softswiss"
    endpoints: ClassVar[frozenset[str]] = frozenset({"balance", "betwin", "rollback", "finish"})

    def endpoint(self, path: str) -> str | None:
        """By the path's suffix, whatever prefix the provider's back office has (protocol, Transport)."""
        last = path.rpartition("/")[2]
        return last if last in self.endpoints else None

    def authenticate(self, callback: Callback) -> bool:
        """HMAC-SHA256 over the raw bytes, lower-case hex, in constant time (protocol, Authentication)."""
        given = callback.headers.get(SIGNATURE_HEADER, "")
        if len(given) > MAX_SIGNATURE_CHARS:
            return False
        return is_hmac_sha256_hex(given, callback.body, callback.secrets)

    @staticmethod
    def sign(body: bytes, key: bytes) -> dict[str, str]:
        return {SIGNATURE_HEADER: hmac_sha256_hex(body, key)}

    @staticmethod
    def check_secret(secret: bytes) -> None:
        if not secret.rstrip(b"\r\n"):
            raise ValueError("the secret is empty")

    async def handle(self, callback: Callback) -> Answer:
        decode, act = _ENDPOINTS[callback.endpoint]
        request: Any = None
        try:
            request = _parse(decode, callback.body)
            return await act(callback, request)
        except Malformed as malformed:
            return _error("400", str(malformed), "malformed")
        except Refused as refused:
            return _refusal(refused, request.currency, callback)

    def answer_trouble(self, trouble: Trouble, body: bytes) -> Answer:  # noqa: ARG002 - nothing of it is echoed
        """500 makes the provider send the same transactions again (protocol, Retry)."""
        if trouble in TROUBLES:
            return _error(*TROUBLES[trouble], trouble.value)
        return Answer(500, INTERNAL_ERROR, trouble.value)


# --- endpoints


async def _balance(callback: Callback, request: BalanceRequest) -> Answer:
    currency, wallet = _check_common(request)
    view = await callback.ledger.wallet(wallet)
    return Answer(200, dump({"balance": _shown(view.balance, currency)}))


async def _betwin(callback: Callback, request: BetWinRequest) -> Answer:
    """All or none, in order; a repeated transaction is answered as the first time (protocol, POST /betwin)."""
    currency, wallet = _check_common(request)
    _check_ids("round_id", request.round_id, request.transactions)
    plays: list[PlaceBet | CreditWin] = []
    for index, transaction in enumerate(request.transactions):
        command = PlaceBet if transaction.type == "bet" else CreditWin
        plays.append(
            command(
                wallet_id=wallet,
                command_id=callback.command_id(transaction.id_provider),
                integration=callback.integration,
                round_id=request.round_id,
                game_id=request.game_id,
                amount=_amount(transaction.amount, currency, index),
            )
        )
    receipts = await callback.execute(*plays, closes_round=bool(request.finished))
    transactions = [
        {
            "id_provider": transaction.id_provider,
            "id": receipt.transaction_id,
            "bonus_amount": format_amount(_bonus_moved(receipt.event), currency, _digits(currency)),
        }
        for transaction, receipt in zip(request.transactions, receipts, strict=True)
    ]
    answer = {
        "round_id": _round_id(callback, request.round_id),
        "transactions": transactions,
        "balance": _shown(_last(receipts), currency),
    }
    return Answer(200, dump(answer))


async def _rollback(callback: Callback, request: RollbackRequest) -> Answer:
    """Answered 200 whether or not the originals were ever seen (protocol, POST /rollback)."""
    currency, wallet = _check_common(request)
    _check_ids("round_id_provider", request.round_id_provider, request.transactions)
    plays: list[RollBack] = []
    for index, reversal in enumerate(request.transactions):
        where = f"transactions[{index}].original_id_provider"
        _check_id(reversal.original_id_provider, MAX_TRANSACTION_ID_CHARS, where)
        if reversal.original_id_provider == reversal.id_provider:
            raise Malformed(f"{where}: must differ from id_provider")
        plays.append(
            RollBack(
                wallet_id=wallet,
                command_id=callback.command_id(reversal.id_provider),
                reference=callback.command_id(reversal.original_id_provider),
                integration=callback.integration,
                round_id=request.round_id_provider,
                game_id=request.game_id,
            )
        )
    receipts = await callback.execute(*plays, closes_round=request.finished)
    transactions = [
        {
            "id_provider": reversal.id_provider,
            "id": "" if isinstance(receipt.event, RollbackTombstoned) else receipt.transaction_id,
        }
        for reversal, receipt in zip(request.transactions, receipts, strict=True)
    ]
    answer = {
        "balance": _shown(_last(receipts), currency),
        "round_id": _round_id(callback, request.round_id_provider),
        "transactions": transactions,
    }
    return Answer(200, dump(answer))


async def _finish(callback: Callback, request: FinishRequest) -> Answer:
    """Idempotent: a duplicate gets the same answer (protocol, POST /finish). A round may be shared by players."""
    currency, wallet = _check_common(request)
    _check_id(request.round_id, MAX_ROUND_ID_CHARS, "round_id")
    key = f"finish/{request.account_id}/{request.currency}/{request.round_id}"
    close = CloseRound(
        wallet_id=wallet,
        command_id=callback.command_id(key),
        integration=callback.integration,
        round_id=request.round_id,
    )
    receipt = await callback.ledger.execute(close)
    return Answer(200, dump({"balance": _shown(receipt.event, currency)}))


_Endpoint = Callable[[Callback, Any], Awaitable[Answer]]

_ENDPOINTS: Final[dict[str, tuple[Callable[[bytes], Any], _Endpoint]]] = {
    "balance": (msgspec.json.Decoder(BalanceRequest).decode, _balance),
    "betwin": (msgspec.json.Decoder(BetWinRequest).decode, _betwin),
    "rollback": (msgspec.json.Decoder(RollbackRequest).decode, _rollback),
    "finish": (msgspec.json.Decoder(FinishRequest).decode, _finish),
}


# --- reading


def _parse(decode: Callable[[bytes], Any], body: bytes) -> Any:
    """Unknown fields are tolerated (protocol, Transport)."""
    try:
        return decode(body)
    except msgspec.ValidationError as error:
        raise Malformed(f"request body: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("request body: not valid JSON") from error


def _check_common(
    request: BalanceRequest | BetWinRequest | RollbackRequest | FinishRequest,
) -> tuple[Currency, str]:
    """The currency and the wallet. An account that cannot exist is an unknown one."""
    if not _CURRENCY.fullmatch(request.currency):
        raise Malformed(f"currency: must match {CURRENCY}")
    if not request.account_id:
        raise Malformed("account_id: must not be empty")
    if not isinstance(request, FinishRequest):
        _check_id(request.game_id, MAX_GAME_ID_CHARS, "game_id")
    currency = currency_of(request.currency)
    wallet = wallet_id(request.account_id, request.currency)
    if not is_owner_id(request.account_id):
        raise UnknownWallet(wallet_id=wallet)
    return currency, wallet


def _check_ids(round_name: str, round_id: str, transactions: Sequence[Transaction | Reversal]) -> None:
    _check_id(round_id, MAX_ROUND_ID_CHARS, round_name)
    if not transactions:
        raise Malformed("transactions: must not be empty")
    seen: set[str] = set()
    for index, transaction in enumerate(transactions):
        where = f"transactions[{index}].id_provider"
        _check_id(transaction.id_provider, MAX_TRANSACTION_ID_CHARS, where)
        if transaction.id_provider in seen:
            raise Malformed(f"{where}: occurs twice in the request")
        seen.add(transaction.id_provider)


def _check_id(text: str, max_chars: int, where: str) -> None:
    if not is_id(text, max_chars):
        raise Malformed(f"{where}: must be 1 to {max_chars} characters without control characters")


def _amount(text: str, currency: Currency, index: int) -> int:
    """Ledger units; zero, exponents and anything not exactly representable are refused (protocol, Types)."""
    where = f"transactions[{index}].amount"
    if len(text) > _MAX_AMOUNT_CHARS or not _AMOUNT.fullmatch(text):
        raise Malformed(f"{where}: not a valid decimal amount")
    try:
        units = parse_amount(text, currency)
    except InvalidAmount as error:
        raise Malformed(f"{where}: {error.reason}") from error
    if not units:
        raise Malformed(f"{where}: must be greater than zero")
    return units


# --- answering


def _digits(currency: Currency) -> int:
    return max(_MIN_DIGITS, currency.digits)


def _shown(pockets: Balance | WalletEvent, currency: Currency) -> str:
    """What the player can play with, cut towards zero (protocol, Types)."""
    return format_amount(pockets.cash + pockets.bonus, currency, _digits(currency))


def _last(receipts: Iterable[Receipt]) -> WalletEvent:
    """The state after the batch: its newest event, which for a replayed batch is the balance of then."""
    event: WalletEvent = max(receipts, key=lambda receipt: receipt.position).event
    return event


def _bonus_moved(event: Any) -> int:
    """What a bet took from the bonus pocket, or a win put there."""
    moved: int = getattr(event, "from_bonus", 0) or getattr(event, "to_bonus", 0)
    return moved


def _round_id(callback: Callback, round_id: str) -> str:
    return f"{callback.integration}-{round_id}"


def _refusal(refused: Refused, currency: str, callback: Callback) -> Answer:
    api_code, message = REFUSALS.get(refused.code, BAD_REQUEST)
    if isinstance(refused, UnknownWallet) and currency not in callback.brand.settings.currencies:
        api_code, message = CURRENCY_NOT_ALLOWED
    elif isinstance(refused, MaxStakeExceeded) and refused.max_stake == 0:
        api_code, message = NO_BETS_ALLOWED
    if api_code not in WITH_BALANCE:
        return _error(api_code, message, refused.code)
    return _error(api_code, message, refused.code, _shown(refused.balance, currency_of(currency)))


def _error(api_code: str, message: str, outcome: str, balance: str | None = None) -> Answer:
    meta = {"api_code": api_code, "api_message": message}
    if balance is not None:
        meta["balance"] = balance
    return Answer(400, dump({"code": "invalid_argument", "msg": message, "meta": meta}), outcome)
