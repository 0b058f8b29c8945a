"""Login names: how they look, and when two of them are the same."""

import re
import unicodedata
from typing import Final

from edges.identity.errors import InvalidLogin

SYNTAX: Final = re.compile(r"[A-Za-z0-9._@-]{3,32}", re.ASCII)


def fold_login(login: str) -> str:
    """The name as it is compared: capital and full-width letters are no other letters."""
    return unicodedata.normalize("NFKC", login.strip()).casefold()


def login_key(login: str) -> str:
    """The folded name, or the empty text, which nobody is called, for what cannot be a name."""
    folded = fold_login(login)
    return folded if SYNTAX.fullmatch(folded) else ""


def check_login(login: str) -> str:
    """The name as it is shown, 3 to 32 of ``a-z 0-9 . _ @ -`` in any case. Raises :class:`InvalidLogin`."""
    shown = unicodedata.normalize("NFKC", login.strip())
    if not SYNTAX.fullmatch(shown):
        raise InvalidLogin
    return shown
