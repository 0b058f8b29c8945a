"""Writes the generated parts of docs/reference.md: `python -m tests.reference`; a test holds the page against them."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import click

from contracts import codec
from contracts.refusals import ERRORS_BY_CODE, Refused, Retryable
from edges.cli import COMMANDS

PAGE = Path(__file__).parents[1] / "docs" / "reference.md"
COMMON = {"--home", "--json", "--help"}
PARTS = ("commands", "refusals", "events")


def commands() -> Iterator[str]:
    """Every command with its arguments and options, those that all have left out."""
    for name in sorted(COMMANDS):
        module, _, attribute = COMMANDS[name].partition(":")
        yield from _command(f"tongbo {name}", getattr(importlib.import_module(module), attribute))


def _command(name: str, command: click.Command) -> Iterator[str]:
    if isinstance(command, click.Group):
        for sub in sorted(command.commands):
            yield from _command(f"{name} {sub}", command.commands[sub])
        return
    context = click.Context(command)
    arguments = [p.make_metavar(context) for p in command.params if isinstance(p, click.Argument)]
    yield f"#### `{' '.join([name, *arguments])}`\n"
    text = re.sub(r"\n +", "\n", (command.help or "").replace("\b\n", "").strip())
    yield text + "\n"
    options = [
        p for p in command.params if isinstance(p, click.Option) and not COMMON & set(p.opts) and not p.hidden
    ]
    if options:
        yield "| option | meaning |\n|---|---|"
        for option in options:
            names = ", ".join([*option.opts, *option.secondary_opts])
            yield f"| `{names}` | {(option.help or '').strip()}{' Required.' if option.required else ''} |"
        yield ""


def refusals() -> Iterator[str]:
    """Every stable error code."""
    yield "| code | asking again | meaning |\n|---|---|---|"
    for code in sorted(ERRORS_BY_CODE):
        kind = ERRORS_BY_CODE[code]
        if issubclass(kind, Refused | Retryable) and kind not in {Refused, Retryable}:
            again = "helps, with the same id" if issubclass(kind, Retryable) else "does not help"
            yield f"| `{code}` | {again} | {kind.message} |"


def events() -> Iterator[str]:
    """Every event type in its current version."""
    yield "| type | meaning |\n|---|---|"
    for kind, name in codec.TYPE_NAMES.items():
        meaning = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
        yield f"| `{name}` | {meaning} |"


def generated(part: str) -> str:
    """The text between a part's marks."""
    lines = {"commands": commands, "refusals": refusals, "events": events}[part]()
    return f"<!-- begin {part} -->\n\n" + "\n".join(lines).strip() + f"\n\n<!-- end {part} -->"


def with_generated(page: str) -> str:
    """The page with its generated parts as they have to be."""
    for part in PARTS:
        pattern = re.compile(f"<!-- begin {part} -->.*<!-- end {part} -->", re.DOTALL)
        page = pattern.sub(lambda _, part=part: generated(part), page)  # type: ignore[misc]
    return page


if __name__ == "__main__":
    PAGE.write_text(with_generated(PAGE.read_text()))
