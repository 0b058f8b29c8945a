"""A supervisor over stand-ins for the parts: `python -m tests.edges.quick_system HOME PORT_BASE`."""

import asyncio
import sys

from edges.config import load
from edges.errors import StartError
from edges.logs import configure, get_logger
from edges.state import RunningState
from edges.supervisor import Supervisor

log = get_logger(__name__)


async def on_ready(state: RunningState) -> None:
    log.info("ready_hook", parts=len(state.parts))


async def run() -> None:
    settings = load(home=sys.argv[1], port_base=sys.argv[2])
    await Supervisor(settings, program="tests.edges.quick_part:main", on_ready=on_ready).run()


def main() -> None:
    configure("info", part="supervisor")
    try:
        asyncio.run(run())
    except StartError as error:
        log.error("start_failed", reason=str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
