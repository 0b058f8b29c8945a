"""``tongbo brand show``: a brand's settings, each with who changed it last, and its integrations."""

from pathlib import Path
from typing import Any, Final

import click
import orjson

from edges.admin.setting_documents import shown
from edges.api.answers import time_text
from edges.cli.options import brand_argument, home_option, json_option
from edges.cli.output import print_facts, print_json, print_table
from edges.cli.reach import brand_of, find_system, read_models, run
from projections import settings_history
from projections.feed import read_head
from projections.positions import wait_for
from projections.settings_history import Setting

PROJECTED_WITHIN_S: Final = 2.0


@click.command()
@brand_argument
@click.option("--all", "everything", is_flag=True, help="Also the settings that nobody has changed.")
@home_option
@json_option
def show(*, brand_id: str, everything: bool, home: Path, as_json: bool) -> None:
    """A brand's settings with who changed each, when and why, and its integrations."""
    system = find_system(home)

    async def work() -> tuple[dict[str, Any], list[Setting]]:
        async with system.client() as client:
            found = await brand_of(client, brand_id)
        async with read_models(system, brand_id) as connection:
            head = await read_head(connection, brand_id)
            await wait_for(
                connection, brand_id, settings_history.SettingsHistory.name, head, PROJECTED_WITHIN_S
            )
            known = await settings_history.read_all(connection, brand_id)
        return found, known

    found, known = run(work())
    settings = [_document(setting) for setting in known]
    if as_json:
        print_json({**found, "settings": settings})
        return
    print_facts(
        {
            "brand": brand_id,
            "version": found["settings_version"],
            **{
                f"integration {integration['name']}": f"{integration['protocol']}, keys "
                + " ".join(integration["key_ids"])
                for integration in found["integrations"]
            },
        }
    )
    print_table(
        ("setting", "value", "changed by", "at", "why"),
        [_row(setting) for setting in settings if everything or setting["changed"] is not None],
    )


def _document(setting: Setting) -> dict[str, Any]:
    change = setting.last_change
    return {
        "name": setting.setting,
        "value": shown(setting.setting, setting.value),
        "default": shown(setting.setting, setting.default),
        "changed": None
        if change is None
        else {
            "previous": shown(setting.setting, change.previous),
            "changed_by": change.changed_by,
            "changed_at": time_text(change.changed_at),
            "reason": change.reason,
        },
    }


def _row(setting: dict[str, Any]) -> tuple[Any, ...]:
    changed = setting["changed"] or {"changed_by": "-", "changed_at": "-", "reason": ""}
    return (
        setting["name"],
        orjson.dumps(setting["value"]).decode(),
        changed["changed_by"],
        changed["changed_at"],
        changed["reason"],
    )
