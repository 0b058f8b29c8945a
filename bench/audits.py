"""`audit verify`: chain, fold, and comparison with the balances, beside a bare COPY of the same rows."""

import asyncio
from time import perf_counter

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import sql

from bench.filling import fill
from bench.ground import Ground, open_wallets
from bench.projections import catch_up
from bench.results import Figure, figure
from edges.audit import COPY_LOG, verify
from edges.database import Role
from ledger.checkpoints import CheckpointFiles

EVENTS = 400_000
CHECKPOINT_EVERY = 20_000


async def measure(ground: Ground, wanted: set[str], seconds: float) -> list[Figure]:
    """The figure ``audit_verify``; the balances are projected first, so that all of them are compared."""
    key = Ed25519PrivateKey.generate()
    files = CheckpointFiles(ground.root / "checkpoints", "audited")
    async with ground.writer("audited") as writer:
        wallets = await open_wallets(writer, 2_000)
        for _ in range(EVENTS // CHECKPOINT_EVERY):
            await fill(writer, wallets, CHECKPOINT_EVERY)
            files.write(writer.head, key)
    await catch_up(ground, "audited", ("balances",))
    auditor = ground.dsn(Role.AUDITOR)
    begun = perf_counter()
    rows = await asyncio.to_thread(copy_to_nowhere, auditor, "audited")
    copied_s = perf_counter() - begun
    report = await asyncio.to_thread(
        verify, auditor, "audited", ground.root / "checkpoints", key.public_key()
    )
    if not report.verified or report.events != rows:
        raise RuntimeError(f"the audit found {report.findings[:3]} in {report.events} of {rows} events")
    return [
        figure(
            "audit_verify",
            report.events / report.seconds,
            "events/s",
            "COPY of the same rows",
            rows / copied_s,
        )
    ]


def copy_to_nowhere(conninfo: str, brand_id: str) -> int:
    """Reads the log and drops it (blocking); returns the number of rows."""
    rows = 0
    with psycopg.connect(conninfo, options=f"-c tongbo.brand_id={brand_id}") as connection:
        statement = sql.SQL(COPY_LOG).format(brand_id=sql.Literal(brand_id))
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            while copy.read():
                rows += 1
    return rows - 1  # the trailer
