"""Writing a brand's log in tests: by commands, decided as the ledger does, or event by event, wrong ones too."""

import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import psycopg

from contracts import codec
from contracts.brand_settings import BrandSettings, DepositAccount, applied
from contracts.commands import wallet as c
from contracts.commands.brand import BrandCommand
from contracts.commands.player import PlayerCommand
from contracts.events.brand import BrandCreated
from contracts.ids import BRAND_AGGREGATE_ID, void_id, wallet_id
from contracts.refusals import Refused
from ledger import brand, chain, player
from ledger.brand import Brand
from ledger.wallet import Wallet, evolve
from ledger.wallet_decisions import decide
from ledger.wallet_rules import NOTHING, Context, Decision, Reference, ReferenceNeeded
from ledger.wallet_transfers import paired_transfers
from projections.feed import Recorded, moment_of

INSERT = """
insert into events (brand_id, position, aggregate_id, version, type, recorded_at, payload, command_id, hash)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

START_US = 1_750_000_000_000_000
CURRENCIES = ("EUR", "JPY", "BTC")
ACCOUNTS = tuple(
    DepositAccount(account_id=f"in-{code}", bank="Bank", number="1", holder="House", currency=code)
    for code in CURRENCIES
)
SETTINGS = BrandSettings(currencies=CURRENCIES, deposit_accounts=ACCOUNTS)
ALICE = wallet_id("alice", "EUR")
BOB = wallet_id("bob", "JPY")


class BrandLog:
    """One brand's log. Every append is one transaction, recorded a second after the one before."""

    def __init__(self, conninfo: str, brand_id: str) -> None:
        self.brand_id = brand_id
        self.events: list[Recorded] = []
        """Everything appended by commands or as events, in order."""
        self.wallets: dict[str, Wallet] = {}
        self.players: dict[str, player.Player] = {}
        self._versions: dict[str, int] = {}
        self._claimed: dict[str, Recorded] = {}
        self._context = Context(Brand(brand_id=brand_id, settings=SETTINGS))
        self._conninfo = conninfo
        self.connect()
        self._hash = chain.genesis(brand_id)
        self._now_us = START_US
        self.position = 0

    @property
    def brand(self) -> Brand:
        """The brand that commands are decided for."""
        return self._context.brand

    def connect(self) -> None:
        """Begins a new session: the first, or after the server was killed."""
        self._connection = psycopg.connect(
            self._conninfo, autocommit=True, options=f"-c tongbo.brand_id={self.brand_id}"
        )

    def close(self) -> None:
        self._connection.close()

    def create(self) -> None:
        """The brand's first event."""
        self.record(
            (BRAND_AGGREGATE_ID, BrandCreated(brand_id=self.brand_id, name="B", currencies=CURRENCIES))
        )

    def wait(self, **duration: float) -> None:
        """Lets time pass before the next append; ``duration`` as in ``timedelta``."""
        self._now_us += int(timedelta(**duration).total_seconds()) * 1_000_000

    def set_settings(self, **changes: Any) -> None:
        """Lets commands be decided under other settings; leaves no event."""
        self._context = Context(Brand(brand_id=self.brand_id, settings=applied(SETTINGS, changes)))

    def open(self, *wallet_ids: str, cash: int = 0) -> None:
        """Opens wallets, and deposits the cash into each."""
        for wallet in wallet_ids:
            self.play(c.OpenWallet(wallet_id=wallet, command_id=f"open/{wallet}"))
            if cash:
                self.play(
                    c.Deposit(
                        wallet_id=wallet,
                        command_id=f"first/{wallet}",
                        amount=cash,
                        method="card",
                        reference="ref-1",
                    )
                )

    def play(self, *commands: c.WalletCommand) -> None:
        """Decides each command and appends its events; refused and repeated ones leave none."""
        for command in commands:
            if command.command_id in self._claimed:
                continue
            with contextlib.suppress(Refused):
                self._append(self._change(command.wallet_id, self._decide(command)))

    def ask(self, *commands: BrandCommand | PlayerCommand) -> None:
        """The same for what is asked of the brand and of players."""
        for command in commands:
            if command.command_id in self._claimed:
                continue
            with contextlib.suppress(Refused):
                if isinstance(command, PlayerCommand):
                    known = self.players.get(command.player_id)
                    event = player.decide(known, command)
                    self.players[command.player_id] = player.evolve(known, event)
                else:
                    ((event, _),) = brand.decide(self._context.brand, self.brand_id, command)
                    after = brand.evolve(self._context.brand, event, self.brand_id)
                    self._context = self._context._replace(brand=after)
                self._append([(command.aggregate_id, event, command.command_id)])

    def transfer(self, source: str, to: str, amount: int, transfer_id: str) -> None:
        """Appends both halves of a transfer in one transaction, or nothing if it is refused."""
        halves = c.transfer(source, to, amount, transfer_id=transfer_id, command_id=f"transfer/{transfer_id}")
        if halves[0].command_id in self._claimed:
            return
        paired = paired_transfers(halves)
        with contextlib.suppress(Refused):
            decided = [(half.wallet_id, self._decide(half, paired)) for half in halves]
            self._append([event for wallet, decision in decided for event in self._change(wallet, decision)])

    def record(self, *events: tuple[str, Any], command_id: str | None = None) -> int:
        """Appends events as they are, whether or not they make sense; returns the last position."""
        self._append([(aggregate, event, command_id or "") for aggregate, event in events])
        return self.position

    def claimed(self, command_id: str) -> Recorded:
        """The event that claimed a command id."""
        return self._claimed[command_id]

    def record_bytes(self, aggregate_id: str, type_name: str, payload: bytes) -> int:
        """Appends what may not even be an event; returns its position."""
        self._insert([(aggregate_id, type_name, payload, "")])
        return self.position

    def _change(self, wallet_id: str, decision: Decision) -> list[tuple[str, Any, str]]:
        for event, command_id in decision:
            self.wallets[wallet_id] = evolve(self.wallets.get(wallet_id), event, wallet_id, command_id)
        return [(wallet_id, event, command_id) for event, command_id in decision]

    def _decide(self, command: c.WalletCommand, paired: frozenset[str] = NOTHING) -> Decision:
        references: dict[str, Reference] = {}
        while True:
            try:
                context = self._context._replace(references=references, paired=paired)
                return decide(self.wallets.get(command.wallet_id), command, context)
            except ReferenceNeeded as needed:
                known = self._claimed.get(needed.reference)
                references[needed.reference] = Reference(
                    wallet_id=known.aggregate_id if known else "",
                    event=known.event if known else None,
                    rolled_back=void_id(needed.reference) in self._claimed,
                )

    def _append(self, events: Sequence[tuple[str, Any, str]]) -> None:
        rows = [
            (aggregate, codec.TYPE_NAMES[type(e)], codec.encode(e), claim) for aggregate, e, claim in events
        ]
        for row, (_, event, _) in zip(self._insert(rows), events, strict=True):
            _, position, aggregate_id, version, type_name, _, _, command_id, _ = row
            recorded = Recorded(position, aggregate_id, version, type_name, self._now_us, event, command_id)
            self.events.append(recorded)
            self._claimed[command_id] = recorded

    def _insert(self, events: Sequence[tuple[str, str, bytes, str]]) -> list[tuple[Any, ...]]:
        self._now_us += 1_000_000
        rows = []
        for aggregate_id, type_name, payload, claim in events:
            self.position += 1
            command_id = claim or f"test/{self.position}"
            version = self._next_version(aggregate_id)
            self._hash = chain.link(
                self._hash,
                self.position,
                aggregate_id.encode(),
                version,
                type_name.encode(),
                self._now_us,
                payload,
                command_id.encode(),
            )
            place = (self.brand_id, self.position, aggregate_id, version)
            rows.append((*place, type_name, moment_of(self._now_us), payload, command_id, self._hash))
        with self._connection.cursor() as cursor, self._connection.transaction():
            cursor.executemany(INSERT, rows)
        return rows

    def _next_version(self, aggregate_id: str) -> int:
        version = self._versions[aggregate_id] = self._versions.get(aggregate_id, 0) + 1
        return version


