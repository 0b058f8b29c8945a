"""The ground every measure stands on: an embedded PostgreSQL tuned and durable as in production, and migrated."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from contracts.commands.brand import CreateBrand
from contracts.commands.wallet import Deposit, OpenWallet, PlaceBet
from contracts.ids import wallet_id
from edges.database import Role, bootstrap, role_dsn
from edges.embedded.postgres import LEDGER_OPTIONS, EmbeddedPostgres
from edges.migrations import migrate
from edges.secrets import Secrets
from ledger.entries import WriterOptions
from ledger.writer import Writer

DATABASE = "tongbo"
PLENTY = 10**15
"""Ledger units deposited into every wallet: never used up."""

STAKE = 100_000


@dataclass(frozen=True)
class Ground:
    """A running server and its secrets."""

    root: Path
    server: EmbeddedPostgres
    secrets: Secrets

    def dsn(self, role: Role = Role.WRITER) -> str:
        return role_dsn(self.server.admin_dsn(), role, self.secrets, DATABASE)

    @asynccontextmanager
    async def writer(self, brand_id: str, options: WriterOptions | None = None) -> AsyncIterator[Writer]:
        """A leading writer of a brand, created if need be."""
        writer = Writer(brand_id, self.dsn(), options)
        await writer.start()
        try:
            if writer.brand is None:
                await writer.execute(
                    CreateBrand(
                        command_id="bench/brand", brand_id=brand_id, name="Bench", currencies=("EUR",)
                    )
                )
            yield writer
        finally:
            await writer.stop()


@asynccontextmanager
async def ground() -> AsyncIterator[Ground]:
    """Starts the server in a folder of its own, and removes both in the end."""
    root = Path(tempfile.mkdtemp(prefix="tongbo-bench-"))
    root.chmod(0o711)  # noqa: ASYNC240
    secrets = Secrets(root / "secrets")
    options = {**LEDGER_OPTIONS, "max_connections": "400"}
    server = EmbeddedPostgres(
        root / "postgres",
        root / "sockets",
        secrets.database_password("postgres"),
        root / "postgres.log",
        options,
    )
    await server.start()
    try:
        await bootstrap(server.admin_dsn(), secrets, DATABASE)
        await migrate(role_dsn(server.admin_dsn(), Role.OWNER, secrets, DATABASE))
        yield Ground(root, server, secrets)
    finally:
        await server.stop()
        shutil.rmtree(root, ignore_errors=True)


async def open_wallets(writer: Writer, count: int, *, at_once: int = 512, first: int = 0) -> Sequence[str]:
    """Opens and funds wallets, and returns their ids."""
    wallets = [wallet_id(f"p{n}", "EUR") for n in range(first, first + count)]
    for start in range(0, count, at_once):
        await asyncio.gather(
            *(
                writer.execute_all(
                    (
                        OpenWallet(wallet_id=wallet, command_id=f"bench/open/{wallet}"),
                        Deposit(
                            wallet_id=wallet, command_id=f"bench/fund/{wallet}", amount=PLENTY, method="bench"
                        ),
                    )
                )
                for wallet in wallets[start : start + at_once]
            )
        )
    return wallets


def bet(wallet: str, number: int) -> PlaceBet:
    """The ``number``-th bet of the run."""
    return PlaceBet(
        wallet_id=wallet,
        command_id=f"softswiss/tx-{number}",
        integration="softswiss",
        round_id=f"round-{number}",
        game_id="dice",
        amount=STAKE,
    )
