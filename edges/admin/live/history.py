"""What the latest numbers are, and what they were lately: so that who was away for a moment gets only what changed."""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

import orjson

from contracts.http.admin.top_info import CHANGE, SNAPSHOT
from edges.admin.live.merge_patch import difference

REMEMBERED: Final = 600
"""States that somebody may continue from."""

Audience = frozenset[str] | None
"""The brands that somebody sees; None: all, those to come included."""

Document = dict[str, Any]


class History:
    """States by number; each holds every brand's document, which nobody changes once it is in here."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._run = secrets.token_hex(6)
        self._states: OrderedDict[int, Mapping[str, Document]] = OrderedDict({0: {}})
        self.number = 0
        """Of the newest state."""

    @property
    def latest(self) -> Mapping[str, Document]:
        """Every brand's document now."""
        return self._states[self.number]

    def advance(self, changed: Mapping[str, Document]) -> bool:
        """Takes these brands' documents for the newest; False, and no new number, if nothing differs."""
        new = {
            brand_id: document
            for brand_id, document in changed.items()
            if self.latest.get(brand_id) != document
        }
        if not new:
            return False
        self._states[self.number + 1] = {**self.latest, **new}
        self.number += 1
        while len(self._states) > self._remembered:
            self._states.popitem(last=False)
        return True

    def epoch(self, audience: Audience) -> str:
        """Numbers mean something within one epoch only: of one run of the process, and of the same brands."""
        if audience is None:
            return self._run
        seen = hashlib.sha256(orjson.dumps(sorted(audience))).hexdigest()
        return f"{self._run}.{seen[:16]}"

    def message(self, audience: Audience, since: int | None) -> bytes:
        """The newest state for these brands, or what changed since a number, where that is still remembered.

        Empty if nothing that they see has changed.
        """
        now = _seen(self.latest, audience)
        if since is None or since not in self._states:
            return orjson.dumps(
                {"type": SNAPSHOT, "epoch": self.epoch(audience), "number": self.number, "brands": now}
            )
        patch = difference(_seen(self._states[since], audience), now)
        return _change(self.number, patch) if patch else b""

    def unchanged(self) -> bytes:
        """What somebody is told who comes back and has missed nothing."""
        return _change(self.number, {})

    def remembers(self, audience: Audience, epoch: str, number: int) -> bool:
        """Whether somebody who saw that number in that epoch can go on from there."""
        return epoch == self.epoch(audience) and number in self._states


def _seen(state: Mapping[str, Document], audience: Audience) -> Mapping[str, Document]:
    if audience is None:
        return state
    return {brand_id: document for brand_id, document in state.items() if brand_id in audience}


def _change(number: int, patch: Mapping[str, Any]) -> bytes:
    return orjson.dumps({"type": CHANGE, "number": number, "brands": patch})
