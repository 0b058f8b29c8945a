"""``/ws``: the numbers of the day of every brand that the caller works for, pushed as they change.

Browsers come with the console's cookies, which count on our own pages only; programs with an access token. A socket
lasts as long as its access token: who comes back in time with the last number goes on without a gap.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from aiohttp import web

from contracts.http.admin.top_info import TopInfoChangeSchema, TopInfoSnapshotSchema, WatchQuerySchema
from contracts.roles import EVERY_BRAND, permissions_of
from edges.admin.live.collector import Collector
from edges.admin.live.figures import Figures
from edges.admin.live.history import Audience, History
from edges.admin.live.watchers import RIGHTS_CHANGED, SESSION_OVER, Verdict, Watcher, Watchers
from edges.admin.status import StatusBoard
from edges.api.callers import caller_of, claims_of
from edges.api.parts import ApiParts
from edges.api.reading import query_of
from edges.identity.repeating import Repeating
from edges.log_states import staff_roster
from edges.routes import Route
from ledger.staff import Member, StaffRoster

PERMISSION: Final = "status.read"
HEARTBEAT_S: Final = 15.0
REVIEW_EVERY_S: Final = 0.5
MESSAGE_BYTES_MAX: Final = 1_024
"""Nothing is expected of clients."""


class TopInfo:
    """Of one process: collects once for everybody who watches, and looks again and again who still may."""

    def __init__(self, parts: ApiParts, board: StatusBoard, redis_url: str) -> None:
        self._parts = parts
        self._board = board
        self._roster = staff_roster(parts.pool)
        self.history: Final = History()
        self.watchers: Final = Watchers(self.history)
        self.collector: Final = Collector(
            Figures(parts, self._alarms), parts.directory, self.history, self.watchers, redis_url
        )
        self._reviewing = Repeating(self.review, REVIEW_EVERY_S, "watchers_not_reviewed")

    async def life(self, _app: web.Application) -> AsyncIterator[None]:
        """While the application runs; the parts have been opened before."""
        await self.collector.open()
        await self._reviewing.open()
        yield
        await self._reviewing.close()
        await self.collector.close()

    async def say_goodbye(self, _app: web.Application) -> None:
        """The application stops: clients come back to another process."""
        await self.watchers.close()

    async def review(self) -> None:
        """Sends away whose session has ended or whose rights have changed."""
        if not len(self.watchers):
            return
        roster = await self._roster.read()
        now_s = self._parts.clock()
        self.watchers.review(lambda watcher: self._judge(watcher, roster, now_s))

    def _judge(self, watcher: Watcher, roster: StaffRoster, now_s: float) -> Verdict | None:
        if self._parts.identity.ended.has(watcher.session_id):
            return SESSION_OVER, "session_ended"
        if watcher.expires_at_s <= now_s:
            return SESSION_OVER, "token_expired"
        member = roster.members.get(watcher.staff_id)
        if member is None or not member.enabled:
            return SESSION_OVER, "account_disabled"
        if PERMISSION not in permissions_of(member.roles) or audience_of(member) != watcher.audience:
            return RIGHTS_CHANGED, "rights_changed"
        return None

    def _alarms(self, brand_id: str) -> Sequence[str]:
        status = self._board.latest
        of_brand = (brand.alarms for brand in status.brands if brand.brand_id == brand_id)
        return [*status.troubles, *next(of_brand, ())]


TOP_INFO: Final = web.AppKey("TOP_INFO", TopInfo)


async def watch(request: web.Request) -> web.WebSocketResponse:
    """Begins with a snapshot or, for a client that comes back in time, with what it missed; then every change."""
    query, caller, claims = query_of(request, WatchQuerySchema), caller_of(request), claims_of(request)
    top_info, watcher = request.app[TOP_INFO], None
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=MESSAGE_BYTES_MAX, compress=False)
    try:
        await top_info.collector.fresh()
        await socket.prepare(request)
        if request.transport is None:
            return socket
        watcher = Watcher(
            socket,
            request.transport,
            audience_of(caller.member),
            staff_id=caller.subject_id,
            session_id=claims.session_id,
            expires_at_s=claims.expires_at_s,
        )
        top_info.watchers.add(watcher, query["epoch"], query["number"])
        async for _ in socket:  # nothing is expected; but closing and heartbeats are noticed by reading
            pass
    finally:
        top_info.watchers.remove(watcher)
    return socket


def audience_of(member: Member | None) -> Audience:
    """The brands that a member of staff works for."""
    if member is None:
        return frozenset()
    return None if EVERY_BRAND in member.brands else frozenset(member.brands)


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "GET",
        "/ws",
        watch,
        "The numbers of the day, as a WebSocket of JSON messages",
        {101: {"oneOf": [TopInfoSnapshotSchema, TopInfoChangeSchema]}},
        query=WatchQuerySchema,
        permission=PERMISSION,
        problems=(400, 403),
    ),
)
