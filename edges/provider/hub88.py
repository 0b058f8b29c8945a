"""Hub88 Operator API: the seamless wallet callbacks. Business failures are HTTP 200 with a status of the protocol.

A token binds bets to a launched session; wins and rollbacks are taken whatever became of it.
"""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Final

import msgspec
from msgspec import Struct

from contracts import refusals
from contracts.commands.wallet import CreditWin, PlaceBet, RollBack
from contracts.events.wallet import WalletEvent
from contracts.ids import is_owner_id, wallet_id, wallet_name
from contracts.money import MAX_UNITS, currency_of
from contracts.receipts import Balance
from contracts.refusals import Refused, UnknownWallet
from edges.provider.protocol import (
    MAX_GAME_ID_CHARS,
    MAX_ROUND_ID_CHARS,
    MAX_TRANSACTION_ID_CHARS,
    Answer,
    Callback,
    Play,
    ProviderProtocol,
    Services,
    Trouble,
    dump,
    is_id,
)
from edges.provider.sessions import Session
from edges.provider.signing import is_rsa_sha256_base64, rsa_public_key, rsa_sha256_base64

SIGNATURE_HEADER: Final = "X-Hub88-Signature"
MAX_SIGNATURE_CHARS: Final = 2048
DECIMALS: Final = 5
"""Amounts are the main unit x 100 000 (protocol, Units)."""

MAX_TEXT_CHARS: Final = 512
OK: Final = "RS_OK"
UNKNOWN: Final = "RS_ERROR_UNKNOWN"
INVALID_TOKEN: Final = "RS_ERROR_INVALID_TOKEN"  # noqa: S105 - a status
WRONG_SYNTAX: Final = "RS_ERROR_WRONG_SYNTAX"
WRONG_TYPES: Final = "RS_ERROR_WRONG_TYPES"
WRONG_CURRENCY: Final = "RS_ERROR_WRONG_CURRENCY"
INVALID_GAME: Final = "RS_ERROR_INVALID_GAME"
TOKEN_EXPIRED: Final = "RS_ERROR_TOKEN_EXPIRED"  # noqa: S105 - a status
NOT_ENOUGH_MONEY: Final = "RS_ERROR_NOT_ENOUGH_MONEY"

REFUSALS: Final[dict[str, str]] = {
    refusals.InsufficientFunds.code: NOT_ENOUGH_MONEY,
    refusals.BrandInMaintenance.code: "RS_ERROR_USER_DISABLED",
    refusals.BetsBlocked.code: "RS_ERROR_USER_DISABLED",
    refusals.WalletClosed.code: "RS_ERROR_USER_DISABLED",
    refusals.MaxStakeExceeded.code: "RS_ERROR_LIMIT_REACHED",
    refusals.ConflictingReplay.code: "RS_ERROR_DUPLICATE_TRANSACTION",
    refusals.AlreadyRolledBack.code: "RS_ERROR_DUPLICATE_TRANSACTION",
    refusals.UnknownReference.code: "RS_ERROR_TRANSACTION_DOES_NOT_EXIST",
    refusals.ReferenceMismatch.code: "RS_ERROR_TRANSACTION_DOES_NOT_EXIST",
    refusals.ReferenceRolledBack.code: "RS_ERROR_TRANSACTION_DOES_NOT_EXIST",
    refusals.CurrencyNotAllowed.code: WRONG_CURRENCY,
    refusals.UnknownCurrency.code: WRONG_CURRENCY,
    refusals.UnknownBrand.code: "RS_ERROR_INVALID_PARTNER",
    refusals.UnknownWallet.code: INVALID_TOKEN,
    refusals.InvalidAmount.code: WRONG_SYNTAX,
    refusals.InvalidCommand.code: WRONG_SYNTAX,
}
"""Status by refusal (protocol, Statuses); every other refusal is an unknown error."""

TROUBLES: Final[dict[Trouble, tuple[int, str]]] = {
    Trouble.UNKNOWN_PARTNER: (200, "RS_ERROR_INVALID_PARTNER"),
    Trouble.UNKNOWN_ENDPOINT: (404, UNKNOWN),
    Trouble.TOO_LARGE: (200, WRONG_SYNTAX),
    Trouble.UNREADABLE: (200, WRONG_SYNTAX),
    Trouble.BAD_SIGNATURE: (200, "RS_ERROR_INVALID_SIGNATURE"),
    Trouble.RETRY: (500, UNKNOWN),
}
"""HTTP status and status. An HTTP error is a network failure to the provider: a bet is tried again and then rolled
back, a rollback is tried for days; a status would make it take an unknown outcome for an answer (protocol, Retry)."""


