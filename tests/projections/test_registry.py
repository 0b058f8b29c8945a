"""Projections are found by name, and their tables are theirs alone."""

import pytest

from projections.errors import UnknownProjection
from projections.registry import PROJECTIONS, READ_MODELS, projection_named


def test_finds_every_projection_by_its_name() -> None:
    assert [projection_named(projection.name) for projection in PROJECTIONS] == list(PROJECTIONS)


def test_refuses_a_name_that_nothing_has() -> None:
    with pytest.raises(UnknownProjection):
        projection_named("nothing")


def test_no_two_projections_share_a_name_or_a_table() -> None:
    tables = [table for projection in PROJECTIONS for table in projection.tables]
    assert len(tables) == len(set(tables))
    assert len({projection.name for projection in PROJECTIONS}) == len(PROJECTIONS)
    assert set(READ_MODELS) < set(PROJECTIONS)
