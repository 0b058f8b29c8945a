"""Log files of child processes: rotated by size, and read along for the lines a person at the console should see.

Children write to the file themselves. The supervisor only reads along, so that it can never hold one of them up.
"""

import contextlib
import os
import re
import shutil
from pathlib import Path

MAX_BYTES = 32 * 1024 * 1024
KEPT_FILES = 3
READ_BYTES = 256 * 1024
IMPORTANT = re.compile(
    rb'"level":"(?:error|critical)"'  # our own lines
    rb"|^\S+ \S+ \S+ \[\d+\] (?:\S+ )?(?:FATAL|PANIC):"  # PostgreSQL
    rb"|^[A-Za-z_.]*(?:Error|Exception|Refused)\b"  # the last line of a traceback
    rb"|^cannot start "  # edges.embedded.launch
)


class LogFile:
    """HOME/logs/<name>.log and its older parts <name>.log.1, .2, …"""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES, kept_files: int = KEPT_FILES) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._kept_files = kept_files
        self._read_to = path.stat().st_size if path.exists() else 0
        self._partial = b""

    def important_lines(self) -> list[str]:
        """What was written since the last call and matters to a person."""
        lines: list[str] = []
        with contextlib.suppress(FileNotFoundError), self.path.open("rb") as file:
            file.seek(self._read_to)
            while content := file.read(READ_BYTES):
                self._read_to += len(content)
                *whole, self._partial = (self._partial + content).split(b"\n")
                lines += [line.decode(errors="replace") for line in whole if IMPORTANT.search(line)]
        return lines

    def rotate_if_large(self) -> bool:
        """Copies and empties the file, because the child keeps it open; O_APPEND makes it go on from the start.

        Lines written between copying and emptying are lost: events and money are never in logs alone.
        """
        try:
            if self.path.stat().st_size < self._max_bytes:
                return False
        except FileNotFoundError:
            return False
        for number in range(self._kept_files - 1, 0, -1):
            with contextlib.suppress(FileNotFoundError):
                self._older(number).replace(self._older(number + 1))
        shutil.copyfile(self.path, self._older(1))
        self._older(1).chmod(0o600)
        os.truncate(self.path, 0)
        self._read_to = 0
        return True

    def _older(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")
