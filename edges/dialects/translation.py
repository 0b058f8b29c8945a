"""One legacy request from its fields to its answer: what is asked of the modern operations, and what comes back."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog
from aiohttp import web

from edges.dialects.conversion import Context
from edges.dialects.dialect import Call, Credentials, Dialect, LegacyRoute, Operation
from edges.dialects.legacy_request import LegacyRequest, read_request
from edges.dialects.modern_api import ModernAnswer, ModernApi, ModernRequest, filled
from edges.dialects.paging import asked_page, follow
from edges.dialects.rendering import failed, problem_of, rendered_answer, rendered_problem
from edges.dialects.sessions import LegacySessions
from edges.dialects.values import Facts, Value, facts_of, not_given, to_legacy, to_modern
from edges.logs import get_logger
from edges.problems import Problem
from edges.request_log import REQUEST_ID
from edges.routes import KEY_HEADER
from ledger.brand import Brand

ACCESS_TOKEN: Final = "access_token"  # noqa: S105 - the field of a login's answer
TOKEN_MAX_CHARS: Final = 4096

HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
    }
)
OF_THE_LEGACY_REQUEST: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "authorization",
        "cookie",
        "content-encoding",
        "content-length",
        "content-type",
    }
)
NOT_PASSED_ON: Final = HOP_BY_HOP | OF_THE_LEGACY_REQUEST | {REQUEST_ID.lower()}
"""All other headers are: the host that a brand is found by, the address that a proxy tells, the client's name."""

log = get_logger(__name__)


class Translation:
    """Of one dialect at one edge."""

    def __init__(self, dialect: Dialect, modern: ModernApi, sessions: LegacySessions | None) -> None:
        self.dialect = dialect
        self._modern = modern
        self._sessions = sessions

    async def answer(
        self, route: LegacyRoute, request: web.Request, path_fields: Mapping[str, str], brand: Brand
    ) -> tuple[web.Response, Any]:
        """The response, and the legacy code if it is a failure. Whatever goes wrong stays in the dialect."""
        try:
            legacy = await read_request(request, path_fields, self.dialect.ways)
            exchange = _Exchange(self, route, legacy, brand)
            done = await exchange.run()
            if done.ok:
                return self._success(exchange, done), None
        except Exception as error:  # noqa: BLE001 - the edge's own table knows them all
            done = await failed(request, error)
        problem = problem_of(done, route.call.legacy_names())
        return rendered_problem(self.dialect, route, problem, done.headers)

    async def call(
        self, call: Call, facts: Facts, paging: list[tuple[str, str]], key_fields: tuple[str, ...] | None
    ) -> ModernAnswer:
        """One call of a modern operation, as the caller who ``facts.token`` stands for."""
        answer = await self._call(call, facts, paging, key_fields)
        if answer.status == 401 and facts.token is not None and self._sessions is not None:
            # The access token that was kept may have been revoked, with the session still alive.
            self._sessions.forget(facts.token)
            answer = await self._call(call, facts, paging, key_fields)
        return answer

    async def begin_session(self, answer: ModernAnswer) -> str | None:
        """The token for a client that has just logged in."""
        document = answer.document if isinstance(answer.document, dict) else {}
        access_token = document.get(ACCESS_TOKEN)
        if not isinstance(access_token, str) or self._sessions is None:
            return access_token
        return await self._sessions.begin(access_token)

    def forget_session(self, token: str) -> None:
        if self._sessions is not None:
            self._sessions.forget(token)

    async def _call(
        self, call: Call, facts: Facts, paging: list[tuple[str, str]], key_fields: tuple[str, ...] | None
    ) -> ModernAnswer:
        operation = call.operation
        headers = _passed_on(facts.request.request)
        if facts.token is not None:
            headers.append(("Authorization", f"Bearer {await self._access_token(facts.token)}"))
        if not operation.reads_only and KEY_HEADER not in facts.request.request.headers:
            headers.append((KEY_HEADER, self._key(operation, key_fields or (), facts.request)))
        body = _given(call.body, facts)
        asked = ModernRequest(
            method=operation.method,
            path=filled(operation.path, _path_values(call.path, facts)),
            query=[*_query(call.query, facts), *paging],
            headers=headers,
            body=body if body or not operation.reads_only else None,
        )
        return await self._modern.call(asked, facts.request.request)

    async def _access_token(self, token: str) -> str:
        if self._sessions is None:
            return token
        return await self._sessions.access_token(token)

    def _key(self, operation: Operation, key_fields: tuple[str, ...], request: LegacyRequest) -> str:
        """The same for what the dialect says is the same request; otherwise no two are.

        Order 7 of a deposit is another wish than order 7 of a withdrawal.
        """
        values = [request.find(name) for name in key_fields]
        if not values or any(value in (None, "") for value in values):
            return secrets.token_hex(16)
        content = "\0".join([self.dialect.name, operation.method, operation.path, *map(str, values)])
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()

    def _success(self, exchange: "_Exchange", done: ModernAnswer) -> web.Response:
        route, facts = exchange.route, exchange.facts
        data = {} if route.answer is None else to_legacy(route.answer, done.document, facts)
        for place in facts.unmapped:
            log.error("legacy_value_not_rendered", place=place)
        response = rendered_answer(self.dialect, data, done.status)
        cookie = self.dialect.credentials.cookie
        if cookie and route.session == "begin" and facts.token:
            client = (
                facts.request.request
            )  # whoever lies about the protocol spoils nothing but their own cookie
            secure = client.headers.get("X-Forwarded-Proto", client.scheme) == "https"
            response.set_cookie(cookie, facts.token, httponly=True, samesite="Lax", secure=secure)
        elif cookie and route.session == "end":
            response.del_cookie(cookie)
        return response


