"""What a legacy web_server and a client of it said to each other, about a member whose life the test makes the same."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

HOST: Final = "legacy.example"
LOGIN: Final = "kim01"
PASSWORD: Final = "a horse under the stairs"
NEW_PASSWORD: Final = "two horses under the stairs"
TOKEN: Final = "0f5c2d1e-recorded-session"
ASKED: Final = "2026-04-28 13:05:00"
"""Every moment of the recording: the rules say what it may be now."""

RULES: Final = """
[all]
headers = ["content-type"]

[all.pattern]
"**.reg_date" = "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}$"
"**.send_date" = "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}$"
"**.expire_date" = "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}$"
"**.last_login" = "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}$"
"**.join_date" = "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}$"
"**.mb_no" = "^p[a-z0-9]{24}$"
"**.deposit_no" = "^[a-z0-9]{24}$"
"**.withdraw_no" = "^[a-z0-9]{24}$"
"**.message_no" = "^[a-z0-9]{24}$"
"**.inquiry_no" = "^[a-z0-9]{24}$"
"**.notice_no" = "^[a-z0-9]{24}$"

[[routes]]
route = "POST /login"
capture = { session = "data.token" }

[[routes]]
route = "GET /money_list"
pattern = { "data.list.*.no" = "^[0-9]+$", "data.list.2.memo" = "^[a-z0-9]{24}$" }

[[routes]]
route = "POST /deposit"
capture = { deposit = { from = "data.deposit_no", to = ["deposit_no"] } }

[[routes]]
route = "GET /message_list"
capture = { message = { from = "data.list.*.message_no", to = ["message_no"] } }

[[routes]]
route = "GET /game_list"
set = ["data.list"]

[[routes]]
route = "POST /game_start"
[routes.pattern]
"data.token" = "^[A-Za-z0-9_-]{32}$"
"data.game_url" = "^https://games.example/[?]t=[A-Za-z0-9_-]{32}&c=KRW$"
"""


def write(path: Path, exchanges: Iterable[dict[str, Any]]) -> Path:
    """As NDJSON."""
    path.write_text("\n".join(json.dumps(one) for one in exchanges))
    return path


def said(
    method: str,
    path: str,
    fields: dict[str, Any] | None = None,
    *,
    data: Any = None,
    failed: tuple[int, str] | None = None,
    stranger: bool = False,
) -> dict[str, Any]:
    """One exchange: a form, or no body at all, and the old server's envelope around ``data``."""
    headers = {} if stranger else {"X-Auth-Token": TOKEN}
    body = None
    if method == "POST":
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(fields or {})
    code, message = failed or (0, "")
    envelope = {
        "result": "FAIL" if failed else "OK", "code": code, "message": message, "data": {} if data is None else data,
    }  # fmt: skip
    return {
        "request": {"method": method, "path": path, "headers": headers, "body": body},
        "response": {
            "status": 200,
            "headers": {"Content-Type": "application/json; charset=utf-8"},
            "body": envelope,
        },
    }


def page(*items: dict[str, Any], limit: int = 20) -> dict[str, Any]:
    """The only one of a list."""
    counts = {"page": 1, "limit": limit, "total_count": len(items), "total_page": 1 if items else 0}
    return {**counts, "list": list(items)}


NOT_LOGGED_IN: Final = (1000, "로그인이 필요합니다.")

JOINING: Final = (
    said(
        "POST",
        "/join",
        {
            "mb_id": LOGIN, "mb_password": PASSWORD, "mb_name": "김민수", "mb_hp": "010-1234-5678",
            "mb_birth": "19900131", "bank_name": "국민은행", "bank_account": "123456-78-901234",
            "bank_holder": "김민수", "partner_code": "PARTNER7",
        },
        data={"mb_no": "k1", "mb_id": LOGIN, "mb_status": "Y"},
        stranger=True,
    ),
    said(
        "POST",
        "/join",
        {"mb_id": LOGIN, "mb_password": PASSWORD, "mb_name": "박서준", "mb_hp": "010-9999-9999"},
        failed=(2101, "이미 사용 중인 아이디입니다."),
        stranger=True,
    ),
    said(
        "POST",
        "/join",
        {"mb_id": "kim02", "mb_password": PASSWORD, "mb_hp": "010-1234-5678"},
        failed=(1001, "입력값을 확인해 주세요. mb_name"),
        stranger=True,
    ),
    said("GET", "/my_info", failed=NOT_LOGGED_IN, stranger=True),
)  # fmt: skip
"""Before the member has any money."""

