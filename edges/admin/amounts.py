"""Amounts that staff write, as ledger units."""

from aiohttp import web

from contracts.money import currency_of, parse_amount
from contracts.refusals import CurrencyNotAllowed
from edges.api.callers import brand_of


def units_of(text: str, currency: str) -> int:
    """Of a decimal in main units, which may begin with a minus. Raises :class:`contracts.refusals.InvalidAmount`."""
    units = parse_amount(text.removeprefix("-"), currency_of(currency))
    return -units if text.startswith("-") else units


def require_currency(request: web.Request, currency: str) -> str:
    """The code, if the brand deals in it. Raises :class:`CurrencyNotAllowed`."""
    if currency not in brand_of(request).settings.currencies:
        raise CurrencyNotAllowed(currency=currency[:32])
    return currency
