"""The ordinary user that servers run as when root starts them, and the private directories they live in."""

import hashlib
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from edges.embedded.errors import EmbeddedServerError

CANDIDATES = ("tongbo", "postgres", "nobody")
SOCKET_DIRECTORY_MAX_BYTES = 107 - len("/.s.PGSQL.5432")


@dataclass(frozen=True, slots=True)
class Account:
    """An existing unprivileged user; nothing is ever added to the system."""

    name: str
    uid: int
    gid: int


def server_account(existing: Path | None = None) -> Account | None:
    """The user to drop to: None unless root asks; the owner of `existing` data if there is any."""
    if os.geteuid() != 0:
        return None
    if existing is not None and existing.exists():
        entry = _entry_of(existing.stat().st_uid)
        if entry is not None and entry.pw_uid != 0:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerError(
        f"PostgreSQL refuses to run as root and none of the users {', '.join(CANDIDATES)} exists"
    )


def _entry_of(uid: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None


def private_directory(path: Path, account: Account | None) -> Path:
    """Makes `path` (its parent exists) readable for the account alone; refuses one that somebody else owns."""
    owner = os.geteuid() if account is None else account.uid
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {owner, os.geteuid()}:
        raise EmbeddedServerError(f"{path} belongs to somebody else; remove it or choose another home")
    if account is not None and found.st_uid != owner:
        os.chown(path, account.uid, account.gid)
    if stat.S_IMODE(found.st_mode) != 0o700:
        path.chmod(0o700)
    return path


def socket_directory(preferred: Path, account: Account | None) -> Path:
    """A private directory for sockets: the preferred one, or a short one where its path would be too long."""
    if len(os.fsencode(preferred)) <= SOCKET_DIRECTORY_MAX_BYTES:
        return private_directory(preferred, account)
    name = "tongbo-" + hashlib.sha256(os.fsencode(preferred)).hexdigest()[:16]
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    candidates = [Path(runtime)] if runtime and account is None else []
    for parent in [*candidates, Path("/tmp")]:  # noqa: S108 - the directory itself is private and checked
        path = parent / name
        if len(os.fsencode(path)) <= SOCKET_DIRECTORY_MAX_BYTES and parent.is_dir():
            return private_directory(path, account)
    raise EmbeddedServerError(f"no place short enough for a unix socket: {preferred} is too long")
