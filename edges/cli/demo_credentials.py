"""What the demo keeps, so that it can be tried out: its providers' keys, and the logins of its people."""

import os
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from edges.cli.outcomes import CommandRefused

FOLDER: Final = "demo"
CREDENTIALS: Final = "credentials.json"


class DemoLogin(Struct, frozen=True):
    """``totp_secret``: of staff."""

    login: str
    password: str
    totp_secret: str = ""


class Credentials(Struct, frozen=True):
    """What the demo's providers sign with (``hub88_private_key``: the path of a PEM file), and who can log in."""

    brand: str
    softswiss_secret: str
    hub88_private_key: str
    players: tuple[str, ...]
    currency: str
    player_logins: tuple[DemoLogin, ...] = ()
    """Their names are their ids."""
    agents: tuple[DemoLogin, ...] = ()
    staff: tuple[DemoLogin, ...] = ()

    def with_staff(self, login: DemoLogin) -> "Credentials":
        """The same with this one, in place of any other of that name."""
        others = [known for known in self.staff if known.login != login.login]
        return msgspec.structs.replace(self, staff=(login, *others))


def hub88_private_key(home: Path, brand_id: str) -> Path:
    """Where the demo keeps what its Hub88 signs with; other brands have no such file."""
    return home / FOLDER / f"{brand_id}_hub88_private_key.pem"


def credentials_file(home: Path) -> Path:
    """Where the demo's credentials are, readable by their owner only."""
    return home / FOLDER / CREDENTIALS


def read_credentials(home: Path) -> Credentials:
    """Raises :class:`CommandRefused` without a demo brand."""
    path = credentials_file(home)
    if not path.exists():
        raise CommandRefused("no_demo_brand", "there is no demo brand in this home; the first start makes it")
    return msgspec.json.decode(path.read_bytes(), type=Credentials)


def write_credentials(home: Path, credentials: Credentials) -> None:
    """Replaces what is there."""
    write_private(credentials_file(home), msgspec.json.format(msgspec.json.encode(credentials)) + b"\n")


def write_private(path: Path, content: bytes) -> None:
    """All or nothing, durable, for the owner's eyes only."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
