"""README and docs say what is so."""

import re
from pathlib import Path

import pytest

from edges.config import variable_names
from edges.ports import PORT_OFFSETS
from tests import reference, roles_page

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_reference_has_every_command_refusal_and_event() -> None:
    page = reference.PAGE.read_text()
    assert page == reference.with_generated(page), "run: python -m tests.reference"


def test_the_reference_has_every_setting() -> None:
    page = reference.PAGE.read_text()
    named = {name.removesuffix("_FILE") for name in variable_names()}
    assert {name for name in named if f"`{name}`" not in page} == set()


def test_the_reference_has_every_port() -> None:
    page = reference.PAGE.read_text()
    assert {part for part, offset in PORT_OFFSETS.items() if f"| {part} | +{offset} |" not in page} == set()


def test_the_page_of_roles_is_the_matrix() -> None:
    assert roles_page.PAGE.read_text() == roles_page.page(), "run: python -m tests.roles_page"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_named_files_exist(page: Path) -> None:
    text = page.read_text()
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []
    files = re.findall(
        r"`((?:contracts|ledger|projections|edges|migrations|tests|bench|docs)/[\w/.]*)`", text
    )
    assert [file for file in files if not (ROOT / file).exists()] == []
