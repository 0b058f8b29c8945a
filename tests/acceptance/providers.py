"""Game providers, who call with signatures of their own: SoftSwiss with a shared secret, Hub88 with a private key."""

import json
from decimal import Decimal
from typing import Any, Final
from uuid import uuid4

import aiohttp
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from edges.provider.protocols import PROTOCOLS

HUB88_UNIT: Final = 100_000
"""Its amounts are integers."""


_KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
HUB88_PRIVATE: Final = _KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
HUB88_PUBLIC: Final = _KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def softswiss_secret(brand: str) -> str:
    """What the provider shares with one brand, and with no other."""
    return f"shared by a provider and {brand} alone"


class Providers:
    """Both of them, calling one brand about one player."""

    def __init__(
        self, http: aiohttp.ClientSession, url: str, brand: str, player_id: str, currency: str
    ) -> None:
        self._http = http
        self._url = url
        self._brand = brand
        self._player_id = player_id
        self._currency = currency
        self.token = ""
        """Of the game that was launched last: Hub88 binds bets to it."""

    async def softswiss(self, endpoint: str, *, secret: str = "", **fields: Any) -> Any:
        """Status and answer. ``secret``: instead of the brand's own."""
        body = {"account_id": self._player_id, "currency": self._currency, "game_id": "dice", **fields}
        key = (secret or softswiss_secret(self._brand)).encode()
        return await self._call("softswiss", endpoint, body, key)

    async def hub88(self, endpoint: str, **fields: Any) -> Any:
        """Status and answer."""
        body = {
            "user": self._player_id, "token": self.token, "game_code": "table", "currency": self._currency,
            "request_uuid": str(uuid4()), "supplier_transaction_id": "x", **fields,
        }  # fmt: skip
        return await self._call("hub88", endpoint, body, HUB88_PRIVATE)

    async def play(self, round_id: str, kind: str, transaction: str, amount: str) -> tuple[int, Any]:
        """A SoftSwiss bet or win: the balance after it, or the code of its refusal."""
        moves = [{"type": kind, "id_provider": transaction, "amount": amount}]
        status, answer = await self.softswiss("betwin", round_id=round_id, transactions=moves)
        return status, answer["balance"] if status == 200 else answer["meta"]["api_code"]

    async def take_back(self, round_id: str, transaction: str, original: str) -> tuple[int, Any]:
        """A SoftSwiss rollback, in the same way."""
        moves = [{"type": "rollback", "id_provider": transaction, "original_id_provider": original}]
        status, answer = await self.softswiss(
            "rollback", round_id_provider=round_id, finished=False, transactions=moves
        )
        return status, answer["balance"] if status == 200 else answer["meta"]["api_code"]

    async def table(self, what: str, transaction: str, amount: str = "", **fields: Any) -> tuple[str, str]:
        """A Hub88 transaction: its status, and the balance after it as a decimal."""
        moved = {"amount": int(Decimal(amount) * HUB88_UNIT)} if amount else {}
        _, answer = await self.hub88(
            f"transaction/{what}",
            transaction_uuid=transaction,
            round=f"h-{transaction[:1]}",
            **moved,
            **fields,
        )
        cents = answer.get("balance", 0) * 100 // HUB88_UNIT
        return answer["status"], f"{cents // 100}.{cents % 100:02d}"

    async def _call(self, protocol: str, endpoint: str, fields: Any, key: bytes) -> tuple[int, Any]:
        body = json.dumps(fields).encode()
        headers = {"Content-Type": "application/json", **PROTOCOLS[protocol].sign(body, key)}
        url = f"{self._url}/{protocol}/{self._brand}/{endpoint}"
        async with self._http.post(url, data=body, headers=headers) as response:
            return response.status, await response.json(content_type=None)
