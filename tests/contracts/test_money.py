"""Money in text: exact both ways, and everything else refused."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.money import CURRENCIES, MAX_UNITS, Currency, currency_of, format_amount, parse_amount
from contracts.refusals import InvalidAmount, UnknownCurrency

EUR = currency_of("EUR")
any_currency = st.sampled_from(list(CURRENCIES.values()))
any_units = st.integers(min_value=0, max_value=MAX_UNITS)


@given(any_currency, any_units)
@example(EUR, 0)
@example(EUR, 1)
@example(EUR, MAX_UNITS)
def test_an_amount_written_with_the_full_scale_reads_back_as_the_same_units(
    currency: Currency, units: int
) -> None:
    assert parse_amount(format_amount(units, currency, currency.scale), currency) == units


@given(any_currency, any_units, st.integers(min_value=0, max_value=4))
def test_zeros_beyond_the_scale_change_nothing(currency: Currency, units: int, zeros: int) -> None:
    text = format_amount(units, currency, currency.scale) + "0" * zeros
    assert parse_amount(text, currency) == units


@given(any_currency, any_units, st.integers(min_value=0, max_value=12))
def test_shown_money_is_never_more_than_there_is_and_less_than_one_shown_unit_short(
    currency: Currency, units: int, digits: int
) -> None:
    whole, _, decimals = format_amount(units, currency, digits).partition(".")
    assert len(decimals) == digits
    shown = int(whole + decimals) * 10**currency.scale
    exact = units * 10**digits
    assert shown <= exact < shown + 10**currency.scale


@given(any_currency, st.integers(min_value=1, max_value=MAX_UNITS), st.integers(min_value=0, max_value=10))
def test_a_debt_is_shown_as_the_same_amount_with_a_sign_unless_all_of_it_is_cut(
    currency: Currency, units: int, digits: int
) -> None:
    owned, owed = format_amount(units, currency, digits), format_amount(-units, currency, digits)
    assert owed == (owned if not owned.strip("0.") else f"-{owned}")


@pytest.mark.parametrize(
    ("units", "digits", "text"),
    [
        (1_000_000, None, "10.00"),
        (1_099_999, None, "10.99"),
        (-1_099_999, None, "-10.99"),
        (999, None, "0.00"),
        (-999, None, "0.00"),
        (-999, 0, "0"),
        (-199_999, 0, "-1"),
        (1, 5, "0.00001"),
        (1, 8, "0.00001000"),
    ],
)
def test_decimals_are_cut_towards_zero(units: int, digits: int | None, text: str) -> None:
    assert format_amount(units, EUR, digits) == text


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-1", "+1", "1e3", "1E3", "1.", ".5", "1,5", " 1", "1 ", "1\n", "1.0\n", "0x10", "1_000", "NaN",
        "Infinity", "--1", "1.2.3", "\u0661", "1\u066b5", "1.\u0660", "\x001", "1.00000000000000000", "null", "½",
    ],
)  # fmt: skip
def test_what_is_not_a_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(InvalidAmount):
        parse_amount(text, EUR)


@pytest.mark.parametrize("currency", CURRENCIES.values(), ids=lambda c: c.code)
def test_an_amount_finer_than_the_currency_is_refused_never_rounded(currency: Currency) -> None:
    finest = "0." + "0" * (currency.scale - 1) + "1"
    assert parse_amount(finest, currency) == 1
    with pytest.raises(InvalidAmount):
        parse_amount("0." + "0" * currency.scale + "1", currency)


def test_an_amount_too_large_to_hold_is_refused() -> None:
    assert parse_amount(format_amount(MAX_UNITS, EUR, 5), EUR) == MAX_UNITS
    with pytest.raises(InvalidAmount):
        parse_amount(format_amount(MAX_UNITS + 1, EUR, 5), EUR)
    with pytest.raises(InvalidAmount):
        parse_amount("9" * 40, EUR)


def test_an_amount_of_more_than_40_characters_is_refused_even_if_its_value_is_small() -> None:
    assert parse_amount("0" * 39 + "1", EUR) == 100_000
    with pytest.raises(InvalidAmount):
        parse_amount("0" * 40 + "1", EUR)


@given(st.text(max_size=45))
def test_any_text_is_either_a_whole_number_of_units_or_refused(text: str) -> None:
    try:
        units = parse_amount(text, EUR)
    except InvalidAmount:
        return
    assert type(units) is int
    assert 0 <= units <= MAX_UNITS
    assert text.isascii()


@pytest.mark.parametrize("code", ["eur", "", "EURO", "XXX", "EUR ", "E\0R"])
def test_an_unknown_currency_is_refused(code: str) -> None:
    with pytest.raises(UnknownCurrency):
        currency_of(code)


@pytest.mark.parametrize("currency", CURRENCIES.values(), ids=lambda c: c.code)
def test_every_currency_keeps_at_least_the_decimals_it_shows(currency: Currency) -> None:
    assert CURRENCIES[currency.code] is currency
    assert 0 <= currency.digits <= currency.scale
    assert currency.scale >= 5


def test_a_currency_holds_hub88_amounts_exactly_which_count_hundred_thousandths() -> None:
    assert all(currency.scale >= 5 for currency in CURRENCIES.values())


def test_the_largest_balance_plus_the_largest_amount_fits_the_databases_bigint() -> None:
    assert MAX_UNITS + MAX_UNITS - 1 <= 2**63 - 1
