"""Driving projections in tests one batch at a time, and looking at the rows they leave."""

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg import sql

from projections.feed import read_events, read_head
from projections.outbox import store_reactions
from projections.positions import advance, ensure_live
from projections.projection import Build, Projection
from projections.registry import PROJECTIONS

COLUMNS_OF = (
    "select column_name from information_schema.columns where table_name = %s order by ordinal_position"
)


async def project(
    connection: psycopg.AsyncConnection[Any],
    brand_id: str,
    projections: Sequence[Projection] = PROJECTIONS,
    cuts: Iterable[int] = (),
) -> None:
    """Brings the projections to the end of the log, in batches of these sizes and then of the rest."""
    for projection in projections:
        sizes = iter(cuts)
        head = await read_head(connection, brand_id)
        place = await ensure_live(connection, brand_id, projection.name)
        position, build = place.position, Build(brand_id, place.generation)
        while position < head:
            upto = position + next(sizes, head - position)
            events = await read_events(connection, brand_id, position, upto)
            async with connection.transaction():
                await advance(connection, projection.name, build, position, events[-1])
                reactions = await projection.apply(build, events, connection)
                if reactions:
                    await store_reactions(connection, brand_id, projection.name, reactions)
            position = events[-1].position


async def live_rows(
    connection: psycopg.AsyncConnection[Any], brand_id: str, projections: Sequence[Projection] = PROJECTIONS
) -> dict[str, list[tuple[Any, ...]]]:
    """All live rows of the brand by table, the generation left out, and where each projection stands."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for projection in projections:
        place = await ensure_live(connection, brand_id, projection.name)
        found[f"position of {projection.name}"] = [(place.position,)]
        for table in projection.tables:
            names = [name for (name,) in await (await connection.execute(COLUMNS_OF, (table,))).fetchall()]
            wanted = sql.SQL(", ").join(sql.Identifier(name) for name in names if name != "generation")
            statement = sql.SQL("select {} from {} where brand_id = %s and generation = %s").format(
                wanted, sql.Identifier(table)
            )
            rows = await (await connection.execute(statement, (brand_id, place.generation))).fetchall()
            found[table] = sorted(rows, key=repr)
    return found