LIVING: Final = (
    said(
        "POST", "/login", {"mb_id": LOGIN, "mb_password": "wrong"},
        failed=(2001, "아이디 또는 비밀번호가 올바르지 않습니다."), stranger=True,
    ),
    said(
        "POST",
        "/login",
        {"mb_id": LOGIN, "mb_password": PASSWORD},
        data={
            "token": TOKEN, "mb_no": "k1", "mb_id": LOGIN, "mb_name": "김민수", "money": "1,249,567",
            "last_login": ASKED,
        },
        stranger=True,
    ),
    said("POST", "/session_check", data={"mb_no": "k1", "mb_id": LOGIN, "login_yn": "Y"}),
    said(
        "GET",
        "/my_info",
        data={
            "mb_no": "k1", "mb_id": LOGIN, "mb_status": "Y", "mb_name": "김민수", "mb_hp": "01012345678",
            "mb_email": "", "mb_birth": "19900131", "bank_name": "국민은행", "bank_account": "12345678901234",
            "bank_holder": "김민수", "money": "1,249,567", "bonus": "0", "join_date": ASKED, "last_login": ASKED,
        },
    ),
    said(
        "POST", "/money",
        data={"money": "1,249,567", "bonus": "0", "hold_money": "0", "withdraw_money": "1,249,567"},
    ),
    said(
        "GET",
        "/money_list?page=1&limit=10",
        data=page(
            *(
                {
                    "no": number, "type": kind, "money": money, "hold_money": "0", "balance": balance, "memo": memo,
                    "reg_date": ASKED,
                }
                for number, kind, money, balance, memo in (
                    (913, "WIN", "25,000", "1,249,567", ""),
                    (912, "BET", "-10,000", "1,224,567", ""),
                    (911, "DEPOSIT", "1,234,567", "1,234,567", "d6"),
                )
            ),
            limit=10,
        ),
    ),
    said(
        "GET",
        "/betting_list",
        data=page(
            {
                "round_no": "r-77", "vendor": "softswiss", "game": "dice", "status": "W", "bet_money": "10,000",
                "win_money": "25,000", "reg_date": ASKED,
            }
        ),
    ),
    said("POST", "/betting_list", {"page": "0"}, failed=(1001, "입력값을 확인해 주세요. page")),
    said(
        "GET",
        "/bank_list",
        data={
            "list": [
                {
                    "bank_no": "main", "bank_name": "신한은행", "bank_account": "110-222-333333",
                    "bank_holder": "통보", "min_money": "10,000", "max_money": "0",
                }
            ]
        },
    ),
    said(
        "POST",
        "/deposit",
        {"money": "100,000", "bank_no": "main", "depositor_name": "김민수", "order_no": "1"},
        data={"deposit_no": "d7", "status": "W", "money": "100,000", "reg_date": ASKED, "expire_date": ASKED},
    ),
    said(
        "POST",
        "/deposit",
        {"money": "5,000", "bank_no": "main", "depositor_name": "김민수", "order_no": "2"},
        failed=(3002, "신청 가능한 금액이 아닙니다."),
    ),
    said(
        "GET",
        "/deposit_list",
        data=page(
            {"deposit_no": "d7", "status": "W", "money": "100,000", "reg_date": ASKED},
            {"deposit_no": "d6", "status": "Y", "money": "1,234,567", "reg_date": ASKED},
        ),
    ),
    said("POST", "/deposit_cancel", {"deposit_no": "d7"}),
    said(
        "POST",
        "/withdraw",
        {"money": "30,000", "order_no": "3"},
        data={"withdraw_no": "w3", "status": "W", "money": "30,000", "reg_date": ASKED},
    ),
    said(
        "POST",
        "/withdraw",
        {"money": "1,219,568", "order_no": "4"},
        failed=(3001, "보유금액이 부족합니다."),
    ),
    said(
        "GET",
        "/withdraw_list",
        data=page({"withdraw_no": "w3", "status": "W", "money": "30,000", "reg_date": ASKED}),
    ),
    said(
        "GET", "/money",
        data={"money": "1,219,567", "bonus": "0", "hold_money": "30,000", "withdraw_money": "1,219,567"},
    ),
    said(
        "GET",
        "/message_list",
        data=page(
            {"message_no": "m2", "title": "환영합니다", "content": "첫 입금", "read_yn": "N", "send_date": ASKED}
        ),
    ),
    said("POST", "/message_read", {"message_no": "m2"}),
    said(
        "GET",
        "/message_list",
        data=page(
            {"message_no": "m2", "title": "환영합니다", "content": "첫 입금", "read_yn": "Y", "send_date": ASKED}
        ),
    ),
    said(
        "POST", "/inquiry_write", {"title": "출금 문의", "content": "언제 출금되나요?"}, data={"inquiry_no": "q1"}
    ),
    said(
        "GET",
        "/inquiry_list",
        data=page({"inquiry_no": "q1", "title": "출금 문의", "status": "W", "reg_date": ASKED}),
    ),
    said(
        "GET",
        "/notice_list",
        data={
            "page": 1,
            "total_page": 1,
            "list": [{"notice_no": "n1", "title": "이벤트", "content": "5월 이벤트", "reg_date": ASKED}],
        },
        stranger=True,
    ),
    said(
        "GET",
        "/game_list?category=all",
        data={
            "total_count": 2,
            "total_page": 1,
            "list": [
                {"game_no": "table", "game_name": "Table", "category": "all", "vendor": "hub88", "image": ""},
                {"game_no": "dice", "game_name": "Dice", "category": "all", "vendor": "softswiss", "image": ""},
            ],
        },
        stranger=True,
    ),
    said(
        "POST",
        "/game_start",
        {"game_no": "dice"},
        data={"game_url": "https://games.example/?t=abc&c=KRW", "token": "abc", "expire_date": ASKED},
    ),
    said("POST", "/game_start", {"game_no": "none"}, failed=(4001, "이용할 수 없는 게임입니다.")),
    said("POST", "/password_change", {"mb_password": PASSWORD, "new_password": NEW_PASSWORD}),
    said("POST", "/session_check", data={"mb_no": "k1", "mb_id": LOGIN, "login_yn": "Y"}),
    said("POST", "/logout"),
    said("POST", "/money", failed=NOT_LOGGED_IN),
)  # fmt: skip
"""With a deposit credited, a round played, a message and a notice."""
