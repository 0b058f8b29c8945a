"""The command line ``tongbo``: its commands, its exit codes, and how errors are told. Each file holds one topic."""

import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from edges import logs
from edges.cli.outcomes import EXIT_CODES_HELP, tell

COMMANDS: Final[Mapping[str, str]] = {
    "agent": "edges.cli.agent:agent",
    "audit": "edges.cli.audit:audit",
    "brand": "edges.cli.brand:brand",
    "callback": "edges.cli.callback:callback",
    "catalog": "edges.cli.catalog:catalog",
    "completion": "edges.cli.completion:completion",
    "demo": "edges.cli.system:demo",
    "deposits": "edges.cli.money_requests:deposits",
    "integration": "edges.cli.integration:integration",
    "keys": "edges.cli.keys:keys",
    "migrate": "edges.cli.system:migrate",
    "parity": "edges.cli.parity:parity",
    "player": "edges.cli.player:player",
    "projections": "edges.cli.projections:projections",
    "rounds": "edges.cli.rounds:rounds",
    "secrets": "edges.cli.secrets:secrets",
    "serve": "edges.cli.serve:serve",
    "session": "edges.cli.session:session",
    "staff": "edges.cli.staff:staff",
    "trial-balance": "edges.cli.trial_balance:trial_balance",
    "up": "edges.cli.up:up",
    "urls": "edges.cli.system:urls",
    "wallet": "edges.cli.wallet:wallet",
    "withdrawals": "edges.cli.money_requests:withdrawals",
}
"""Where each command is; its module is imported when it is used."""


class Commands(click.Group):
    """Finds commands in ``COMMANDS``, and tells every error of ours with its exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        given = list(sys.argv[1:] if args is None else args)
        try:
            return super().main(given, *rest, **options)
        except Exception as error:
            code = tell(error, as_json="--json" in given)
            if code is None:
                raise
            sys.exit(code)


@click.command(
    cls=Commands,
    epilog=EXIT_CODES_HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="tongbo")
def cli() -> None:
    """Tongbo, the money core of a multi-brand gaming platform.

    Every command finds the running system through its home directory (--home or TONGBO_HOME).
    """


def main() -> None:
    """The installed command."""
    logs.configure("warning", part="cli")
    cli(prog_name="tongbo")
