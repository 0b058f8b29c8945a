"""Everything that a running system keeps or tells, to be searched: tables, files, Valkey, metrics, answers."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql
from redis.asyncio import Redis

from edges.admin.app import ROUTES
from edges.cli.reach import System, find_system
from edges.connections import redis_url
from edges.parts import PARTS, SERVERS
from edges.routes import METRICS_PATH
from tests.acceptance.database import superuser_dsn
from tests.acceptance.house import House
from tests.acceptance.markers import Search
from tests.acceptance.staff import Staff

TABLES: Final = """
SELECT c.oid::regclass::text, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
ORDER BY 1
"""
COLUMNS: Final = (
    "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
)
DATABASE_FILES: Final = "postgres"
"""Below HOME: pages with dead rows and the write-ahead log, of which docs/identity.md tells."""

VARIABLE: Final = re.compile(r"\{(\w+)\}")

Found = dict[str, set[str]]
"""Names of markers, by the place where they were found."""


class Leftovers:
    """One look after another, each for the same markers."""

    def __init__(self, house: House, search: Search) -> None:
        self._house = house
        self._system: System = find_system(house.system.home)
        self._search = search

    async def in_tables(self) -> Found:
        """By table and column, in every row, as the superuser sees them."""
        found: Found = defaultdict(set)
        dsn = superuser_dsn(self._system)
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
            tables = await (await connection.execute(TABLES)).fetchall()
            assert len(tables) > 30
            for place, name in tables:
                columns = await (await connection.execute(COLUMNS, (place,))).fetchall()
                for (column,) in columns:
                    query = sql.SQL("SELECT {}::text FROM {}").format(
                        sql.Identifier(column), sql.Identifier(name)
                    )
                    rows = await (await connection.execute(query)).fetchall()
                    text = "\n".join(row[0] for row in rows if row[0] is not None)
                    found[f"{name}.{column}"] |= self._search.in_text(text)
        return _only_where_any(found)

    def in_files(self) -> Found:
        """Logs, checkpoints and all else below HOME but the database's own files."""
        home = self._house.system.home
        files = [path for path in home.rglob("*") if path.relative_to(home).parts[0] != DATABASE_FILES]
        found = {str(path.relative_to(home)): self._search.in_bytes(_read(path)) for path in files}
        assert {f"logs/{name}.log" for name in (*SERVERS, *(part.name for part in PARTS))} <= found.keys()
        assert any(place.startswith("checkpoints/") for place in found)
        return _only_where_any(found)

    async def in_valkey(self) -> Found:
        """By key: what a key is called, and what it holds."""
        found: Found = {}
        async with Redis.from_url(redis_url(self._system.settings, self._system.secrets)) as client:
            async for key in client.scan_iter():
                kind: Any = await client.type(key)
                content = await _VALKEY[kind](client, key)
                found[repr(key)] = self._search.in_bytes(key + b"\n" + repr(content).encode())
        return _only_where_any(found)

    async def in_metrics(self) -> Found:
        """Of every part."""
        found: Found = {}
        for part in PARTS:
            url = self._house.system.url(part.name) + METRICS_PATH
            async with self._house.http.get(url) as response:
                found[part.name] = self._search.in_text(await response.text())
        return _only_where_any(found)

    async def in_answers(self, who: Staff, values: Mapping[str, Sequence[str]]) -> Found:
        """Of every read of the admin edge, as JSON and as CSV. ``values``: of the paths' variables."""
        paths = [
            path
            for route in ROUTES
            if route.method == "GET" and route.permission and not route.path.startswith("/ws")
            for path in _filled(route.path, values)
        ]
        asked = [(path, query) for path in paths for query in ({}, {"format": "csv"})]
        answers = await asyncio.gather(*(who.ask("GET", path, **query) for path, query in asked))
        found: Found = {}
        for (path, query), answer in zip(asked, answers, strict=True):
            assert answer.status in {200, 404} or query, (path, answer)
            found[f"{path} {query}"] = self._search.in_text(str(answer.content))
        return _only_where_any(found)


def _filled(path: str, values: Mapping[str, Sequence[str]]) -> list[str]:
    names = VARIABLE.findall(path)
    return [
        path.format(**dict(zip(names, chosen, strict=True)))
        for chosen in product(*(values.get(name, ("unknown",)) for name in names))
    ]


_VALKEY: Final[Mapping[bytes, Any]] = {
    b"string": lambda client, key: client.get(key),
    b"hash": lambda client, key: client.hgetall(key),
    b"set": lambda client, key: client.smembers(key),
    b"list": lambda client, key: client.lrange(key, 0, -1),
    b"zset": lambda client, key: client.zrange(key, 0, -1),
    b"stream": lambda client, key: client.xrange(key),
}


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _only_where_any(found: Found) -> Found:
    return {place: names for place, names in found.items() if names}