class _Exchange:
    """One legacy request while it is being answered."""

    def __init__(
        self, translation: Translation, route: LegacyRoute, request: LegacyRequest, brand: Brand
    ) -> None:
        self.route = route
        self._translation = translation
        dialect = translation.dialect
        zone = dialect.zone or ZoneInfo(brand.settings.time_zone)
        self.facts = Facts(request, facts_of(brand), Context(zone))
        if not route.open:
            self.facts.token = credential(dialect.credentials, request)

    async def run(self) -> ModernAnswer:
        """The operation's answer; the first that failed, if one of several did."""
        done = await self._main()
        if not done.ok:
            return done
        if self.route.session == "begin":
            self.facts.token = await self._translation.begin_session(done)
        elif self.route.session is not None and self.facts.token:
            self._translation.forget_session(self.facts.token)
        for name, extra in self.route.extras.items():
            further = await self._translation.call(extra, self.facts, [], None)
            if further.ok:
                self.facts.extras[name] = further.document
            elif self.route.call.operation.reads_only:
                return further
            else:  # what was asked for has been done: it must not look as if it had not
                log.warning("legacy_extra_failed", route=self.route.name, extra=name, status=further.status)
        return done

    async def _main(self) -> ModernAnswer:
        route, facts = self.route, self.facts
        if facts.token is None and not route.open:
            raise Problem(401, "unauthenticated", "not logged in")
        if route.paging is None:
            return await self._translation.call(route.call, facts, [], route.key_fields)

        async def ask(parameters: list[tuple[str, str]]) -> ModernAnswer:
            return await self._translation.call(route.call, facts, parameters, None)

        page = asked_page(route.paging, facts.request)
        done, facts.page = await follow(route.paging, page, ask)
        return done


def credential(credentials: Credentials, request: LegacyRequest) -> str | None:
    """The token as the legacy client gave it; one that no header could hold counts as none."""
    for kind, name in credentials.sources:
        given: Any
        if kind == "header":
            given = request.request.headers.get(name)
        elif kind == "cookie":
            given = request.request.cookies.get(name)
        else:
            given = request.find(name)
        token = str(given or "").removeprefix(credentials.prefix).strip()
        if token and len(token) <= TOKEN_MAX_CHARS and token.isascii() and token.isprintable():
            return token
    return None


def _passed_on(request: web.Request) -> list[tuple[str, str]]:
    headers = [(name, value) for name, value in request.headers.items() if name.lower() not in NOT_PASSED_ON]
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    return [*headers, (REQUEST_ID, str(request_id))] if request_id else headers


def _given(values: Mapping[str, Value], facts: Facts) -> dict[str, Any]:
    """The modern fields that have a value."""
    found = {name: to_modern(value, facts) for name, value in values.items()}
    return {name: value for name, value in found.items() if value is not None}


def _path_values(values: Mapping[str, Value], facts: Facts) -> dict[str, Any]:
    found = _given(values, facts)
    for name, value in values.items():
        if name not in found:
            raise not_given(getattr(value.source, "name", name), "is missing")
    return found


def _query(values: Mapping[str, Value], facts: Facts) -> list[tuple[str, str]]:
    given = _given(values, facts)
    return [(name, str(v).lower() if isinstance(v, bool) else str(v)) for name, v in given.items()]