class InfoRequest(Struct, kw_only=True):
    user: str
    request_uuid: str


class BalanceRequest(InfoRequest, kw_only=True):
    token: str
    game_code: str


class TransactionRequest(BalanceRequest, kw_only=True):
    transaction_uuid: str
    supplier_transaction_id: str
    round: str | None = None
    round_closed: bool | None = None


class BetRequest(TransactionRequest, kw_only=True):
    currency: str
    amount: int
    is_free: bool | None = None
    is_supplier_promo: bool | None = None
    reward_uuid: str | None = None


class WinRequest(BetRequest, kw_only=True):
    """A promotional win needs no bet; every other names its own."""

    reference_transaction_uuid: str | None = None


class RollbackRequest(TransactionRequest, kw_only=True):
    reference_transaction_uuid: str


class Failed(Exception):
    """The callback is answered with the status that is its text."""


class Hub88(ProviderProtocol):
    """One instance serves all brands; it keeps nothing of any request."""

    name: ClassVar[str] = "hub88"
    endpoints: ClassVar[frozenset[str]] = frozenset(
        {"user/info", "user/balance", "transaction/bet", "transaction/win", "transaction/rollback"}
    )

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._handlers: dict[str, tuple[type[Struct], Callable[..., Awaitable[Answer]]]] = {
            "user/info": (InfoRequest, self._info),
            "user/balance": (BalanceRequest, self._balance),
            "transaction/bet": (BetRequest, self._bet),
            "transaction/win": (WinRequest, self._win),
            "transaction/rollback": (RollbackRequest, self._rollback),
        }

    def authenticate(self, callback: Callback) -> bool:
        """RSASSA-PKCS1-v1_5 with SHA-256 over the raw bytes, base64 (protocol, Transport / auth)."""
        given = callback.headers.get(SIGNATURE_HEADER, "")
        if len(given) > MAX_SIGNATURE_CHARS:
            return False
        return is_rsa_sha256_base64(given, callback.body, callback.secrets)

    @staticmethod
    def sign(body: bytes, key: bytes) -> dict[str, str]:
        """``key``: the PEM private key."""
        return {SIGNATURE_HEADER: rsa_sha256_base64(body, key)}

    @staticmethod
    def check_secret(secret: bytes) -> None:
        """``secret``: the provider's PEM public key."""
        rsa_public_key(secret)

    async def handle(self, callback: Callback) -> Answer:
        model, act = self._handlers[callback.endpoint]
        request: Any = None
        try:
            request = _parse(model, callback.body)
            return await act(callback, request)
        except Failed as failed:
            return _failure(str(failed), _request_uuid(callback.body), str(failed).lower())
        except Refused as refused:
            return _refusal(refused, request)

    def answer_trouble(self, trouble: Trouble, body: bytes) -> Answer:
        http_status, status = TROUBLES[trouble]
        return _failure(status, _request_uuid(body), trouble.value, http_status)

    # --- endpoints

    async def _info(self, callback: Callback, request: InfoRequest) -> Answer:
        """Answered from the player's latest session, since there is no token (protocol, Requests)."""
        session = await self.services.sessions.latest(
            callback.brand.brand_id, callback.integration, request.user
        )
        if session is None:
            raise Failed(INVALID_TOKEN)
        if session.expired(self.services.clock()):
            raise Failed(TOKEN_EXPIRED)
        answer = {"user": request.user, "status": OK, "request_uuid": request.request_uuid}
        return Answer(200, dump({**answer, "country": session.country} if session.country else answer))

    async def _balance(self, callback: Callback, request: BalanceRequest) -> Answer:
        session = await self.services.sessions.find(callback.brand.brand_id, request.token)
        status = _session_status(session, callback, request, self.services.clock())
        if status or session is None:
            raise Failed(status or INVALID_TOKEN)
        view = await callback.ledger.wallet(wallet_id(request.user, session.currency))
        return _balance_answer(request, view.balance, session.currency)

    async def _bet(self, callback: Callback, request: BetRequest) -> Answer:
        """Neither a free bet nor a supplier's promotion nor a stake of zero takes money (protocol, Rules)."""
        command = PlaceBet(
            wallet_id=wallet_id(request.user, request.currency),
            command_id=callback.command_id(request.transaction_uuid),
            integration=callback.integration,
            round_id=request.round or request.transaction_uuid,
            game_id=request.game_code,
            amount=_units(request),
            free=bool(request.is_free or request.is_supplier_promo) or request.amount == 0,
            reward_id=request.reward_uuid or "",
        )
        await self._check_session(callback, request, command)
        return await self._execute(callback, request, command)

    async def _win(self, callback: Callback, request: WinRequest) -> Answer:
        """The bet must stand; token expiry is not looked at (protocol, Rules)."""
        promo = bool(request.is_supplier_promo)
        bet = request.reference_transaction_uuid
        if bet is None and not promo:
            raise Failed(WRONG_SYNTAX)
        command = CreditWin(
            wallet_id=wallet_id(request.user, request.currency),
            command_id=callback.command_id(request.transaction_uuid),
            integration=callback.integration,
            round_id=request.round or bet or request.transaction_uuid,
            game_id=request.game_code,
            amount=_units(request),
            kind="promotional" if promo else "win",
            bet="" if bet is None else callback.command_id(bet),
        )
        await self._check_session(callback, request, command)
        return await self._execute(callback, request, command)

    async def _rollback(self, callback: Callback, request: RollbackRequest) -> Answer:
        """RS_OK whether or not the transaction was ever seen (protocol, Rollback of an unknown transaction)."""
        if request.reference_transaction_uuid == request.transaction_uuid:
            raise Failed(WRONG_SYNTAX)
        reference = callback.command_id(request.reference_transaction_uuid)
        command = RollBack(
            wallet_id=await self._wallet_to_roll_back(callback, request, reference),
            command_id=callback.command_id(request.transaction_uuid),
            reference=reference,
            integration=callback.integration,
            round_id=request.round or request.reference_transaction_uuid,
            game_id=request.game_code,
        )
        return await self._execute(callback, request, command)

    async def _execute(self, callback: Callback, request: TransactionRequest, play: Play) -> Answer:
        (receipt,) = await callback.execute(play, closes_round=bool(request.round_closed))
        return _balance_answer(request, receipt.event, wallet_name(play.wallet_id).currency)

    async def _check_session(
        self, callback: Callback, request: BetRequest, command: PlaceBet | CreditWin
    ) -> None:
        """Raises if the token does not allow this, unless the transaction was processed before: a repetition gets
        its first answer whatever became of the session. No token is needed for a win, but for a promotion."""
        brand_id = callback.brand.brand_id
        is_win, promo = isinstance(command, CreditWin), bool(request.is_supplier_promo)
        session = await self.services.sessions.find(brand_id, request.token)
        if session is None and is_win and not promo:
            return
        now_s = None if is_win or promo else self.services.clock()
        status = _session_status(session, callback, request, now_s)
        if status and await self.services.transactions.wallet_of(brand_id, command.command_id) is None:
            raise Failed(status)

    async def _wallet_to_roll_back(self, callback: Callback, request: RollbackRequest, reference: str) -> str:
        """A rollback names no currency: it is the session's (expired or not), else the referenced transaction's, else
        that of the player's first wallet, where a tombstone stands as well as in any other."""
        brand_id = callback.brand.brand_id
        session = await self.services.sessions.find(brand_id, request.token)
        if session is not None and session.player_id == request.user:
            return wallet_id(request.user, session.currency)
        wallet = await self.services.transactions.wallet_of(brand_id, reference)
        if wallet is not None and wallet_name(wallet).owner_id == request.user:
            return wallet
        for currency in callback.brand.settings.currencies:
            try:
                return (await callback.ledger.wallet(wallet_id(request.user, currency))).wallet_id
            except UnknownWallet:
                continue
        raise Failed(INVALID_TOKEN)


