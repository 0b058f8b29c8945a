"""``tongbo parity``: a recording of a legacy server's traffic against a running edge, route by route."""

import sys
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from edges.cli.options import home_option, json_option
from edges.cli.outcomes import ExitCode
from edges.cli.output import print_json, print_table
from edges.cli.reach import find_system, run
from edges.parity.comparison import Difference
from edges.parity.hiding import HIDDEN
from edges.parity.recordings import BadRecording, read_recording
from edges.parity.replay import Replay, Report, RouteTally, Target
from edges.parity.rules import NO_RULES, RuleBook, read_rules

COUNTS: Final = ("exchanges", "matched", "differed", "uncovered")

PLAYER: Final = "player"

FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=FILE)
@click.option("--url", help="The edge to try; the running system's player edge where not given.")
@click.option("--rules", "rules_file", type=FILE, help="What counts as the same: a TOML file.")
@click.option("--host", help="The host name to send: an edge finds its brand by it.")
@click.option("--hide-values", is_flag=True, help="Tell where answers differ, not what stands there.")
@home_option
@json_option
def parity(
    *,
    file: Path,
    url: str | None,
    rules_file: Path | None,
    host: str | None,
    hide_values: bool,
    home: Path,
    as_json: bool,
) -> None:
    """Replay recorded exchanges against an edge and compare the answers. Exits with 5 unless all are the same.

    FILE is HAR 1.2, or NDJSON with one exchange a line. The requests are sent in their order and do what they did
    when they were recorded: use a brand made for it. Secrets of the recording are never printed.
    """
    if url is not None and not url.startswith(("http://", "https://")):
        raise click.BadParameter("begins with http:// or https://", param_hint="--url")
    rules = NO_RULES if rules_file is None else read_rules(rules_file)
    target = Target(url or find_system(home).url(PLAYER), host)
    quiet = as_json or not sys.stderr.isatty()
    report = run(_replay(file, file.stat().st_size, target, rules, quiet=quiet))
    if not report.routes:
        raise BadRecording(file.name, "holds no exchange")
    if hide_values:
        _hide(report)
    if as_json:
        print_json(document_of(report))
    else:
        _print(report)
    if not report.same:
        raise click.exceptions.Exit(ExitCode.PARITY_FOUND)


async def _replay(file: Path, size: int, target: Target, rules: RuleBook, *, quiet: bool) -> Report:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as progress:
        task = progress.add_task(file.name, total=size)
        async with Replay(target, rules) as replay:
            for exchange, read_bytes in read_recording(file):
                await replay.exchange(exchange)
                progress.update(task, completed=read_bytes)
    return replay.report


def document_of(report: Report) -> dict[str, Any]:
    """The report for programs."""
    return {
        "same": report.same,
        **{name: report.total(name) for name in COUNTS},
        "routes": [_route(tally) for tally in report.routes.values()],
    }


def _route(tally: RouteTally) -> dict[str, Any]:
    first = None if tally.first is None else tally.first._asdict()
    return {
        "route": tally.route,
        **{name: getattr(tally, name) for name in COUNTS},
        "first_difference": first,
    }


def _print(report: Report) -> None:
    print_table(
        ("route", *COUNTS, "first difference"),
        [
            (tally.route, *(getattr(tally, name) for name in COUNTS), _sentence(tally.first))
            for tally in report.routes.values()
        ],
        numbers=COUNTS,
    )
    total, matched = report.total("exchanges"), report.total("matched")
    click.echo(
        f"\n{len(report.routes)} routes, {total} exchanges: {matched} matched ({matched / total:.1%}), "
        f"{report.total('differed')} differed, {report.total('uncovered')} uncovered"
    )


def _sentence(first: Difference | None) -> str:
    return "" if first is None else f"{first.place}: expected {first.expected}, got {first.got}"


def _hide(report: Report) -> None:
    for tally in report.routes.values():
        if tally.first is not None:
            tally.first = Difference(tally.first.place, HIDDEN, HIDDEN)