def bet(wallet: str, key: str, amount: int = 100, round_id: str = "r1", **fields: Any) -> c.PlaceBet:
    return c.PlaceBet(
        wallet_id=wallet,
        command_id=f"acme/{key}",
        integration="acme",
        round_id=round_id,
        game_id="dice",
        amount=amount,
        **fields,
    )


def win(wallet: str, key: str, amount: int = 100, round_id: str = "r1", **fields: Any) -> c.CreditWin:
    return c.CreditWin(
        wallet_id=wallet,
        command_id=f"acme/{key}",
        integration="acme",
        round_id=round_id,
        game_id="dice",
        amount=amount,
        **fields,
    )


def roll_back(wallet: str, key: str, reference: str, round_id: str = "r1") -> c.RollBack:
    return c.RollBack(
        wallet_id=wallet,
        command_id=f"acme/{key}",
        reference=f"acme/{reference}",
        integration="acme",
        round_id=round_id,
        game_id="dice",
    )


def close_round(wallet: str, key: str, round_id: str = "r1") -> c.CloseRound:
    return c.CloseRound(wallet_id=wallet, command_id=f"acme/{key}", integration="acme", round_id=round_id)


async def brand_session(conninfo: str, brand_id: str) -> psycopg.AsyncConnection[Any]:
    """A session bound to the brand, as every reader of the read models has it."""
    return await psycopg.AsyncConnection.connect(
        conninfo, autocommit=True, options=f"-c tongbo.brand_id={brand_id}"
    )
