"""JSON merge patches (RFC 7396): what turns one document into another. Documents never hold null: it means "gone"."""

from collections.abc import Mapping
from typing import Any


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The patch that turns one into the other; empty if they are equal."""
    patch: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        known = before.get(name)
        if known is value or known == value:
            continue
        both = isinstance(known, Mapping) and isinstance(value, Mapping)
        patch[name] = difference(known, value) if both else value  # type: ignore[arg-type] # both are, then
    return patch


def patched(document: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """The document after the patch; the given one stays as it is."""
    after = dict(document)
    for name, value in patch.items():
        if value is None:
            after.pop(name, None)
        elif isinstance(value, Mapping):
            known = after.get(name)
            after[name] = patched(known if isinstance(known, Mapping) else {}, value)
        else:
            after[name] = value
    return after
