"""Renders the console's pages. Templates and static files lie beside this file; nothing comes from elsewhere."""

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from contracts.money import CURRENCIES, format_amount
from edges.admin.status import Status

FOLDER: Final = Path(__file__).parent
STATIC: Final = FOLDER / "static"

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

SPARK_WIDTH: Final = 240
SPARK_HEIGHT: Final = 40
SPARK_POINTS: Final = 60

THIN_SPACE: Final = "\u202f"


def render_status(status: Status, *, login: str) -> str:
    """The whole status page. ``login``: of the person who looks at it."""
    return _TEMPLATES.get_template("page.html").render(status=status, login=login)


def render_live(status: Status) -> str:
    """The part of the page that changes."""
    return _TEMPLATES.get_template("status.html").render(status=status)


def render_login(*, wrong: str = "", login: str = "") -> str:
    """The login form. ``wrong``: why it was refused; ``login``: what was typed then."""
    return _TEMPLATES.get_template("login.html").render(wrong=wrong, login=login)


def render_password(*, wrong: str = "") -> str:
    """The form for another password."""
    return _TEMPLATES.get_template("password.html").render(wrong=wrong)


def grouped(number: float) -> str:
    """A count with a thin space every three digits."""
    text = f"{number:,.0f}" if number == int(number) or number >= 100 else f"{number:,.1f}"
    return text.replace(",", THIN_SPACE)


def money(units: int, currency: str) -> str:
    """Ledger units as people see the currency, thousands apart."""
    text = format_amount(units, CURRENCIES[currency])
    whole, dot, decimals = text.partition(".")
    sign, digits = ("\u2212", whole[1:]) if whole.startswith("-") else ("", whole)
    return f"{sign}{int(digits):,}".replace(",", THIN_SPACE) + dot + decimals


def spark(history: tuple[float, ...]) -> str:
    """The path of a line through the last minute's rates, the newest at the right edge."""
    if not history:
        return f"M0 {SPARK_HEIGHT - 1}H{SPARK_WIDTH}"
    top = max(*history, 1.0) if len(history) > 1 else max(history[0], 1.0)
    step = SPARK_WIDTH / (SPARK_POINTS - 1)
    left = SPARK_WIDTH - step * (len(history) - 1)
    points = [
        f"{left + index * step:.1f} {SPARK_HEIGHT - 2 - value / top * (SPARK_HEIGHT - 6):.1f}"
        for index, value in enumerate(history)
    ]
    return "M" + "L".join(points)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["grouped"] = grouped
    environment.filters["money"] = money
    environment.filters["spark"] = spark
    return environment


_TEMPLATES: Final = _environment()
