"""Which brands there are, what domains and integrations they have, and the keys of these: always in memory.

Folded from each brand's own events; read again every second, and at once when somebody asks for what is not known.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

import psycopg
from psycopg_pool import PoolTimeout

from contracts import codec
from contracts.ids import BRAND_AGGREGATE_ID
from contracts.refusals import LedgerUnavailable
from edges.logs import get_logger
from edges.secrets import Secrets
from edges.tenancy import ENTER_BRAND, Pool
from ledger.brand import Brand, evolve

REFRESH_INTERVAL_S: Final = 1.0
MIN_INTERVAL_S: Final = 0.2
"""Between two refreshes, however many unknown names are asked for."""

STALE_AFTER_S: Final = 15.0
"""Without a refresh for so long, the directory no longer calls itself ready."""

BRAND_IDS: Final = "SELECT brand_ids()"
BRAND_EVENTS: Final = """
SELECT type, payload FROM events
WHERE brand_id = %s AND aggregate_id = %s AND version > %s ORDER BY version
"""

log = get_logger(__name__)


class KnownIntegration(NamedTuple):
    """``secrets``: of the valid keys, newest first; one that cannot be read is left out."""

    protocol: str
    key_ids: tuple[str, ...]
    secrets: tuple[bytes, ...]


class KnownBrand(NamedTuple):
    """A brand's state, which nobody may change, and its integrations by name."""

    state: Brand
    integrations: Mapping[str, KnownIntegration]


