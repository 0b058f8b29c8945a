"""Which migrations this version brings, and which of them the database has."""

from typing import Any

from edges.migrations import packaged_migrations, pending_migrations, read_migrations


async def read_schema_state(dsn: str) -> list[dict[str, Any]]:
    """Every migration in order. Raises ``MigrationError`` if the database has others, ``psycopg.Error``."""
    pending = {migration.number for migration in await pending_migrations(dsn)}
    return [
        {
            "number": migration.number,
            "name": migration.name,
            "checksum": migration.checksum,
            "applied": migration.number not in pending,
        }
        for migration in read_migrations(packaged_migrations())
    ]
