"""Writes docs/roles.md from the matrix of roles: `python -m tests.roles_page`; a test holds the page against it."""

from collections.abc import Iterator
from pathlib import Path

from contracts.roles import PERMISSIONS, ROLES

PAGE = Path(__file__).parents[1] / "docs" / "roles.md"
INTRODUCTION = """# Roles

What each role of staff may do. A member of staff has one role or more, at some brands or at all (`*`), and may do what
any of the roles may, at those brands: a brand that somebody does not work for answers like one that does not exist.
What belongs to no brand, such as staff, the tree of agents and new brands, is changed by staff of all brands only.

Some acts are sensitive: they need a password or a one-time code again, not longer ago than ten minutes
(`POST /api/v1/auth/step-up`). The API's own page (`/docs` of the admin edge) tells of each route what it needs.

This page is made from `contracts/roles.py`, which every route of the admin edge is tested against.
"""


def page() -> str:
    """The whole page."""
    return INTRODUCTION + "\n" + "\n".join(_table()) + "\n"


def _table() -> Iterator[str]:
    yield "| permission | to | " + " | ".join(ROLES) + " |"
    yield "|---|---|" + ":-:|" * len(ROLES)
    for permission, allows in PERMISSIONS.items():
        marks = " | ".join("✔" if permission in allowed else "" for allowed in ROLES.values())
        yield f"| `{permission}` | {allows} | {marks} |"


if __name__ == "__main__":
    PAGE.write_text(page())
