"""Money as integers: the currency table, and the two conversions between text and ledger units.

An amount is always an ``int`` count of the currency's *ledger units* (``10 ** -scale`` of the main unit); a float
never occurs. The scale is fine enough for every supported provider protocol, so nothing is ever rounded on the way in.
"""

import re
from typing import Final, NamedTuple

from contracts.refusals import InvalidAmount, UnknownCurrency

MAX_UNITS: Final = 2**62
"""Largest amount or balance, in ledger units: leaves PostgreSQL's bigint one bit of headroom for a sum."""

MAX_AMOUNT_CHARS: Final = 40

_AMOUNT = re.compile(r"(\d+)(?:\.(\d{1,16}))?", re.ASCII)


class Currency(NamedTuple):
    """A currency: its code, the decimals the ledger keeps and the decimals people see."""

    code: str
    scale: int
    digits: int


FIAT_SCALE: Final = 5
"""Decimals kept for fiat money: Hub88 sends main unit x 100 000 (protocol, section Units)."""

_FIAT_DIGITS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY"
        " COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS"
        " INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR"
        " MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD"
        " SSP STN SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
}

_CRYPTO: Final = (
    Currency("BTC", 8, 8),
    Currency("LTC", 8, 8),
    Currency("BCH", 8, 8),
    Currency("DOGE", 8, 8),
    Currency("ETH", 9, 9),
    Currency("TRX", 6, 6),
    Currency("XRP", 6, 6),
    Currency("USDT", 6, 2),
    Currency("USDC", 6, 2),
)

CURRENCIES: Final[dict[str, Currency]] = {
    **{code: Currency(code, FIAT_SCALE, d) for d, codes in _FIAT_DIGITS.items() for code in codes.split()},
    **{currency.code: currency for currency in _CRYPTO},
}


def currency_of(code: str) -> Currency:
    """The currency with that exact code; lower case is not folded. Raises :class:`UnknownCurrency`."""
    try:
        return CURRENCIES[code]
    except KeyError:
        raise UnknownCurrency(currency=code[:32]) from None


def parse_amount(text: str, currency: Currency) -> int:
    """Ledger units of a plain decimal in main units, such as ``"10.00"``.

    Refuses signs, exponents, blanks, more than 40 characters, and any amount that the currency's scale cannot hold
    exactly (trailing zeros beyond the scale are exact). Raises :class:`InvalidAmount`.
    """
    if len(text) > MAX_AMOUNT_CHARS:
        raise InvalidAmount(reason="longer than 40 characters")
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise InvalidAmount(reason="not a plain decimal with at most 16 decimals")
    fraction = (match[2] or "").rstrip("0")
    if len(fraction) > currency.scale:
        raise InvalidAmount(reason=f"{currency.code} holds at most {currency.scale} decimals")
    units: int = int(match[1]) * 10**currency.scale + int(fraction.ljust(currency.scale, "0") or "0")
    if units > MAX_UNITS:
        raise InvalidAmount(reason="too large")
    return units


def format_amount(units: int, currency: Currency, digits: int | None = None) -> str:
    """A plain decimal in main units with ``digits`` decimals (the currency's usual ones by default).

    Decimals beyond ``digits`` are cut towards zero, never rounded up: nobody is shown money that is not there.
    """
    shown = currency.digits if digits is None else digits
    sign = "-" if units < 0 else ""
    whole, rest = divmod(abs(units), 10**currency.scale)
    decimals = f"{rest:0{currency.scale}d}"[:shown].ljust(shown, "0")
    if sign and not whole and not decimals.strip("0"):
        sign = ""
    return f"{sign}{whole}.{decimals}" if shown else f"{sign}{whole}"
