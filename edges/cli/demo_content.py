"""What the demo brand is like: its settings, games, banks, and a notice. Every step can be repeated."""

from datetime import datetime
from typing import Any, Final

from contracts.commands.brand import ChangeBrandSettings
from contracts.ids import command_id
from contracts.money import currency_of, parse_amount
from edges.api.parts import ApiParts
from edges.content import banks, game_categories, games, notices
from edges.content.banks import Bank
from edges.content.game_categories import GameCategory
from edges.content.games import Game
from edges.content.notices import Notice
from edges.tenancy import in_brand

ORIGIN: Final = "demo"
DOMAIN: Final = "demo.localhost"
ACCOUNT: Final = "main"
LAUNCH_URL: Final = "https://{provider}.example/play?game={{game}}&token={{token}}&currency={{currency}}&language={{language}}"

_LIMITS: Final = {
    "deposit_min": "10.00",
    "deposit_max": "5000.00",
    "withdrawal_min": "10.00",
    "withdrawal_max": "2000.00",
    "withdrawal_daily_max": "5000.00",
    "withdrawal_second_approval": "100.00",
}
_CATEGORIES: Final = {"slots": "Slots", "tables": "Tables", "lobby": "Lobby"}
_GAMES: Final = (
    # id, name, category, integration, whether it is a lobby
    ("dragon-coins", "Dragon Coins", "slots", "softswiss", False),
    ("lucky-cash", "Lucky Cash", "slots", "softswiss", False),
    ("demo-table", "Demo Table", "tables", "hub88", False),
    ("live-lobby", "Live Lobby", "lobby", "hub88", True),
)
_BANKS: Final = {"first-demo": "First Demo Bank", "second-demo": "Second Demo Bank"}


def settings(currencies: tuple[str, ...]) -> dict[str, Any]:
    """As the log holds them: amounts are ledger units."""
    limits = {
        name: {code: parse_amount(amount, currency_of(code)) for code in currencies}
        for name, amount in _LIMITS.items()
    }
    return {
        "domains": [DOMAIN],
        "time_zone": "Europe/Malta",
        "languages": ["en", "de"],
        "deposit_accounts": [
            {
                "account_id": ACCOUNT if code == currencies[0] else f"{ACCOUNT}-{code.lower()}",
                "bank": "First Demo Bank",
                "number": f"DEMO 0000 0000 {number:04}",
                "holder": "Demo Gaming Ltd",
                "currency": code,
            }
            for number, code in enumerate(currencies, 1)
        ],
        "support_contact": f"support@{DOMAIN}",
        "dialects": ["web_server"],
        **limits,
    }


async def furnish(parts: ApiParts, brand_id: str, currencies: tuple[str, ...]) -> None:
    """Settings and content, where they are not there yet."""
    await parts.ledger.brand(brand_id).execute(
        ChangeBrandSettings(
            command_id=command_id(ORIGIN, "settings"),
            settings=settings(currencies),
            reason="a demo to look at",
            actor=ORIGIN,
        )
    )
    now = parts.now()
    async with in_brand(parts.pool, brand_id) as connection:
        for order, (category_id, name) in enumerate(_CATEGORIES.items()):
            category = GameCategory(category_id, {"en": name}, True, order, ORIGIN, now)
            await game_categories.add(connection, brand_id, category)
        for order in range(len(_GAMES)):
            await games.add(connection, brand_id, _game(order, now))
        for order, (bank_id, name) in enumerate(_BANKS.items()):
            await banks.add(connection, brand_id, Bank(bank_id, name, "MT", True, order, ORIGIN, now))
        await notices.add(connection, brand_id, _notice(now))


def _game(order: int, now: datetime) -> Game:
    game_id, name, category, integration, lobby = _GAMES[order]
    return Game(
        game_id=game_id,
        integration=integration,
        game_code=game_id,
        category=category,
        names={"en": name},
        image="",
        launch_url=LAUNCH_URL.format(provider=integration),
        lobby=lobby,
        enabled=True,
        sort_order=order,
        tags=[],
        changed_by=ORIGIN,
        changed_at=now,
    )


def _notice(now: datetime) -> Notice:
    return Notice(
        notice_id="welcome",
        title="Welcome to the demo",
        body="All money here is play money.",
        audience="everybody",
        language="en",
        pinned=True,
        published_from=now,
        published_until=None,
        changed_by=ORIGIN,
        changed_at=now,
    )
