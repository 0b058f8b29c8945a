"""A brand's settings: every one has a default, values it may have, and values that are refused with a reason."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.brand_settings import (
    LONGEST_DAYS_S,
    MAX_LIST,
    SETTING_NAMES,
    BrandSettings,
    DepositAccount,
    applied,
    changed,
    plain,
    plain_values,
    schema,
)
from contracts.commands.brand import ChangeBrandSettings
from contracts.money import MAX_UNITS
from contracts.refusals import InvalidSetting

BRAND = BrandSettings(name="Demo", currencies=("EUR", "USDT"))

DEFAULTS: dict[str, Any] = {
    "name": "",
    "currencies": (),
    "domains": (),
    "time_zone": "UTC",
    "languages": ("en",),
    "max_stake": {},
    "sign_up": "open",
    "minimum_age": 18,
    "deposit_accounts": (),
    "deposit_min": {},
    "deposit_max": {},
    "deposit_requests_max": 3,
    "deposit_expiry_s": 86_400,
    "withdrawal_min": {},
    "withdrawal_max": {},
    "withdrawal_daily_max": {},
    "withdrawal_daily_count": None,
    "withdrawal_requests_max": 3,
    "withdrawal_second_approval": {},
    "spend_order": "cash_first",
    "maintenance": False,
    "maintenance_message": "",
    "dialects": (),
    "support_contact": "",
}


def account(**other: Any) -> dict[str, Any]:
    return {
        "account_id": "main",
        "bank": "Bank",
        "number": "MT84",
        "holder": "Ltd",
        "currency": "EUR",
    } | other


AMOUNTS: list[Any] = [{}, {"EUR": 0}, {"EUR": 1, "JPY": MAX_UNITS}]
NO_AMOUNTS: list[tuple[Any, str]] = [
    ({"EUR": -1}, "an amount within bounds"),
    ({"EUR": MAX_UNITS + 1}, "an amount within bounds"),
    ({"XXX": 1}, "XXX is not supported"),
    ({"EUR": 1.5}, "Expected `int`, got `float` - at `$.{name}[...]`"),
    ({"EUR": "1"}, "Expected `int`, got `str` - at `$.{name}[...]`"),
    ({"EUR": None}, "Expected `int`, got `null` - at `$.{name}[...]`"),
    ([], "Expected `object`, got `array`"),
]
TEXTS: list[Any] = ["", "Back at ten.\nSorry!", "x" * 500]
NO_TEXTS: list[tuple[Any, str]] = [
    ("x" * 501, "at most 500 characters"),
    ("a\0b", "at most 500 characters"),
    (None, "Expected `str`, got `null`"),
]


def numbers(low: int, high: int) -> tuple[list[Any], list[tuple[Any, str]]]:
    reason = f"from {low} to {high}"
    return [low, high], [(low - 1, reason), (high + 1, reason), ("5", "Expected `int`, got `str`")]


ACCEPTED: dict[str, list[Any]] = {
    "name": ["A", "x" * 100, "Café 1號"],
    "currencies": [["EUR", "USDT"], ["JPY", "USDT", "EUR"]],
    "domains": [[], ["play.example", "xn--bcher-kva.example", "localhost", "a-1.b2"]],
    "time_zone": ["UTC", "Europe/Malta", "America/Argentina/Buenos_Aires", "Etc/GMT+5"],
    "languages": [["en"], ["pt-BR", "zh-Hant-TW", "fil"]],
    "max_stake": AMOUNTS,
    "sign_up": ["open", "invite", "agent_code", "approval", "closed"],
    "minimum_age": numbers(0, 99)[0],
    "deposit_accounts": [[], [account(), account(account_id="second", currency="JPY", enabled=False)]],
    "deposit_min": AMOUNTS,
    "deposit_max": AMOUNTS,
    "deposit_requests_max": numbers(1, 20)[0],
    "deposit_expiry_s": numbers(60, LONGEST_DAYS_S)[0],
    "withdrawal_min": AMOUNTS,
    "withdrawal_max": AMOUNTS,
    "withdrawal_daily_max": AMOUNTS,
    "withdrawal_daily_count": [None, *numbers(0, 1000)[0]],
    "withdrawal_requests_max": numbers(1, 20)[0],
    "withdrawal_second_approval": AMOUNTS,
    "spend_order": ["cash_first", "bonus_first", "proportional"],
    "maintenance": [True, False],
    "maintenance_message": TEXTS,
    "dialects": [[], ["web_server", "game-api"]],
    "support_contact": TEXTS,
}

REFUSED: dict[str, list[tuple[Any, str]]] = {
    "name": [
        ("", "1 to 100 printable characters"),
        ("x" * 101, "1 to 100 printable characters"),
        ("a\nb", "1 to 100 printable characters"),
        (5, "Expected `str`, got `int`"),
    ],
    "currencies": [
        ([], "at least one code, each once"),
        (["EUR", "USDT", "EUR"], "at least one code, each once"),
        (["EUR", "USDT", "XXX"], "XXX is not supported"),
        (["EUR", "USDT", "y" * 99], f"{'y' * 32} is not supported"),
        (["EUR"], "a currency in use cannot be taken away"),
        ("EUR", "Expected `array`, got `str`"),
    ],
    "domains": [
        *(([domain], "lower-case host names, without port")
          for domain in ("", "Play.example", "a b", "x" * 254, "b\u00fccher.example", "a:80", "a..b", "-a", "a-", "a_b",
                         "a.", ".a", "*.a", "http://a", "a\n")),
        (["a.example", "a.example"], "a value occurs twice"),
        ([f"d{n}.example" for n in range(MAX_LIST + 1)], f"at most {MAX_LIST} values"),
    ],
    "time_zone": [
        ("", "an IANA time zone such as Europe/Malta"),
        ("../../etc/passwd", "an IANA time zone such as Europe/Malta"),
        ("/etc/localtime", "an IANA time zone such as Europe/Malta"),
        ("A/" + "x" * 99, "an IANA time zone such as Europe/Malta"),
        ("Europe/Atlantis", "not a known time zone"),
        ("Europe", "not a known time zone"),
    ],
    "languages": [
        ([], "at least one tag such as en or pt-BR"),
        (["EN"], "at least one tag such as en or pt-BR"),
        (["en_GB"], "at least one tag such as en or pt-BR"),
        (["en", "en"], "a value occurs twice"),
    ],
    "max_stake": NO_AMOUNTS,
    "sign_up": [("anybody", "Invalid enum value 'anybody'"), ("", "Invalid enum value ''")],
    "minimum_age": numbers(0, 99)[1],
    "deposit_accounts": [
        ([account(), account(bank="Other")], "an account's id occurs twice"),
        ([account(), account()], "a value occurs twice"),
        ([account(account_id="a b")], "an id is 1 to 32 letters, digits, _ and -"),
        ([account(account_id="")], "an id is 1 to 32 letters, digits, _ and -"),
        ([account(currency="XXX")], "XXX is not supported"),
        *(([account(**{field: text})], "bank, number and holder are printable texts")
          for field in ("bank", "number", "holder") for text in ("", "x" * 101, "a\tb")),
        ([account(iban="x")], "Object contains unknown field `iban` - at `$.deposit_accounts[0]`"),
        ([{"account_id": "main"}],
         "Object missing required field `bank` - at `$.deposit_accounts[0]`"),
    ],
    "deposit_min": NO_AMOUNTS,
    "deposit_max": NO_AMOUNTS,
    "deposit_requests_max": numbers(1, 20)[1],
    "deposit_expiry_s": numbers(60, LONGEST_DAYS_S)[1],
    "withdrawal_min": NO_AMOUNTS,
    "withdrawal_max": NO_AMOUNTS,
    "withdrawal_daily_max": NO_AMOUNTS,
    "withdrawal_daily_count": [*numbers(0, 1000)[1][:2], ("5", "Expected `int | null`, got `str`")],
    "withdrawal_requests_max": numbers(1, 20)[1],
    "withdrawal_second_approval": NO_AMOUNTS,
    "spend_order": [("random", "Invalid enum value 'random'")],
    "maintenance": [("yes", "Expected `bool`, got `str`"), (1, "Expected `bool`, got `int`")],
    "maintenance_message": NO_TEXTS,
    "dialects": [
        (["web server"], "names of 1 to 32 letters, digits, _ and -"),
        ([""], "names of 1 to 32 letters, digits, _ and -"),
        (["a", "a"], "a value occurs twice"),
    ],
    "support_contact": NO_TEXTS,
}  # fmt: skip


def test_every_setting_is_tried_here() -> None:
    assert set(SETTING_NAMES) == set(DEFAULTS) == set(ACCEPTED) == set(REFUSED)


@pytest.mark.parametrize("name", SETTING_NAMES)
def test_a_setting_has_a_default(name: str) -> None:
    assert getattr(BrandSettings(), name) == DEFAULTS[name]


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in ACCEPTED.items() for value in values]
)
def test_a_setting_takes_a_value_that_it_may_have(name: str, value: Any) -> None:
    after = changed(BRAND, {name: value})
    told = plain(after, [name])[name]
    filled = [{"enabled": True} | one for one in value] if name == "deposit_accounts" else value
    assert told == filled
    assert applied(BRAND, {name: value}) == after
    for other in set(SETTING_NAMES) - {name}:
        assert getattr(after, other) == getattr(BRAND, other)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [(name, value, reason) for name, values in REFUSED.items() for value, reason in values],
)
def test_a_setting_refuses_a_value_that_it_may_not_have(name: str, value: Any, reason: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        changed(BRAND, {name: value})
    assert caught.value.setting == name
    assert caught.value.reason == reason.replace("$.{name}", name).replace(f"$.{name}", name)


@pytest.mark.parametrize("name", ["", "Name", "currency", "x" * 99, "__class__"])
def test_refuses_a_setting_that_does_not_exist(name: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        changed(BRAND, {"name": "New", name: 1})
    assert caught.value.facts == {"setting": name[:64], "reason": "there is no such setting"}


def test_refuses_a_change_of_nothing() -> None:
    with pytest.raises(InvalidSetting) as caught:
        changed(BRAND, {})
    assert caught.value.facts == {"setting": "", "reason": "no setting was given"}


@pytest.mark.parametrize("what", ["deposit", "withdrawal"])
def test_a_minimum_stays_below_its_maximum_whichever_of_the_two_is_changed(what: str) -> None:
    lower, upper = f"{what}_min", f"{what}_max"
    for before, change in (
        ({}, {lower: {"EUR": 11}, upper: {"EUR": 10}}),
        ({upper: {"EUR": 10, "USDT": 9}}, {lower: {"USDT": 1, "EUR": 11}}),
        ({lower: {"EUR": 11}}, {upper: {"EUR": 10}}),
    ):
        settings = changed(BRAND, before) if before else BRAND
        with pytest.raises(InvalidSetting) as caught:
            changed(settings, change)
        assert caught.value.facts == {"setting": lower, "reason": f"above {upper} in EUR"}
    assert getattr(changed(BRAND, {lower: {"EUR": 10}, upper: {"EUR": 10}}), lower) == {"EUR": 10}
    assert getattr(changed(BRAND, {lower: {"EUR": 10}, upper: {"USDT": 1}}), upper) == {"USDT": 1}


def test_an_account_that_players_pay_into_is_disabled_and_never_removed() -> None:
    settings = changed(BRAND, {"deposit_accounts": [account(), account(account_id="second")]})
    for left in ([], [account()]):
        with pytest.raises(InvalidSetting) as caught:
            changed(settings, {"deposit_accounts": left})
        assert caught.value.facts["reason"] == "an account is disabled, never removed"
    off = changed(settings, {"deposit_accounts": [account(account_id="second"), account(enabled=False)]})
    assert off.deposit_accounts[1] == DepositAccount("main", "Bank", "MT84", "Ltd", "EUR", enabled=False)


def test_several_settings_change_together_or_not_at_all() -> None:
    after = changed(BRAND, {"name": "New", "maintenance": True, "maintenance_message": "Soon"})
    assert (after.name, after.maintenance, after.maintenance_message) == ("New", True, "Soon")
    with pytest.raises(InvalidSetting):
        changed(BRAND, {"name": "New", "maintenance": "perhaps"})
    assert BRAND.name == "Demo"


def test_what_was_recorded_counts_whatever_is_allowed_now() -> None:
    odd = {"domains": ["localhost:8000"], "currencies": ["OLD"], "time_zone": "Europe/Atlantis", "name": ""}
    after = applied(BRAND, odd)
    assert plain(after, odd) == odd
    with pytest.raises(InvalidSetting):
        changed(BRAND, odd)


def test_a_command_holds_its_settings_as_the_log_does() -> None:
    settings = {"currencies": ("EUR",), "deposit_accounts": (DepositAccount("m", "B", "1", "H", "EUR"),)}
    command = ChangeBrandSettings(command_id="t/1", settings=settings)
    told = account(account_id="m", bank="B", number="1", holder="H", enabled=True)
    assert command.settings == {"currencies": ["EUR"], "deposit_accounts": [told]}
    assert msgspec.json.decode(msgspec.json.encode(command), type=ChangeBrandSettings) == command
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(command), type=ChangeBrandSettings) == command


def test_the_schema_describes_every_setting_with_its_default() -> None:
    found = schema()
    assert set(found["properties"]) == set(SETTING_NAMES)
    assert found["additionalProperties"] is False
    for name, described in found["properties"].items():
        assert described["default"] == plain_values(DEFAULTS)[name]
    assert found["properties"]["sign_up"]["enum"] == sorted(ACCEPTED["sign_up"])
    assert found["properties"]["max_stake"]["type"] == "object"
    accounts = found["properties"]["deposit_accounts"]["items"]
    assert accounts["required"] == ["account_id", "bank", "number", "holder", "currency"]
    assert b"$ref" not in msgspec.json.encode(found), "it is complete in itself"


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**62), 2**62), st.text(max_size=10)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(name=st.sampled_from(SETTING_NAMES), value=values)
def test_whatever_is_given_becomes_a_setting_or_is_refused_for_its_name(name: str, value: Any) -> None:
    after, refusal = BRAND, None
    try:
        after = changed(BRAND, {name: value})
    except InvalidSetting as error:
        refusal = error
    assert refusal is None or (refusal.setting, bool(refusal.reason)) == (name, True)
    assert applied(BRAND, plain(after, [name])) == after
