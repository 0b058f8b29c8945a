"""A protocol of the tests alone: the proof that a third one needs one file and one line of registration."""

from typing import ClassVar

import msgspec

from contracts.ids import wallet_id
from contracts.refusals import Refused
from edges.provider.protocol import Answer, Callback, ProviderProtocol, Trouble


class Question(msgspec.Struct):
    player: str


class Tiny(ProviderProtocol):
    name: ClassVar[str] = "tiny"
    endpoints: ClassVar[frozenset[str]] = frozenset({"purse"})

    def authenticate(self, callback: Callback) -> bool:
        return callback.headers.get("X-Tiny", "").encode() in callback.secrets

    @staticmethod
    def sign(body: bytes, key: bytes) -> dict[str, str]:
        assert body
        return {"X-Tiny": key.decode()}

    @staticmethod
    def check_secret(secret: bytes) -> None:
        if not secret:
            raise ValueError("empty")

    async def handle(self, callback: Callback) -> Answer:
        question = msgspec.json.decode(callback.body, type=Question)
        try:
            view = await callback.ledger.wallet(
                wallet_id(question.player, callback.brand.settings.currencies[0])
            )
        except Refused as refused:
            return Answer(200, refused.code.encode(), refused.code)
        return Answer(200, str(view.balance.cash).encode())

    def answer_trouble(self, trouble: Trouble, body: bytes) -> Answer:
        return Answer(200, trouble.value.encode() + b" %d" % len(body), trouble.value)
