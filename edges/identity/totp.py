"""One-time codes (RFC 6238) of staff: the secret is stored sealed, and each code counts once."""

from typing import Final

import pyotp

from edges.identity.credentials import Credentials
from edges.identity.errors import InvalidPersonalData, UnknownPerson
from edges.identity.persons import Person
from edges.identity.sealing import place, seal, unseal
from edges.identity.vault_keys import VaultKeys
from edges.tenancy import Connection

STEP_S: Final = 30
STEPS_EITHER_WAY: Final = 1
"""Clocks of telephones go wrong by so much."""

ISSUER: Final = "Tongbo"

STORE: Final = """
UPDATE credentials SET totp_secret = %s, totp_key_id = %s, totp_counter = 0
WHERE brand_id = %s AND kind = %s AND subject_id = %s RETURNING true
"""
USE: Final = """
UPDATE credentials SET totp_counter = %s
WHERE brand_id = %s AND kind = %s AND subject_id = %s AND totp_counter < %s RETURNING true
"""
SELECT_OLD: Final = """
SELECT kind, subject_id, totp_secret, totp_key_id FROM credentials
WHERE brand_id = %s AND totp_key_id <> %s ORDER BY kind, subject_id LIMIT %s FOR UPDATE
"""
RESEAL: Final = """
UPDATE credentials SET totp_secret = %s, totp_key_id = %s WHERE brand_id = %s AND kind = %s AND subject_id = %s
"""
NEVER: Final = -1


def new_secret() -> str:
    """160 random bits in base32, to be shown to its owner once."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, login: str, issuer: str = ISSUER) -> str:
    """What an authenticator app scans as a QR code."""
    return pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=login, issuer_name=issuer)


def step_of(secret: str, code: str, now_s: float) -> int | None:
    """The time step that a code belongs to, if it is near enough; used or not."""
    try:
        return pyotp.TOTP(secret, interval=STEP_S).verify_and_get_timecode(
            code.replace(" ", ""), for_time=now_s, valid_window=STEPS_EITHER_WAY
        )
    except (pyotp.OTPVerificationError, ValueError):
        return None


def code_of(secret: str, step: int) -> str:
    """The code of a time step, as an authenticator app shows it."""
    return pyotp.TOTP(secret, interval=STEP_S).at(step * STEP_S)


class OneTimeCodes:
    """The codes of everybody who has a secret."""

    def __init__(self, keys: VaultKeys) -> None:
        self._keys = keys
        self._nobodys_secret = new_secret()

    async def enrol(self, connection: Connection, person: Person, secret: str) -> None:
        """Stores the secret; codes of an older one are worth nothing from now on.

        Raises :class:`UnknownPerson`, or :class:`InvalidPersonalData` for a secret that is none.
        """
        try:
            pyotp.TOTP(secret)
        except ValueError as error:
            raise InvalidPersonalData(field="secret", reason="not base32 of at least 112 bits") from error
        cursor = await connection.execute(STORE, (*self._sealed(person, secret), *person))
        if await cursor.fetchone() is None:
            raise UnknownPerson

    async def use(
        self,
        connection: Connection,
        known: Credentials | None,
        code: str,
        now_s: float,
        *,
        count: bool = True,
    ) -> bool:
        """Whether the code is right, and the first use of it or of any later one.

        Does the same work for somebody without a secret, and when the code is not to count.
        """
        secret, enrolled = self._nobodys_secret, False
        if known is not None and known.totp_secret is not None:
            secret, enrolled = self._opened(known.person, known.totp_secret, known.totp_key_id), True
        step = step_of(secret, code, now_s)
        counts = count and enrolled and step is not None
        new = step if counts and step is not None else NEVER
        person = known.person if known is not None else Person("", "staff", "")
        return await (await connection.execute(USE, (new, *person, new))).fetchone() is not None

    async def rewrap(self, connection: Connection, brand_id: str, *, limit: int = 200) -> int:
        """Seals secrets with the current vault key that another one sealed; how many, zero when none is left."""
        current = self._keys.current()
        cursor = await connection.execute(SELECT_OLD, (brand_id, current.key_id, limit))
        old = await cursor.fetchall()
        for kind, subject_id, sealed, key_id in old:
            person = Person(brand_id, kind, subject_id)
            secret = self._opened(person, sealed, key_id)
            await connection.execute(RESEAL, (*self._sealed(person, secret), *person))
        return len(old)

    def _sealed(self, person: Person, secret: str) -> tuple[bytes, str]:
        key = self._keys.current()
        return seal(key.wrapping, secret.encode(), _place(person, key.key_id)), key.key_id

    def _opened(self, person: Person, sealed: bytes, key_id: str | None) -> str:
        key = self._keys.by_id(key_id)
        return unseal(key.wrapping, sealed, _place(person, key.key_id)).decode()


def _place(person: Person, key_id: str) -> bytes:
    return place("totp", *person, key_id)
