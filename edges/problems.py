"""Every error of our own APIs as an RFC 9457 problem with a stable code: the one table, and the one middleware."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson
import psycopg
from aiohttp import web
from marshmallow import ValidationError
from psycopg_pool import PoolTimeout

from contracts import refusals as r
from edges.identity import errors as i
from edges.identity.rate_limits import rate_limit_headers
from edges.logs import get_logger
from projections.errors import InvalidCursor, NotYetProjected

CONTENT_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:tongbo:problem:"
RETRY_AFTER_S: Final = "1"

STATUS_BY_ERROR: Final[Mapping[type[r.LedgerError], int]] = {
    r.InvalidCommand: 400,
    r.InvalidAmount: 400,
    r.InvalidSetting: 400,
    r.UnknownCurrency: 400,
    r.UnknownBrand: 404,
    r.UnknownIntegration: 404,
    r.UnknownKey: 404,
    r.UnknownWallet: 404,
    r.UnknownWithdrawal: 404,
    r.UnknownReference: 404,
    r.BrandAlreadyExists: 409,
    r.IntegrationAlreadyExists: 409,
    r.KeyRotationUnderWay: 409,
    r.WalletAlreadyOpen: 409,
    r.WithdrawalAlreadyRequested: 409,
    r.AlreadyRolledBack: 409,
    r.ConflictingReplay: 409,
    r.UnknownRequest: 404,
    r.UnknownDepositAccount: 404,
    r.UnknownPlayer: 404,
    r.UnknownAgent: 404,
    r.UnknownStaff: 404,
    r.RequestAlreadyMade: 409,
    r.RequestChanged: 409,
    r.AlreadyApproved: 409,
    r.NotApproved: 409,
    r.SettingsChanged: 409,
    r.DayAlreadyClosed: 409,
    r.PlayerAlreadyRegistered: 409,
    r.PlayerStateConflict: 409,
    r.AgentAlreadyExists: 409,
    r.AgentCodeTaken: 409,
    r.AgentStateConflict: 409,
    r.StaffAlreadyExists: 409,
    r.StaffStateConflict: 409,
    r.LastAdministrator: 409,
    r.OwnRequest: 403,
    r.OwnRights: 403,
    r.InvalidRights: 400,
    r.UnpairedTransfer: 400,
    r.BrandInMaintenance: 503,
    r.DeadlineExceeded: 504,
    r.Retryable: 503,
    r.Refused: 422,
}
"""The first base class found counts, so that the last two lines hold for all others."""

STATUS_BY_IDENTITY_ERROR: Final[Mapping[type[i.IdentityError], int]] = {
    i.NotAuthenticated: 401,
    i.WrongPassword: 403,
    i.UnknownPerson: 404,
    i.UnknownSession: 404,
    i.UnknownInvite: 404,
    i.LoginTaken: 409,
    i.AlreadyHasLogin: 409,
    i.RefreshUnderWay: 409,
    i.InvalidInvite: 422,
    i.RateLimited: 429,
    i.IdentityRetryable: 503,
    i.IdentityRefused: 400,
    i.IdentityError: 500,
}
"""The same for those who want in."""

HTTP_CODES: Final[Mapping[int, str]] = {
    400: "invalid_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    421: "unknown_host",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ROUTE_NAME: Final = web.RequestKey("ROUTE_NAME", str)
"""How a request is called that is answered without a route of the router's, such as one in a legacy dialect."""

log = get_logger(__name__)


class Problem(Exception):
    """Raise it to answer with it. ``facts`` become members of the document."""

    def __init__(self, status: int, code: str, title: str, **facts: Any) -> None:
        super().__init__(title)
        self.status = status
        self.code = code
        self.title = title
        self.facts = facts


@web.middleware
async def problem_answers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns whatever a handler raises into a problem; what nobody foresaw leaks nothing."""
    try:
        return await handler(request)
    except r.LedgerError as error:
        return answer(problem_of(error))
    except Problem as problem:
        return answer(problem)
    except i.IdentityError as error:
        return answer(problem_of_identity(error), _limits_of(error))
    except InvalidCursor:
        return answer(Problem(400, "invalid_cursor", "the cursor is not one that this list gave out"))
    except (NotYetProjected, psycopg.OperationalError, PoolTimeout) as error:
        log.warning("not_available", route=route_of(request), error=type(error).__name__)
        return answer(Problem(503, "unavailable", "not available at the moment, retry", retryable=True))
    except ValidationError as error:
        return answer(Problem(400, "invalid_request", "the request is not valid", errors=error.messages))
    except web.HTTPException as error:
        if error.status < 400:
            raise
        code = HTTP_CODES.get(error.status, "http_error")
        allowed = error.headers.get("Allow")
        return answer(Problem(error.status, code, error.reason), {"Allow": allowed} if allowed else {})
    except Exception:
        log.exception("unexpected_failure", method=request.method, route=route_of(request))
        return answer(Problem(500, "internal", "an unexpected failure"))


def problem_of(error: r.LedgerError) -> Problem:
    """A refusal or retryable error of the ledger as a problem."""
    status = next(STATUS_BY_ERROR[kind] for kind in type(error).__mro__ if kind in STATUS_BY_ERROR)
    balance = getattr(error, "balance", None)
    facts = {**error.facts, "retryable": status in {503, 504}}
    if balance is not None:
        facts["balance"] = {"cash": balance.cash, "bonus": balance.bonus, "held": balance.held}
    return Problem(status, error.code, error.message, **facts)


def problem_of_identity(error: i.IdentityError) -> Problem:
    """What somebody who wants in is told."""
    status = next(
        STATUS_BY_IDENTITY_ERROR[kind] for kind in type(error).__mro__ if kind in STATUS_BY_IDENTITY_ERROR
    )
    if status >= 500 and not isinstance(error, i.IdentityRetryable):
        log.error("identity_failed", error=error.code)
        return Problem(500, "internal", "an unexpected failure")
    facts = {name: value for name, value in error.facts.items() if name != "allowance"}
    return Problem(
        status, error.code, error.message, retryable=isinstance(error, i.IdentityRetryable), **facts
    )


def _limits_of(error: i.IdentityError) -> Mapping[str, str]:
    return rate_limit_headers(error.allowance) if isinstance(error, i.RateLimited) else {}


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> web.Response:
    """The problem's document as a response."""
    document = {
        **problem.facts,
        "type": TYPE_PREFIX + problem.code,
        "title": problem.title,
        "status": problem.status,
        "code": problem.code,
    }
    retry = {"Retry-After": RETRY_AFTER_S} if problem.status in {503, 504} else {}
    if problem.status == 401:
        retry["WWW-Authenticate"] = "Bearer"
    return web.Response(
        status=problem.status,
        body=orjson.dumps(document, default=str, option=orjson.OPT_NON_STR_KEYS),
        content_type=CONTENT_TYPE,
        headers={**retry, **(headers or {})},
    )


def route_of(request: web.Request) -> str:
    """The pattern of the request's path, never the path itself: that may hold a player's id."""
    named = request.get(ROUTE_NAME)
    if named is not None:
        return str(named)
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"


def same_secret(given: str, expected: str) -> bool:
    """Compares in constant time, whatever the lengths."""
    return hmac.compare_digest(
        hashlib.sha256(given.encode("utf-8", "surrogateescape")).digest(),
        hashlib.sha256(expected.encode()).digest(),
    )
