"""Signs the heads of the logs this process leads, at a steady interval, into checkpoint files."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.append import AppendConnection, Head
from ledger.checkpoints import Checkpoint, CheckpointFiles, InvalidCheckpoint, require_agreement
from ledger.recovery import LogDiverged

log = structlog.get_logger(module="ledger.checkpointer")

INTERVAL_S: Final = 0.5

Written = Callable[[str, int], None]
"""Told the brand and the position of every checkpoint written."""


class Checkpointer:
    """The checkpoint files of every brand in ``directory``. ``heads``: the durable ends of the logs led here."""

    def __init__(
        self,
        directory: Path,
        key: Ed25519PrivateKey,
        heads: Callable[[], Mapping[str, Head]],
        *,
        interval_s: float = INTERVAL_S,
        written: Written | None = None,
    ) -> None:
        self.directory = directory
        self.interval_s = interval_s
        self._key = key
        self._public_key = key.public_key()
        self._heads = heads
        self._written = written
        self._signed: dict[str, int] = {}
        self._moved = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to sign."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Signs what is still unsigned, and ends."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self.sign()

    def moved(self) -> None:
        """A log has grown."""
        self._moved.set()

    def signed(self, brand_id: str) -> int:
        """The position of the brand's last checkpoint known here; 0 if there is none."""
        return self._signed.get(brand_id, 0)

    async def sign(self) -> None:
        """Signs every head that moved. A file that cannot be written is shouted about and tried again."""
        due = {
            brand_id: head
            for brand_id, head in self._heads().items()
            if head.position > self._signed.get(brand_id, 0)
        }
        if not due:
            return
        try:
            await asyncio.to_thread(self._write, due)
        except OSError as error:
            log.error("checkpoint_not_written", error=str(error))

    def latest(self, brand_id: str) -> Checkpoint | None:
        """The brand's latest checkpoint (blocking). Raises :class:`ledger.checkpoints.InvalidCheckpoint`."""
        return CheckpointFiles(self.directory, brand_id).latest(self._public_key)

    def require_agreement(self, brand_id: str, connection: AppendConnection, head: Head) -> None:
        """Raises :class:`LogDiverged` if the log does not continue what was signed last (blocking)."""
        try:
            checkpoint = self.latest(brand_id)
        except InvalidCheckpoint as error:
            raise LogDiverged(f"the checkpoint files of {brand_id} cannot be trusted: {error}") from error
        require_agreement(checkpoint, connection, head)
        if checkpoint is not None:
            self._note(brand_id, checkpoint.position)

    async def _run(self) -> None:
        while True:
            await self._moved.wait()
            self._moved.clear()
            await self.sign()
            await asyncio.sleep(self.interval_s)

    def _write(self, due: Mapping[str, Head]) -> None:
        for brand_id, head in due.items():
            CheckpointFiles(self.directory, brand_id).write(head, self._key)
            self._note(brand_id, head.position)

    def _note(self, brand_id: str, position: int) -> None:
        self._signed[brand_id] = max(position, self._signed.get(brand_id, 0))
        if self._written is not None:
            self._written(brand_id, position)
