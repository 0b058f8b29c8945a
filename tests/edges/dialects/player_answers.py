"""The modern player edge as the shipped dialects see it: its operations, each with one fixed answer."""

from typing import Any, NamedTuple

PLAYER = "p3k9w2m7"
ACCESS_TOKEN = "access-1"


class Example(NamedTuple):
    """``takes``: fields of the body, those it needs marked by ``!``. ``asks``: query parameters."""

    status: int
    answer: Any
    takes: str = ""
    asks: str = ""
    open: bool = False


LIST = "limit cursor"
SPAN = f"kinds since until {LIST}"

EXAMPLES: dict[str, Example] = {
    "POST /api/v1/auth/sign-up": Example(
        201,
        {"player_id": PLAYER, "status": "pending"},
        "login! password! name phone email birth_date bank_name bank_account bank_holder agent_code invite",
        open=True,
    ),
    "POST /api/v1/auth/login": Example(
        200,
        {
            "access_token": ACCESS_TOKEN,
            "expires_in": 600,
            "refresh_token": "demo.refresh",
            "refresh_expires_in": 604800,
            "player_id": PLAYER,
            "last_login_at": "2026-04-27T23:10:11.123456Z",
        },
        "login! password!",
        open=True,
    ),
    "POST /api/v1/auth/logout": Example(204, None),
    "POST /api/v1/auth/password": Example(200, {"access_token": "access-1", "expires_in": 600}, "old! new!"),
    "GET /api/v1/auth/session": Example(
        200, {"player_id": PLAYER, "login": "kim01", "expires_at": "2026-04-28T04:15:00Z"}
    ),
    "GET /api/v1/me": Example(
        200,
        {
            "player_id": PLAYER,
            "login": "kim01",
            "status": "active",
            "registered_at": "2026-01-02T15:30:00Z",
            "last_login_at": "2026-04-27T23:10:11Z",
            "name": "김민수",
            "phone": "01012345678",
            "email": None,
            "birth_date": "1990-01-31",
            "bank_name": "국민은행",
            "bank_account": "12345678901234",
            "bank_holder": "김민수",
        },
    ),
    "GET /api/v1/wallets": Example(
        200,
        {
            "items": [
                {
                    "currency": "USD",
                    "cash": "12.34",
                    "bonus": "0.00",
                    "held": "0.00",
                    "withdrawable": "12.34",
                },
                {
                    "currency": "KRW",
                    "cash": "1234567",
                    "bonus": "50000",
                    "held": "30000",
                    "withdrawable": "1200000",
                    "restrictions": [{"rule": "daily_limit", "amount": "1200000", "reason": None}],
                },
            ]
        },
    ),
    "GET /api/v1/wallets/{currency}/statement": Example(
        200,
        {
            "items": [
                {
                    "position": 912,
                    "time": "2026-04-28T04:05:00.250000Z",
                    "kind": "win",
                    "amount": "25000",
                    "held_amount": "0",
                    "cash": "1234567",
                    "bonus": "50000",
                    "held": "30000",
                    "integration": "softswiss",
                    "round": "r-77",
                    "game": "dice",
                    "reference": None,
                    "transaction": "t-912",
                },
                {
                    "position": 911,
                    "time": "2026-04-28T04:04:58Z",
                    "kind": "bet",
                    "amount": "-10000.5",
                    "held_amount": "0",
                    "cash": "1209567",
                    "bonus": "50000",
                    "held": "30000",
                    "integration": "softswiss",
                    "round": "r-77",
                    "game": "dice",
                    "reference": None,
                    "transaction": "t-911",
                },
            ],
            "next": None,
        },
        asks=SPAN,
    ),
    "GET /api/v1/rounds": Example(
        200,
        {
            "items": [
                {
                    "integration": "softswiss",
                    "round": "r-77",
                    "game": "dice",
                    "status": "closed",
                    "stake": "10000.5",
                    "payout": "25000",
                    "started_at": "2026-04-28T04:04:58Z",
                },
                {
                    "integration": "hub88",
                    "round": "r-12",
                    "game": None,
                    "status": "open",
                    "stake": "5000",
                    "payout": "0",
                    "started_at": "2026-04-28T04:00:00Z",
                },
            ],
            "next": None,
        },
        asks=f"currency integration status {LIST}",
    ),
    "GET /api/v1/deposit-accounts": Example(
        200,
        {
            "items": [
                {
                    "account_id": "main",
                    "bank": "신한은행",
                    "number": "110-222-333333",
                    "holder": "통보",
                    "currency": "KRW",
                    "minimum": "10000",
                    "maximum": None,
                }
            ]
        },
        asks="currency",
    ),
    "POST /api/v1/deposits": Example(
        201,
        {
            "deposit_id": "d7",
            "state": "requested",
            "amount": "100000",
            "currency": "KRW",
            "requested_at": "2026-04-28T04:05:00Z",
            "expires_at": "2026-04-29T04:05:00Z",
        },
        "currency! amount! account! depositor!",
    ),
    "GET /api/v1/deposits": Example(
        200,
        {
            "items": [
                {
                    "deposit_id": "d7",
                    "state": "requested",
                    "amount": "100000",
                    "requested_at": "2026-04-28T04:05:00Z",
                },
                {
                    "deposit_id": "d6",
                    "state": "credited",
                    "amount": "50000",
                    "requested_at": "2026-04-20T15:00:00Z",
                },
                {
                    "deposit_id": "d5",
                    "state": "expired",
                    "amount": "7000",
                    "requested_at": "2026-04-19T14:59:59Z",
                },
            ],
            "next": None,
        },
        asks=LIST,
    ),
    "POST /api/v1/deposits/{id}/cancel": Example(200, {"deposit_id": "d7", "state": "cancelled"}),
    "POST /api/v1/withdrawals": Example(
        201,
        {
            "withdrawal_id": "w3",
            "state": "requested",
            "amount": "30000",
            "currency": "KRW",
            "requested_at": "2026-04-28T04:06:00Z",
        },
        "currency! amount! bank_name bank_account bank_holder",
    ),
    "GET /api/v1/withdrawals": Example(
        200,
        {
            "items": [
                {
                    "withdrawal_id": "w3",
                    "state": "paying",
                    "amount": "30000",
                    "requested_at": "2026-04-28T04:06:00Z",
                },
                {
                    "withdrawal_id": "w2",
                    "state": "paid",
                    "amount": "20000",
                    "requested_at": "2026-04-01T00:00:00Z",
                },
            ],
            "next": None,
        },
        asks=LIST,
    ),
    "GET /api/v1/messages": Example(
        200,
        {
            "items": [
                {
                    "message_id": "m2",
                    "subject": "환영합니다",
                    "body": "첫 입금 보너스를 확인하세요.",
                    "sent_at": "2026-04-28T01:00:00Z",
                    "read_at": None,
                },
                {
                    "message_id": "m1",
                    "subject": "점검 안내",
                    "body": "새벽 4시에 점검이 있습니다.",
                    "sent_at": "2026-04-27T01:00:00Z",
                    "read_at": "2026-04-27T02:00:00Z",
                },
            ],
            "next": None,
        },
        asks=LIST,
    ),
    "POST /api/v1/messages/{message_id}/read": Example(200, {"message_id": "m2"}),
    "POST /api/v1/inquiries": Example(201, {"inquiry_id": "q1", "status": "open"}, "subject! body!"),
    "GET /api/v1/inquiries": Example(
        200,
        {
            "items": [
                {
                    "inquiry_id": "q1",
                    "subject": "출금 문의",
                    "status": "open",
                    "opened_at": "2026-04-28T03:00:00Z",
                },
                {
                    "inquiry_id": "q0",
                    "subject": "가입 문의",
                    "status": "closed",
                    "opened_at": "2026-04-01T03:00:00Z",
                },
            ],
            "next": None,
        },
        asks=LIST,
    ),
    "GET /api/v1/notices": Example(
        200,
        {
            "items": [
                {
                    "notice_id": "n1",
                    "title": "이벤트",
                    "body": "5월 이벤트",
                    "published_at": "2026-04-26T03:00:00Z",
                }
            ],
            "next": None,
        },
        asks=LIST,
        open=True,
    ),
    "GET /api/v1/games": Example(
        200,
        {
            "items": [
                {
                    "game_id": "dice",
                    "name": "주사위",
                    "category": "slot",
                    "integration": "softswiss",
                    "image": "/d.png",
                },
                {
                    "game_id": "bac",
                    "name": "바카라",
                    "category": "live",
                    "integration": "hub88",
                    "image": None,
                },
            ],
            "next": None,
        },
        asks=f"category {LIST}",
        open=True,
    ),
    "POST /api/v1/games/{game_id}/launch": Example(
        200,
        {"url": "https://games.example/dice?s=abc", "token": "abc", "expires_at": "2026-04-28T08:05:00Z"},
        "currency! language lobby_url",
    ),
}


def schema_of(document: Any) -> dict[str, Any]:
    """JSON Schema of what has the form of this document."""
    if isinstance(document, dict):
        return {"type": "object", "properties": {name: schema_of(part) for name, part in document.items()}}
    if isinstance(document, list):
        fields: dict[str, Any] = {}
        for part in document:
            fields |= part
        return {"type": "array", "items": schema_of(fields)}
    return {"type": "string"}
