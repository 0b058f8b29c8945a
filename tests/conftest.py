"""The servers every test shares, and databases copied from a template."""

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
