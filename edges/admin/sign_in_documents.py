"""Sessions of a person, as staff see them."""

from collections.abc import Iterable
from typing import Any

from edges.api.answers import time_text
from edges.identity.sign_ins import SignIn


def sign_ins_document(found: Iterable[SignIn], *, current: str | None = None) -> dict[str, Any]:
    """A list, the newest first. ``current``: the caller's own session."""
    return {
        "items": [
            {
                "session_id": sign_in.session_id,
                "current": sign_in.session_id == current,
                "created_at": time_text(sign_in.created_at),
                "last_seen_at": time_text(sign_in.last_seen_at),
                "expires_at": time_text(sign_in.expires_at),
                "ended_at": time_text(sign_in.ended_at),
                "end_reason": sign_in.end_reason,
                "client": sign_in.client,
                "address": sign_in.address,
            }
            for sign_in in found
        ],
        "next": None,
    }
