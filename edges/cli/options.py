"""Options that several commands have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from edges.config import DEFAULT_HOME

F = TypeVar("F", bound=Callable[..., Any])

ACTOR = "operator"
METHOD = "manual"


def home_option(command: F) -> F:
    """``--home``: the argument ``home``."""
    return click.option(
        "--home",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="TONGBO_HOME",
        default=DEFAULT_HOME,
        show_default=True,
        help="Where the system's data are.",
    )(command)


def json_option(command: F) -> F:
    """``--json``: the argument ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def key_option(command: F) -> F:
    """``--key``: the argument ``key``, None where not given."""
    return click.option(
        "--key", metavar="KEY", help="Idempotency key: repeating the command with it is safe, for ever."
    )(command)


def actor_option(command: F) -> F:
    """``--actor``: the argument ``actor``."""
    return click.option("--actor", default=ACTOR, show_default=True, help="Who is recorded as having asked.")(
        command
    )


def amount_argument(command: F) -> F:
    """The argument ``amount``: a decimal in main units."""
    return click.argument("amount")(command)


def method_option(command: F) -> F:
    """``--method``: the argument ``method``."""
    return click.option("--method", default=METHOD, show_default=True, help="How the money moved.")(command)


def reference_option(command: F) -> F:
    """``--reference``: the argument ``reference``."""
    return click.option("--reference", default="", help="The outside's own id of it.")(command)


def reason_option(command: F) -> F:
    """``--reason``: the argument ``reason``."""
    return click.option("--reason", required=True, help="Recorded with the event.")(command)


def version_option(command: F) -> F:
    """``--expected-version``: the argument ``expected_version``, None where not given."""
    return click.option(
        "--expected-version",
        type=click.IntRange(0),
        help="The version you have seen: refused if somebody was quicker.",
    )(command)


def brand_argument(command: F) -> F:
    """The argument ``brand_id``."""
    return click.argument("brand_id", metavar="BRAND")(command)


def port_base_option(command: F) -> F:
    """``--port-base``: the argument ``port_base``, None where not given."""
    return click.option(
        "--port-base",
        type=int,
        help="Parts listen after it: player +1, agent +2, provider +3, admin +4, internal +5, projections +6.",
    )(command)
