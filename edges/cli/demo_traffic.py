"""Traffic for the demo brand: its players at its two providers."""

from pathlib import Path
from typing import Final

from edges.cli.demo_credentials import Credentials, read_credentials
from edges.cli.reach import System
from edges.cli.session import create_session
from edges.provider.traffic import Player, Traffic

SESSION_S: Final = 12 * 3600


async def make_traffic(system: System, rate: float, seed: int | None = None) -> Traffic:
    """Traffic of the demo's players through both providers. Raises :class:`CommandRefused` without a demo brand."""
    credentials = read_credentials(system.settings.home)
    keys = _signing_keys(credentials)
    players = []
    for player in credentials.players:
        token = await create_session(
            system,
            credentials.brand,
            player,
            integration="hub88",
            game="demo-table",
            currency=credentials.currency,
            valid_for_s=SESSION_S,
        )
        players.append(Player(player, credentials.currency, token))
    return Traffic(system.url("provider"), credentials.brand, players, keys, rounds_per_s=rate, seed=seed)


def _signing_keys(credentials: Credentials) -> dict[str, bytes]:
    return {
        "softswiss": credentials.softswiss_secret.encode(),
        "hub88": Path(credentials.hub88_private_key).read_bytes(),
    }
