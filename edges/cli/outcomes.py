"""Exit codes of the command line, and how an error is told: a line on stderr, or JSON there with ``--json``."""

import sys
from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final

import click
import orjson
import psycopg
from psycopg_pool import PoolTimeout

from contracts.refusals import Refused, Retryable
from edges.errors import ConfigurationError, StartError
from projections.errors import NotYetProjected, ProjectionError, RebuildUnderWay, UnknownProjection

SERVER_ERROR: Final = 500


class ExitCode(IntEnum):
    """What the command's exit status means. Documented in the reference: never change a number."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    UNAVAILABLE = 3
    AUDIT_FOUND = 4
    PARITY_FOUND = 5


EXIT_CODES_HELP: Final = (
    "Exit codes: 0 done; 1 refused, asking again will not help; 2 wrong usage or settings; "
    "3 unavailable, asking again may help and is safe with the same key; 4 the audit found something; "
    "5 a recording and the edge differ."
)


class NotRunning(StartError):
    """No system runs in this home."""


class CommandRefused(Exception):
    """The command line's own refusal. ``code`` is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def tell(error: Exception, *, as_json: bool) -> ExitCode | None:
    """Writes the error to stderr and returns its exit code; None for an error nobody foresaw."""
    known = _known(error)
    if known is None:
        return None
    exit_code, code, message = known
    if as_json:
        facts = getattr(error, "facts", {})
        document: dict[str, Any] = {"error": code, "message": message, **facts}
        balance = getattr(error, "balance", None)
        if balance is not None:
            document["balance"] = {"cash": balance.cash, "bonus": balance.bonus, "held": balance.held}
        click.echo(orjson.dumps(document, default=str).decode(), err=True)
    else:
        for line in error.errors if isinstance(error, ConfigurationError) else (message,):
            click.secho(f"{_label(exit_code)}: {line}", err=True, fg="red" if sys.stderr.isatty() else None)
    return exit_code


def _known(error: Exception) -> tuple[ExitCode, str, str] | None:
    match error:
        case Refused():
            return ExitCode.REFUSED, error.code, str(error)
        case Retryable():
            return ExitCode.UNAVAILABLE, error.code, str(error)
        case CommandRefused():
            return ExitCode.REFUSED, error.code, str(error)
        case ConfigurationError():
            return ExitCode.USAGE, "configuration", str(error)
        case StartError():
            return ExitCode.UNAVAILABLE, "not_running", str(error)
        case UnknownProjection():
            return ExitCode.USAGE, "unknown_projection", str(error)
        case RebuildUnderWay():
            return ExitCode.UNAVAILABLE, "rebuild_under_way", str(error)
        case NotYetProjected():
            return ExitCode.UNAVAILABLE, "not_yet_projected", str(error)
        case ProjectionError():
            return ExitCode.REFUSED, "projection", str(error)
        case psycopg.OperationalError():
            cause = str(error).strip().partition("\n")[0]  # libpq names places and reasons, never a password
            return ExitCode.UNAVAILABLE, "database_unavailable", f"the database cannot be reached: {cause}"
        case PoolTimeout():
            return ExitCode.UNAVAILABLE, "database_unavailable", "the database does not answer"
    return _known_to_edges(error)


def _known_to_edges(error: Exception) -> tuple[ExitCode, str, str] | None:
    """What an edge would answer with; the commands that raise it have imported all of this already."""
    from edges.identity.errors import IdentityError, IdentityRetryable  # noqa: PLC0415 - others start without it
    from edges.problems import Problem  # noqa: PLC0415

    match error:
        case IdentityRetryable():
            return ExitCode.UNAVAILABLE, error.code, str(error)
        case IdentityError():
            return ExitCode.REFUSED, error.code, str(error)
        case Problem():
            code = ExitCode.UNAVAILABLE if error.status >= SERVER_ERROR else ExitCode.REFUSED
            return code, error.code, _with_facts(error.title, error.facts)
    return None


def _with_facts(text: str, facts: Mapping[str, Any]) -> str:
    details = ", ".join(f"{name}={value}" for name, value in facts.items())
    return f"{text} ({details})" if details else text


def _label(code: ExitCode) -> str:
    return {ExitCode.REFUSED: "refused", ExitCode.UNAVAILABLE: "unavailable"}.get(code, "error")
