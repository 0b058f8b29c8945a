"""A brand's settings: what each is called, its type, its default, and which values it may have. Pure.

Settings travel in commands and events as plain values (texts, numbers, lists, tables), by name. Amounts are ledger
units by currency code; a currency that is not named has no such limit.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from contracts.money import MAX_UNITS, currency_of
from contracts.refusals import InvalidSetting, UnknownCurrency

SignUpPolicy = Literal["open", "invite", "agent_code", "approval", "closed"]
SpendOrder = Literal["cash_first", "bonus_first", "proportional"]

Amounts = dict[str, int]

MAX_LIST: Final = 100
LONGEST_DAYS_S: Final = 90 * 86_400


class DepositAccount(Struct, frozen=True, forbid_unknown_fields=True):
    """An account of the operator that players pay into. ``account_id`` never changes; the rest is shown to players."""

    account_id: str
    bank: str
    number: str
    holder: str
    currency: str
    enabled: bool = True


class BrandSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting with its default. What is said here of a setting is its documentation."""

    name: str = ""
    """Shown to people."""
    currencies: tuple[str, ...] = ()
    """The codes the brand deals in, its main one first; one in use cannot be taken away."""
    domains: tuple[str, ...] = ()
    """Host names whose requests are this brand's."""
    time_zone: str = "UTC"
    """IANA name; where the brand's business day begins and ends."""
    languages: tuple[str, ...] = ("en",)
    """BCP 47 tags, the default one first."""
    max_stake: Amounts = {}
    """Largest stake of one bet."""
    sign_up: SignUpPolicy = "open"
    """Who may become a player: anybody, who was invited, who has an agent's code, whom staff approve, nobody."""
    minimum_age: int = 18
    """Years; asked of a birth date where one is given."""
    deposit_accounts: tuple[DepositAccount, ...] = ()
    """Where players pay in."""
    deposit_min: Amounts = {}
    """Smallest deposit that can be requested."""
    deposit_max: Amounts = {}
    """Largest deposit that can be requested."""
    deposit_requests_max: int = 3
    """Deposit requests that a wallet may have open."""
    deposit_expiry_s: int = 24 * 3600
    """After which an open deposit request expires."""
    withdrawal_min: Amounts = {}
    """Smallest withdrawal that can be requested."""
    withdrawal_max: Amounts = {}
    """Largest withdrawal that can be requested."""
    withdrawal_daily_max: Amounts = {}
    """Sum of one wallet's withdrawal requests in one business day; those that were released do not count."""
    withdrawal_daily_count: int | None = None
    """Their number; null is no limit."""
    withdrawal_requests_max: int = 3
    """Withdrawal requests that a wallet may have open."""
    withdrawal_second_approval: Amounts = {}
    """Amounts above this take two different persons to approve."""
    spend_order: SpendOrder = "cash_first"
    """Which pocket a bet takes from first."""
    maintenance: bool = False
    """Whether players are turned away and bets refused. Wins and rollbacks still land."""
    maintenance_message: str = ""
    """Shown to those who are turned away."""
    dialects: tuple[str, ...] = ()
    """Legacy dialects that its edges speak."""
    support_contact: str = ""
    """Where players find help; shown to them."""


SETTING_NAMES: Final[tuple[str, ...]] = BrandSettings.__struct_fields__


def changed(settings: BrandSettings, changes: Mapping[str, Any]) -> BrandSettings:
    """The settings after these changes. Raises :class:`InvalidSetting` for the first one that cannot be."""
    if not changes:
        raise InvalidSetting(setting="", reason="no setting was given")
    values: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in SETTING_NAMES:
            raise InvalidSetting(setting=name[:64], reason="there is no such setting")
        values[name] = _typed(name, value)
        check = _CHECKS.get(name)
        if check is not None:
            check(name, values[name])
    after = msgspec.structs.replace(settings, **values)
    _check_together(settings, after)
    return after


def applied(settings: BrandSettings, changes: Mapping[str, Any]) -> BrandSettings:
    """The settings after changes that were recorded: what was allowed then counts, whatever is allowed now."""
    values = msgspec.convert(dict(changes), BrandSettings)
    return msgspec.structs.replace(settings, **{name: getattr(values, name) for name in changes})


def plain(settings: BrandSettings, names: Iterable[str]) -> dict[str, Any]:
    """The present values of these settings, as events hold them."""
    return plain_values({name: getattr(settings, name) for name in names})


def plain_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the log and the wire hold them: lists for tuples, tables for structs."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(values))
    return found


def schema() -> dict[str, Any]:
    """JSON Schema of all settings, with their defaults; complete in itself, without references."""
    parts = plain_values(msgspec.json.schema_components((BrandSettings,))[1])
    found: dict[str, Any] = parts["BrandSettings"]
    found["properties"]["deposit_accounts"]["items"] = parts["DepositAccount"]
    return found


def _typed(name: str, value: Any) -> Any:
    try:
        holder = msgspec.convert({name: msgspec.to_builtins(value)}, BrandSettings)
    except msgspec.ValidationError as error:
        raise InvalidSetting(setting=name, reason=_reason(str(error), name)) from None
    return getattr(holder, name)


def _reason(text: str, name: str) -> str:
    """What msgspec says, without its path to the setting itself."""
    return text.replace(f" - at `$.{name}`", "").replace(f"$.{name}", name)


