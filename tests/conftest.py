"""The servers every test shares, and databases copied from a template."""

import structlog

from tests.servers import (
    brand_id,
    database,
    empty_database,
    module_database,
    postgres,
    private_postgres,
    secrets,
    server_root,
    shared_database,
    template_database,
    valkey,
    valkey_url,
)

__all__ = [
    "brand_id",
    "database",
    "empty_database",
    "module_database",
    "postgres",
    "private_postgres",
    "secrets",
    "server_root",
    "shared_database",
    "template_database",
    "valkey",
    "valkey_url",
]

# One line for whatever a part logs: structlog's own tracebacks, with all locals, take seconds and hold tests up.
structlog.configure(
    processors=[structlog.processors.add_log_level, structlog.processors.KeyValueRenderer()],
    cache_logger_on_first_use=False,
)
