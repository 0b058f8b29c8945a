"""Texts that occur nowhere by chance, in the places of personal data; and a search for them in whatever form."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import quote

BYTEA: Final = re.compile(rb"\\x([0-9a-f]{8,})")


class Markers(NamedTuple):
    """What one person told about themselves, or was told."""

    login: str
    client: str
    name: str
    other_name: str
    phone: str
    other_phone: str
    email: str
    birth_date: str
    bank_name: str
    bank_account: str
    bank_holder: str
    depositor: str
    payee: str
    payee_account: str
    refused_account: str
    subject: str
    body: str
    question: str
    answer: str
    note: str


def markers(suffix: str) -> Markers:
    """Of another person for each suffix, which is two digits."""
    word = {name: f"Vex{name.replace('_', '')}qz{suffix}" for name in Markers._fields}
    return Markers(
        **word
        | {
            "login": f"vexlogin.qz{suffix}",
            "client": f"VexClient/{suffix}.7",
            "name": f"Žofia Vexnameqz{suffix}",
            "phone": f"+356 9917 43{suffix}",
            "other_phone": f"+356 9928 54{suffix}",
            "email": f"vexmail{suffix}@quidnunc.example",
            "birth_date": f"19{suffix}-03-17",
            "bank_account": f"MT84 VEXQ 0110 12{suffix}",
            "payee_account": f"MT31 VEXQ 0220 23{suffix}",
            "refused_account": f"MT57 VEXQ 0330 34{suffix}",
        }
    )


class Search:
    """Finds any of the markers in any of their forms: as they are, normalised, quoted, in JSON, hex or base64."""

    def __init__(self, wanted: Markers) -> None:
        self._forms = {form: name for name, text in wanted._asdict().items() for form in _forms(text)}
        self._pattern = re.compile(b"|".join(re.escape(form) for form in sorted(self._forms)))

    def in_bytes(self, content: bytes) -> set[str]:
        """The names of the markers that are in there. Also inside of what PostgreSQL shows of bytea."""
        found = self._plain(content)
        for text in BYTEA.finditer(content):
            found |= self._plain(bytes.fromhex(text[1].decode()))
        return found

    def in_text(self, content: str) -> set[str]:
        return self.in_bytes(content.encode())

    def _plain(self, content: bytes) -> set[str]:
        return {self._forms[match[0]] for match in self._pattern.finditer(content.lower())} | {
            self._forms[match[0]] for match in self._pattern.finditer(content)
        }


def _forms(text: str) -> Iterator[bytes]:
    """In small letters, but for base64, which has both."""
    squeezed = "".join(c for c in text if c.isalnum())
    for form in {text, text.casefold(), squeezed, squeezed.casefold()}:
        encoded = form.encode()
        yield encoded.lower()
        yield encoded.hex().encode()
    yield from _base64(text.encode())
    yield from _base64(text.casefold().encode())
    yield json.dumps(text)[1:-1].lower().encode()
    yield quote(text).lower().encode()


def _base64(content: bytes) -> Iterator[bytes]:
    """What is there of it wherever it begins in a longer text: its neighbours change the outermost characters."""
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + content)
        inner = encoded[4 if shift else 0 : -4]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))
