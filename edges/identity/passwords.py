"""Passwords: argon2id in a few threads of low priority, and what a password has to be like. Never logged."""

import asyncio
import base64
import os
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from edges.identity.errors import TooManyLogins
from edges.identity.login_names import fold_login

TIME_COST: Final = 1
MEMORY_KIB: Final = 46 * 1024
PARALLELISM: Final = 1
HASH_BYTES: Final = 32
SALT_BYTES: Final = 16

THREADS: Final = 1
WAITING_MAX: Final = 24
"""About a second of work for one thread: whoever comes after that is better asked to come again."""

NICENESS: Final = 15
"""Hashing takes what money leaves over."""

PASSWORD_CHARS: Final = range(8, 129)

_COMMON: Final = """
00000000 11111111 111111111 1111111111 11223344 1122334455 12121212 123123123 12341234 1234512345 12345678
123456789 1234567890 12345678910 123456789a 1234qwer 123456abc 123qweasd 147258369 1q2w3e4r 1q2w3e4r5t
1qaz2wsx 22222222 55555555 66666666 77777777 87654321 88888888 987654321 9876543210 99999999 a1234567
a12345678 a123456789 aa123456 aa12345678 abc12345 abcd1234 abcdefgh admin123 administrator asdfasdf asdfghjk
asdfghjkl baseball changeme charlie1 computer dragon12 football iloveyou iloveyou1 internet jennifer letmein1
liverpool michelle p@ssw0rd pass1234 passw0rd password password! password1 password1! password12 password123
princess princess1 q1w2e3r4 qazwsxedc qwer1234 qwerasdf qwerty12 qwerty123 qwertyui qwertyuiop qwe12345
samsung1 starwars sunshine superman trustno1 welcome1 welcome123 woaini1314 woaini520 zaq12wsx zxcvbnm1
zxcvbnm123
"""
COMMON_PASSWORDS: Final = frozenset(_COMMON.split())

T = TypeVar("T")


class Verdict(NamedTuple):
    """Whether a password is right, and whether its hash was made with other parameters than today's."""

    right: bool
    outdated: bool


def password_flaws(password: str, login: str) -> list[str]:
    """Why a password cannot be accepted: ``too_short``, ``too_long``, ``same_as_login``, ``too_common``."""
    folded = fold_login(password)
    flaws = []
    if len(password) < PASSWORD_CHARS.start:
        flaws.append("too_short")
    if len(password) >= PASSWORD_CHARS.stop:
        flaws.append("too_long")
    if folded == fold_login(login):
        flaws.append("same_as_login")
    if folded in COMMON_PASSWORDS:
        flaws.append("too_common")
    return flaws


class Passwords:
    """Hashes and verifies, at most ``threads`` at a time with ``waiting_max`` more waiting."""

    def __init__(
        self,
        *,
        threads: int = THREADS,
        waiting_max: int = WAITING_MAX,
        time_cost: int = TIME_COST,
        memory_kib: int = MEMORY_KIB,
    ) -> None:
        self._hasher = PasswordHasher(
            time_cost=time_cost,
            memory_cost=memory_kib,
            parallelism=PARALLELISM,
            hash_len=HASH_BYTES,
            salt_len=SALT_BYTES,
            type=Type.ID,
        )
        self._nobodys_hash = _hash_of_nothing(time_cost, memory_kib)
        self._threads = ThreadPoolExecutor(threads, "password", initializer=_yield_to_money)
        self._room = threads + waiting_max

    async def hash(self, password: str) -> str:
        """The hash to store. Raises :class:`TooManyLogins`."""
        return await self._in_turn(lambda: self._hasher.hash(_bytes_of(password)))

    async def verify(self, known_hash: str | None, password: str) -> Verdict:
        """Takes as long without a hash as with one. Raises :class:`TooManyLogins`."""
        return await self._in_turn(lambda: self._verify(known_hash, password))

    def close(self) -> None:
        """Ends the threads; nobody waits for what was still to be hashed."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, known_hash: str | None, password: str) -> Verdict:
        try:
            self._hasher.verify(known_hash or self._nobodys_hash, _bytes_of(password))
        except (VerificationError, InvalidHashError):
            return Verdict(right=False, outdated=False)
        if known_hash is None:
            return Verdict(right=False, outdated=False)
        return Verdict(right=True, outdated=self._hasher.check_needs_rehash(known_hash))

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._room <= 0:
            raise TooManyLogins
        self._room -= 1
        done = asyncio.get_running_loop().run_in_executor(self._threads, work)
        done.add_done_callback(self._make_room)
        return await asyncio.shield(done)

    def _make_room(self, _done: object) -> None:
        self._room += 1


def _yield_to_money() -> None:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _bytes_of(password: str) -> bytes:
    """The same keys pressed on another device may send other code points."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _hash_of_nothing(time_cost: int, memory_kib: int) -> str:
    """A hash that costs as much as any other, and that nobody knows a password for."""
    salt, digest = (
        base64.b64encode(os.urandom(size)).rstrip(b"=").decode() for size in (SALT_BYTES, HASH_BYTES)
    )
    return f"$argon2id$v=19$m={memory_kib},t={time_cost},p={PARALLELISM}${salt}${digest}"
