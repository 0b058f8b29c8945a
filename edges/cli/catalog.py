"""``tongbo catalog``: what runs here, how one gets in, and which services of the old system it has taken over."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from edges.catalog import service_catalog
from edges.cli.options import home_option, json_option
from edges.cli.output import print_json, print_table
from edges.errors import ConfigurationError

MISSING_SHOWN: Final = 3


@click.command()
@home_option
@json_option
def catalog(home: Path, as_json: bool) -> None:
    """Print the live service catalog: parts, entry surfaces, legacy routes covered, and what replaces which service.

    State is that of the system running in the home, if one does. Exits with 2 if a dialect in HOME/dialects has
    mistakes.
    """
    found = service_catalog(home.expanduser().absolute())
    if as_json:
        print_json(found)
    else:
        _print(found)
    if found["mistakes"]:
        raise ConfigurationError(found["mistakes"])


def _print(found: Mapping[str, Any]) -> None:
    running = "running" if found["running"] else "nothing runs in this home"
    click.echo(f"tongbo {found['version']}, {running}\n")
    print_table(
        (
            "part",
            "runtime",
            "state",
            "primary purpose",
            "entry surfaces",
            "background work",
            "legacy routes",
            "build",
        ),
        [
            (
                service["part"],
                service["runtime"],
                _state(service["state"]),
                service["purpose"],
                _listed(service["surfaces"]),
                _listed(service["background"]),
                _listed([_share(spoken) for spoken in service["legacy"]]),
                service["build"],
            )
            for service in found["services"]
        ],
    )
    click.echo()
    print_table(
        ("old service", "was", "for", "taken over by", "standing", "missing"),
        [
            (
                old["service"],
                old["runtime"],
                old["purpose"],
                _listed(old["taken_over_by"]),
                old["standing"],
                _some(old["missing"]),
            )
            for old in found["replaced"]
        ],
    )


def _state(state: Mapping[str, Any] | None) -> str:
    if state is None:
        return "-"
    standing = "ready" if state["ready"] else "not ready"
    restarts = f", restarts {state['restarts']}" if state["restarts"] else ""
    return f"{standing}, pid {state['pid'] or '-'}{restarts}"


def _share(spoken: Mapping[str, Any]) -> str:
    share = spoken["covered"] / spoken["known"]
    return f"{spoken['dialect']} {spoken['covered']} of {spoken['known']} ({share:.0%})"


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts) or "-"


def _some(texts: Sequence[str]) -> str:
    more = len(texts) - MISSING_SHOWN
    return _listed(texts[:MISSING_SHOWN]) + (f" and {more} more" if more > 0 else "")