class BrandDirectory:
    """All brands, as of at most a second ago. ``pool`` reads as the edge's role."""

    def __init__(
        self, pool: Pool, secrets: Secrets, *, refresh_interval_s: float = REFRESH_INTERVAL_S
    ) -> None:
        self._pool = pool
        self._secrets = secrets
        self._refresh_interval_s = refresh_interval_s
        self._brands: dict[str, KnownBrand] = {}
        self._by_domain: dict[str, str] = {}
        self._lock = asyncio.Lock()
        self._started_s = float("-inf")
        self._fresh_s = float("-inf")
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Reads everything once, if the database answers, and goes on refreshing until :meth:`close`."""
        await self._try_to_refresh()
        self._task = asyncio.create_task(self._keep_fresh())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def brand_ids(self) -> list[str]:
        return sorted(self._brands)

    def brand_of_domain(self, host: str) -> str | None:
        """The brand that has this domain; a port is ignored."""
        name = host.lower()
        found = self._by_domain.get(name)
        if found is None and ":" in name:
            found = self._by_domain.get(name.rsplit(":", 1)[0])
        return found

    async def brand(self, brand_id: str) -> KnownBrand | None:
        """None if there certainly is no such brand; raises LedgerUnavailable if that cannot be told now."""
        known = self._brands.get(brand_id)
        if known is None:
            await self._refresh_for(time.monotonic())
            known = self._brands.get(brand_id)
        return known

    async def integration(self, brand_id: str, name: str) -> tuple[Brand, KnownIntegration] | None:
        """The brand and its integration; None if there certainly is none. Raises LedgerUnavailable."""
        known = self._brands.get(brand_id)
        if known is None or name not in known.integrations:
            await self._refresh_for(time.monotonic())
            known = self._brands.get(brand_id)
            if known is None or name not in known.integrations:
                return None
        return known.state, known.integrations[name]

    async def refresh(self) -> None:
        """Reads what happened since, now; raises LedgerUnavailable if that cannot be done."""
        async with self._lock:
            fresh = await self._refresh()
        if not fresh:
            raise LedgerUnavailable(reason="the brands cannot be read")

    async def check(self) -> None:
        """For the readiness page: raises unless the brands were read lately."""
        if time.monotonic() - self._fresh_s > STALE_AFTER_S:
            raise LedgerUnavailable(reason="the brands were not read for too long")

    async def _refresh_for(self, asked_s: float) -> None:
        """Returns after a refresh that began after ``asked_s``, at most one per MIN_INTERVAL_S for all who wait."""
        async with self._lock:
            if self._started_s >= asked_s:
                fresh = self._fresh_s >= self._started_s
            else:
                await asyncio.sleep(max(0.0, self._started_s + MIN_INTERVAL_S - time.monotonic()))
                fresh = await self._refresh()
        if not fresh:
            raise LedgerUnavailable(reason="the brands cannot be read")

    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(self._refresh_interval_s)
            await self._try_to_refresh()

    async def _try_to_refresh(self) -> None:
        async with self._lock:
            await self._refresh()

    async def _refresh(self) -> bool:
        self._started_s = time.monotonic()
        try:
            states = await self._read()
        except (psycopg.Error, PoolTimeout, OSError) as error:
            log.warning("brands_not_read", error=type(error).__name__)
            return False
        await self._adopt(states)
        self._fresh_s = time.monotonic()
        return True

    async def _read(self) -> dict[str, Brand]:
        """Every brand's state, from its events since the last time."""
        states: dict[str, Brand] = {}
        async with self._pool.connection() as connection:
            ids = [row[0] for row in await (await connection.execute(BRAND_IDS)).fetchall()]
            cursors = []
            async with connection.pipeline():
                for brand_id in ids:
                    known = self._brands.get(brand_id)
                    version = known.state.version if known else 0
                    await connection.execute(ENTER_BRAND, (brand_id,))
                    cursors.append(
                        await connection.execute(BRAND_EVENTS, (brand_id, BRAND_AGGREGATE_ID, version))
                    )
            for brand_id, cursor in zip(ids, cursors, strict=True):
                known = self._brands.get(brand_id)
                state = _fold(known.state if known else None, brand_id, await cursor.fetchall())
                if state is not None:
                    states[brand_id] = state
        return states

    async def _adopt(self, states: dict[str, Brand]) -> None:
        brands = dict(self._brands)
        for brand_id, state in states.items():
            known = brands.get(brand_id)
            if known is None or known.state is not state or _lacks_keys(known.integrations.values()):
                integrations = await asyncio.to_thread(self._integrations, state)
                brands[brand_id] = KnownBrand(state, integrations)
        if brands != self._brands:
            self._brands = brands
            self._by_domain = _by_domain(brands)

    def _integrations(self, state: Brand) -> dict[str, KnownIntegration]:
        return {
            name: KnownIntegration(
                integration.protocol,
                integration.key_ids,
                tuple(self._read_secrets(state.brand_id, integration.protocol, integration.key_ids)),
            )
            for name, integration in state.integrations.items()
        }

    def _read_secrets(self, brand_id: str, protocol: str, key_ids: tuple[str, ...]) -> Iterable[bytes]:
        for key_id in reversed(key_ids):
            try:
                yield self._secrets.read_integration(brand_id, protocol, key_id)
            except (KeyError, ValueError, OSError) as error:
                log.error(
                    "integration_key_unreadable",
                    brand=brand_id,
                    protocol=protocol,
                    error=type(error).__name__,
                )


def _by_domain(brands: Mapping[str, KnownBrand]) -> dict[str, str]:
    """Should two brands name the same domain, the id that comes first has it, in every process."""
    return {
        domain: brand_id
        for brand_id, known in sorted(brands.items(), reverse=True)
        for domain in known.state.settings.domains
    }


def _fold(state: Brand | None, brand_id: str, rows: list[tuple[Any, ...]]) -> Brand | None:
    """Stops at an event it cannot apply: the brand then stays as it was, and the log line shouts."""
    for type_name, payload in rows:
        try:
            state = evolve(state, codec.decode(type_name, bytes(payload)), brand_id)
        except (codec.UndecodableEvent, KeyError):
            log.exception("brand_event_not_applied", brand=brand_id, type=type_name)
            break
    return state


def _lacks_keys(integrations: Iterable[KnownIntegration]) -> bool:
    return any(len(known.secrets) < len(known.key_ids) for known in integrations)