def _session_status(
    session: Session | None, callback: Callback, request: BalanceRequest, now_s: float | None
) -> str | None:
    """What is wrong with the token; with ``now_s`` also whether it is expired or of another game.

    The game may change inside the session of a lobby, the currency never (protocol, Rules).
    """
    if session is None or session.player_id != request.user or session.integration != callback.integration:
        return INVALID_TOKEN
    if isinstance(request, BetRequest) and session.currency != request.currency:
        return WRONG_CURRENCY
    if now_s is None:
        return None
    if session.expired(now_s):
        return TOKEN_EXPIRED
    if session.game_code != request.game_code and not session.lobby:
        return INVALID_GAME
    return None


# --- reading

_DECODERS: Final[dict[type[Struct], Callable[[bytes], Any]]] = {
    model: msgspec.json.Decoder(model).decode
    for model in (InfoRequest, BalanceRequest, BetRequest, WinRequest, RollbackRequest)
}


def _parse(model: type[Struct], body: bytes) -> Any:
    """Unknown fields are tolerated; every text that is kept or compared is checked."""
    try:
        request = _DECODERS[model](body)
    except msgspec.ValidationError:
        raise Failed(_misfit(model, body)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Failed(WRONG_SYNTAX) from None
    for name, max_chars in _TEXTS.items():
        text = getattr(request, name, None)
        if text is not None and not is_id(text, max_chars) and not (text == "" and name in _MAY_BE_EMPTY):
            raise Failed(WRONG_SYNTAX)
    if not is_owner_id(request.user):
        raise Failed(INVALID_TOKEN)
    return request


_TEXTS: Final = {
    **dict.fromkeys(("user", "request_uuid", "token"), MAX_TEXT_CHARS),
    **dict.fromkeys(
        ("transaction_uuid", "reference_transaction_uuid", "reward_uuid"), MAX_TRANSACTION_ID_CHARS
    ),
    "game_code": MAX_GAME_ID_CHARS,
    "round": MAX_ROUND_ID_CHARS,
}
_MAY_BE_EMPTY: Final = frozenset({"round", "reward_uuid"})


def _misfit(model: type[Struct], body: bytes) -> str:
    """A field that is missing is wrong syntax, one of another type is wrong types (protocol, Statuses)."""
    request = _loosely(body)
    missing = any(field.name not in request for field in msgspec.structs.fields(model) if field.required)
    return WRONG_SYNTAX if missing else WRONG_TYPES


def _request_uuid(body: bytes) -> str | None:
    """The id to echo, from whatever arrived; None where it cannot be read."""
    found = _loosely(body).get("request_uuid")
    return found if isinstance(found, str) and len(found) <= MAX_TEXT_CHARS else None


def _loosely(body: bytes) -> dict[str, Any]:
    """The fields of a JSON object; of anything else, none."""
    try:
        request = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return request if isinstance(request, dict) else {}


def _units(request: BetRequest) -> int:
    """Ledger units: exact, since every currency keeps at least the protocol's five decimals."""
    units, rest = divmod(request.amount * _one(request.currency), 10**DECIMALS)
    if rest or not 0 <= units <= MAX_UNITS:
        raise Failed(WRONG_SYNTAX)
    return units


def _one(currency: str) -> int:
    """One main unit in ledger units."""
    return int(10 ** currency_of(currency).scale)


# --- answering


def _shown(pockets: Balance | WalletEvent, currency: str) -> int:
    """What the player can play with, cut towards zero."""
    return (pockets.cash + pockets.bonus) * 10**DECIMALS // _one(currency)


def _balance_answer(
    request: BalanceRequest, pockets: Balance | WalletEvent, currency: str, status: str = OK
) -> Answer:
    answer = {
        "user": request.user,
        "status": status,
        "request_uuid": request.request_uuid,
        "currency": currency,
        "balance": _shown(pockets, currency),
    }
    return Answer(200, dump(answer), "ok" if status == OK else status.lower())


def _refusal(refused: Refused, request: Any) -> Answer:
    status = REFUSALS.get(refused.code, UNKNOWN)
    if status == NOT_ENOUGH_MONEY:
        return _balance_answer(request, refused.balance, request.currency, status)
    return _failure(status, request.request_uuid, refused.code)


def _failure(status: str, request_uuid: str | None, outcome: str, http_status: int = 200) -> Answer:
    answer = {"status": status} if request_uuid is None else {"status": status, "request_uuid": request_uuid}
    return Answer(http_status, dump(answer), outcome)