# --- what a value may be


def _check_name(name: str, value: str) -> None:
    if not 0 < len(value) <= 100 or not value.isprintable():
        raise InvalidSetting(setting=name, reason="1 to 100 printable characters")


def _check_message(name: str, value: str) -> None:
    if len(value) > 500 or "\0" in value:
        raise InvalidSetting(setting=name, reason="at most 500 characters")


def _check_domains(name: str, value: tuple[str, ...]) -> None:
    _check_list(name, value)
    for domain in value:
        if not 0 < len(domain) <= 253 or not _DOMAIN.fullmatch(domain):
            raise InvalidSetting(setting=name, reason="lower-case host names, without port")


def _check_currencies(name: str, value: tuple[str, ...]) -> None:
    if not value or len(set(value)) != len(value):
        raise InvalidSetting(setting=name, reason="at least one code, each once")
    for code in value:
        _check_currency(name, code)


def _check_currency(name: str, code: str) -> None:
    try:
        currency_of(code)
    except UnknownCurrency:
        raise InvalidSetting(setting=name, reason=f"{code[:32]} is not supported") from None


def _check_time_zone(name: str, value: str) -> None:
    if len(value) > 64 or not _ZONE.fullmatch(value):
        raise InvalidSetting(setting=name, reason="an IANA time zone such as Europe/Malta")
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise InvalidSetting(setting=name, reason="not a known time zone") from None


def _check_languages(name: str, value: tuple[str, ...]) -> None:
    _check_list(name, value)
    if not value or not all(_LANGUAGE.fullmatch(tag) for tag in value):
        raise InvalidSetting(setting=name, reason="at least one tag such as en or pt-BR")


def _check_amounts(name: str, value: Amounts) -> None:
    for code, amount in value.items():
        _check_currency(name, code)
        if not 0 <= amount <= MAX_UNITS:
            raise InvalidSetting(setting=name, reason="an amount within bounds")


def _check_accounts(name: str, value: tuple[DepositAccount, ...]) -> None:
    _check_list(name, value)
    ids = [account.account_id for account in value]
    if len(set(ids)) != len(ids):
        raise InvalidSetting(setting=name, reason="an account's id occurs twice")
    for account in value:
        if not _WORD.fullmatch(account.account_id):
            raise InvalidSetting(setting=name, reason="an id is 1 to 32 letters, digits, _ and -")
        _check_currency(name, account.currency)
        for text in (account.bank, account.number, account.holder):
            if not 0 < len(text) <= 100 or not text.isprintable():
                raise InvalidSetting(setting=name, reason="bank, number and holder are printable texts")


def _check_dialects(name: str, value: tuple[str, ...]) -> None:
    _check_list(name, value)
    if not all(_WORD.fullmatch(dialect) for dialect in value):
        raise InvalidSetting(setting=name, reason="names of 1 to 32 letters, digits, _ and -")


def _check_list(name: str, value: tuple[Any, ...]) -> None:
    if len(value) > MAX_LIST:
        raise InvalidSetting(setting=name, reason=f"at most {MAX_LIST} values")
    if len(set(value)) != len(value):
        raise InvalidSetting(setting=name, reason="a value occurs twice")


def _between(low: int, high: int) -> Callable[[str, int | None], None]:
    def check(name: str, value: int | None) -> None:
        if value is not None and not low <= value <= high:
            raise InvalidSetting(setting=name, reason=f"from {low} to {high}")

    return check


def _check_together(before: BrandSettings, after: BrandSettings) -> None:
    """What depends on more than one setting."""
    if not set(before.currencies) <= set(after.currencies):
        raise InvalidSetting(setting="currencies", reason="a currency in use cannot be taken away")
    for lower, upper in (("deposit_min", "deposit_max"), ("withdrawal_min", "withdrawal_max")):
        for code, amount in getattr(after, lower).items():
            if amount > getattr(after, upper).get(code, MAX_UNITS):
                raise InvalidSetting(setting=lower, reason=f"above {upper} in {code}")
    gone = {a.account_id for a in before.deposit_accounts} - {a.account_id for a in after.deposit_accounts}
    if gone:
        raise InvalidSetting(setting="deposit_accounts", reason="an account is disabled, never removed")


_DOMAIN: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.ASCII)
_ZONE: Final = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}", re.ASCII)
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", re.ASCII)
_WORD: Final = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)

_CHECKS: Final[dict[str, Callable[[str, Any], None]]] = {
    "name": _check_name,
    "currencies": _check_currencies,
    "domains": _check_domains,
    "time_zone": _check_time_zone,
    "languages": _check_languages,
    "max_stake": _check_amounts,
    "minimum_age": _between(0, 99),
    "deposit_accounts": _check_accounts,
    "deposit_min": _check_amounts,
    "deposit_max": _check_amounts,
    "deposit_requests_max": _between(1, 20),
    "deposit_expiry_s": _between(60, LONGEST_DAYS_S),
    "withdrawal_min": _check_amounts,
    "withdrawal_max": _check_amounts,
    "withdrawal_daily_max": _check_amounts,
    "withdrawal_daily_count": _between(0, 1000),
    "withdrawal_requests_max": _between(1, 20),
    "withdrawal_second_approval": _check_amounts,
    "maintenance_message": _check_message,
    "dialects": _check_dialects,
    "support_contact": _check_message,
}
