"""All brands' writers in one process: finds the brands, starts a writer for each, and is the ledger in-process."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import psycopg
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct
from prometheus_client import CollectorRegistry

from contracts.commands import Command
from contracts.commands.brand import CreateBrand
from contracts.ids import PLATFORM_BRAND, check_brand_id, creation_id
from contracts.receipts import Receipt, WalletView
from contracts.refusals import LedgerUnavailable, NotLeading, Retryable, UnknownBrand
from ledger import brand as brands
from ledger.append import AppendConnection, Head
from ledger.brand import Brand
from ledger.checkpointer import INTERVAL_S, Checkpointer
from ledger.entries import State, WriterOptions
from ledger.metrics import WriterMetrics, WriterSeries
from ledger.recovery import LogDiverged
from ledger.writer import Writer

log = structlog.get_logger(module="ledger.service")

BRAND_IDS: Final = "select brand_ids()"

DISCOVERY_INTERVAL_S: Final = 1.0
LOOK_AGAIN_AFTER_S: Final = 0.25
"""Between two looks for brands, however many unknown ones are called for."""

Durable = Callable[[str, int], None]
"""Told the brand and its last durable position after every commit, on the event loop; must not wait or raise."""


class WriterStatus(Struct, frozen=True):
    """What one writer does. ``pending``: commands not answered yet; positions are the log's.

    ``diverged`` says why it must not lead: its log is not the one that was signed.
    """

    brand_id: str
    state: str
    position: int
    pending: int
    checkpoint_position: int
    diverged: str | None = None


class LedgerService:
    """Implements ``ledger.interface.Ledger`` with one writer for each brand of the database."""

    def __init__(
        self,
        conninfo: str,
        checkpoint_directory: Path,
        checkpoint_key: Ed25519PrivateKey,
        *,
        options: WriterOptions | None = None,
        checkpoint_interval_s: float = INTERVAL_S,
        registry: CollectorRegistry | None = None,
        on_durable: Durable | None = None,
    ) -> None:
        """``conninfo``: of the writer role."""
        self._conninfo = conninfo
        self._options = options or WriterOptions()
        self._series = WriterSeries(registry or CollectorRegistry())
        self._metrics: dict[str, WriterMetrics] = {}
        self._on_durable = on_durable
        self._writers: dict[str, Writer] = {}
        self._brands: dict[str, LocalBrand] = {}
        self._starting: dict[str, asyncio.Lock] = {}
        self._diverged: dict[str, str] = {}
        self._last_led: dict[str, Head] | None = None
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()
        self._discovery: asyncio.Task[None] | None = None
        self._discovered: bool | None = None
        """Whether the last look for brands succeeded; None before the first."""
        self._stopped = False
        self.checkpointer = Checkpointer(
            checkpoint_directory,
            checkpoint_key,
            self._led_heads,
            interval_s=checkpoint_interval_s,
            written=self._checkpoint_written,
        )

    async def start(self) -> None:
        """Starts a writer for every brand there is, or goes on trying while the database cannot be asked."""
        await self._try_to_discover()
        self.checkpointer.start()
        self._discovery = asyncio.get_running_loop().create_task(self._discover_for_ever())

    async def stop(self) -> None:
        """Answers what is under way, signs the last heads, and lets other processes lead."""
        self._stopped = True
        if self._discovery is not None:
            self._discovery.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._discovery
        for lock in self._starting.values():
            async with lock:  # a writer that is being started is stopped too
                pass
        led = [writer for writer in self._writers.values() if _leads(writer)]
        await asyncio.gather(*(writer.stop() for writer in self._writers.values()))
        self._last_led = {writer.brand_id: writer.head for writer in led}
        await self.checkpointer.stop()
        if self._connection is not None:
            await asyncio.to_thread(self._connection.close)

    # --- the ledger

    def brand(self, brand_id: str) -> "LocalBrand":
        """The brand's ledger; an unknown brand is refused by its methods, not here."""
        return self._brands.get(brand_id) or LocalBrand(self, brand_id)

    async def create_brand(self, command: CreateBrand) -> Receipt:
        """Begins a brand's log; repeating it gives the first answer. Raises what ``execute`` raises."""
        brand_id = check_brand_id(command.brand_id)
        if brand_id not in self._writers:
            brands.decide(None, brand_id, command)  # a refusal must not leave a writer behind
            try:
                await self._start_writer(brand_id)
            except psycopg.Error as error:
                raise LedgerUnavailable(reason="the event store cannot be reached") from error
        return await self.brand(brand_id).execute(command)

    async def ensure_platform(self) -> None:
        """Begins the log of what belongs to no brand, as soon as the database lets it; safe to repeat."""
        command = CreateBrand(
            command_id=creation_id(PLATFORM_BRAND),
            brand_id=PLATFORM_BRAND,
            name="Platform",
            currencies=(),
            actor="ledger",
        )
        while not self._stopped:
            try:
                await self.create_brand(command)
            except NotLeading:  # another process leads it, so it has begun
                return
            except Retryable as error:
                log.warning("platform_not_begun", error=error.code)
                await asyncio.sleep(DISCOVERY_INTERVAL_S)
            else:
                return

    async def writer(self, brand_id: str) -> Writer:
        """The brand's writer. Raises :class:`UnknownBrand` if no log of that name exists."""
        found = self._writers.get(brand_id)
        if found is None:
            await self._look_again(asyncio.get_running_loop().time())
            found = self._writers.get(brand_id)
            if found is None:
                raise UnknownBrand(brand_id=brand_id)
        return found

    # --- what there is to see

    def known_brands(self) -> list[Brand]:
        """Every brand whose log is led here, as it is now, by id."""
        found = [writer.brand for writer in self._writers.values() if _leads(writer)]
        return sorted((brand for brand in found if brand is not None), key=lambda brand: brand.brand_id)

    def statuses(self) -> list[WriterStatus]:
        """Every writer, by brand."""
        return [
            WriterStatus(
                brand_id,
                writer.state.value,
                writer.head.position,
                writer.pending,
                self.checkpointer.signed(brand_id),
                self._diverged.get(brand_id),
            )
            for brand_id, writer in sorted(self._writers.items())
        ]

    async def check(self) -> str:
        """What this process does for its brands, in a few words.

        Raises :class:`LedgerUnavailable` unless it leads each or stands by, and :class:`LogDiverged` if a log is not
        the one that was signed.
        """
        if not self._discovered:
            raise LedgerUnavailable(reason="the event store cannot be read")
        if self._diverged:
            raise LogDiverged(f"{len(self._diverged)} logs are not what was signed")
        states = [writer.state for writer in self._writers.values()]
        astray = [state for state in states if state not in (State.LEADING, State.STANDBY)]
        if astray:
            raise LedgerUnavailable(reason=f"{len(astray)} of {len(states)} writers are {astray[0].value}")
        standing_by = states.count(State.STANDBY)
        return f"standby for {standing_by} of {len(states)}" if standing_by else "leading"

    # --- finding brands

    async def discover(self) -> None:
        """Looks for brands that have a log but no writer here, and starts one for each."""
        self._looked_at = asyncio.get_running_loop().time()
        found = await asyncio.to_thread(self._read_brand_ids)
        missing = [brand_id for brand_id in found if brand_id not in self._writers]
        if missing:
            await asyncio.gather(*(self._start_writer(brand_id) for brand_id in missing))

    async def _discover_for_ever(self) -> None:
        while True:
            await asyncio.sleep(DISCOVERY_INTERVAL_S)
            async with self._looking:
                await self._try_to_discover()

    async def _try_to_discover(self) -> None:
        try:
            await self.discover()
        except psycopg.Error as error:
            if self._discovered is not False:
                log.warning("cannot_look_for_brands", error=type(error).__name__)
            self._discovered = False
        else:
            self._discovered = True

    async def _look_again(self, asked: float) -> None:
        """Returns after a look that began after ``asked``: a refusal is final, and must not rest on an older one."""
        async with self._looking:
            if self._looked_at < asked:
                now = asyncio.get_running_loop().time()
                await asyncio.sleep(max(0.0, self._looked_at + LOOK_AGAIN_AFTER_S - now))
                await self._try_to_discover()
            if not self._discovered:
                raise LedgerUnavailable(reason="the event store cannot be read")

    def _read_brand_ids(self) -> list[str]:
        connection = self._connection
        if connection is None or connection.closed:
            connection = self._connection = psycopg.connect(
                self._conninfo, autocommit=True, application_name="tongbo ledger"
            )
        return [str(row[0]) for row in connection.execute(BRAND_IDS).fetchall()]

    async def _start_writer(self, brand_id: str) -> None:
        async with self._starting.setdefault(brand_id, asyncio.Lock()):
            if brand_id in self._writers or self._stopped:
                return
            metrics = self._metrics.setdefault(brand_id, WriterMetrics.of(self._series, brand_id))
            writer = Writer(
                brand_id,
                self._conninfo,
                self._options,
                metrics=metrics,
                on_durable=self._durable,
                check_head=partial(self._check_head, brand_id),
            )
            try:
                await writer.start()
            except BaseException:
                await writer.stop()
                raise
            self._writers[brand_id] = writer
            self._brands[brand_id] = LocalBrand(self, brand_id)
            log.info("writer_started", brand=brand_id, state=writer.state.value)

    def _check_head(self, brand_id: str, connection: AppendConnection, head: Head) -> None:
        try:
            self.checkpointer.require_agreement(brand_id, connection, head)
        except LogDiverged as error:
            self._diverged[brand_id] = str(error)
            raise
        self._diverged.pop(brand_id, None)

    # --- after a commit

    def _durable(self, brand_id: str, head: Head) -> None:
        self.checkpointer.moved()
        if self._on_durable is not None:
            self._on_durable(brand_id, head.position)

    def _led_heads(self) -> dict[str, Head]:
        if self._last_led is not None:
            return self._last_led
        return {brand_id: writer.head for brand_id, writer in self._writers.items() if _leads(writer)}

    def _checkpoint_written(self, brand_id: str, position: int) -> None:
        metrics = self._metrics.get(brand_id)
        if metrics is not None:
            metrics.checkpoint_position.set(position)


class LocalBrand:
    """One brand's ledger in this process; see ``ledger.interface.BrandLedger``."""

    def __init__(self, service: LedgerService, brand_id: str) -> None:
        self.brand_id = brand_id
        self._service = service

    async def execute(self, command: Command) -> Receipt:
        """Decides the command and returns when its event is durable."""
        writer = await self._service.writer(self.brand_id)
        return await writer.execute(command)

    async def execute_all(self, commands: Sequence[Command]) -> tuple[Receipt, ...]:
        """Decides the commands in order, all or none."""
        writer = await self._service.writer(self.brand_id)
        return await writer.execute_all(commands)

    async def wallet(self, wallet_id: str, day: str = "") -> WalletView:
        """The wallet after everything that was acknowledged."""
        writer = await self._service.writer(self.brand_id)
        return await writer.wallet(wallet_id, day)


def _leads(writer: Writer) -> bool:
    return writer.state is State.LEADING
