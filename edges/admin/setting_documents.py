"""A brand's settings as the API shows and takes them: amounts as decimals, each with its default and documentation."""

import ast
import inspect
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final, get_type_hints

from contracts import brand_settings
from contracts.brand_settings import Amounts, BrandSettings
from contracts.money import MAX_AMOUNT_CHARS, currency_of, parse_amount
from contracts.refusals import InvalidAmount, InvalidSetting, UnknownCurrency
from edges.api.answers import amount_text


def _descriptions() -> dict[str, str]:
    """What ``BrandSettings`` says of each setting, below it."""
    found = {}
    for node in ast.walk(ast.parse(inspect.getsource(BrandSettings))):
        for field, text in pairwise(node.body if isinstance(node, ast.ClassDef) else ()):
            match field, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(told))):
                    found[name] = told
    return found


AMOUNTS: Final = frozenset(name for name, kind in get_type_hints(BrandSettings).items() if kind == Amounts)
"""Those that are ledger units by currency in the log, and decimals in main units here."""

DESCRIPTIONS: Final = _descriptions()


def shown(name: str, value: Any) -> Any:
    """A value of the log for people and programs."""
    if name not in AMOUNTS or value is None:
        return value
    return {code: amount_text(units, code) for code, units in value.items()}


def taken(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the log holds them. Raises :class:`InvalidSetting` for an amount that is none."""
    return {name: _units(name, value) if name in AMOUNTS else value for name, value in changes.items()}


def settings_schema() -> dict[str, Any]:
    """JSON Schema of all settings, as they are given here."""
    found = brand_settings.schema()
    for name, about in found["properties"].items():
        about["description"] = DESCRIPTIONS[name]
        if name in AMOUNTS:
            about["additionalProperties"] = {"type": "string", "maxLength": MAX_AMOUNT_CHARS}
            about["description"] += " A decimal in main units by currency code; one not named has no limit."
    return found


def _units(name: str, value: Any) -> dict[str, int]:
    if not isinstance(value, dict):
        raise InvalidSetting(setting=name, reason="a table of decimals by currency code")
    found = {}
    for code, text in value.items():
        if not isinstance(text, str):
            raise InvalidSetting(setting=name, reason=f"the amount of {code[:32]} is not a text")
        try:
            found[code] = parse_amount(text, currency_of(code))
        except InvalidAmount as error:
            raise InvalidSetting(setting=name, reason=f"{code}: {error.facts.get('reason', error)}") from None
        except UnknownCurrency:
            raise InvalidSetting(setting=name, reason=f"{code[:32]} is not supported") from None
    return found
