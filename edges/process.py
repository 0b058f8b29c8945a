"""What a process of ours is given when it is composed, and the few things most of them need."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from edges.config import Settings
from edges.connections import database_dsn
from edges.database import Role
from edges.health import READY_PATH, Health
from edges.metrics import Metrics
from edges.probe import answers_ready
from edges.secrets import Secrets
from ledger.client import LedgerClient

CHECKPOINTS: Final = "checkpoints"
"""The folder in HOME where the checkpoint files of all brands are."""

Life = Callable[[web.Application], AsyncIterator[None]]


class LedgerNotReady(Exception):
    """No ledger process is ready."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process, before its application runs."""

    name: str
    settings: Settings
    secrets: Secrets
    metrics: Metrics
    health: Health

    def dsn(self, role: Role) -> str:
        """The connection string of a database role."""
        return database_dsn(self.settings, role, self.secrets)

    def ledger_client(self) -> LedgerClient:
        """A client of the ledger, still closed; being ready depends on the ledger from now on."""
        self.health.add("ledger", self._ledger_answers)
        return make_ledger_client(self.settings, self.secrets)

    async def _ledger_answers(self) -> None:
        for url in ledger_urls(self.settings):
            if await answers_ready(url + READY_PATH):
                return
        raise LedgerNotReady


def ledger_urls(settings: Settings) -> list[str]:
    """Where ledger processes answer; the setting may name several, with commas between them."""
    return [url.strip().rstrip("/") for url in settings.ledger_url.split(",") if url.strip()]


def make_ledger_client(settings: Settings, secrets: Secrets) -> LedgerClient:
    """A client of the ledger, still closed."""
    return LedgerClient(
        ledger_urls(settings), secrets.service_token(), deadline_s=settings.ledger_command_deadline_s
    )


def life_of(client: LedgerClient) -> Life:
    """Opens and closes the client with an application."""

    async def life(_app: web.Application) -> AsyncIterator[None]:
        async with client:
            yield

    return life
