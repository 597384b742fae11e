"""The simulator's account on disk: SQLite, one transaction for each command and each instant, fsynced.

It keeps events, not prices: those come from the price source again.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from holdfast.exchange.exchange import Exchange
from holdfast.exchange.ledger import Holding
from holdfast.exchange.order import Fill, Order, OrderEvent

FILE_NAME = "account.sqlite"
_SCHEMA_VERSION = "1"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS orders (sequence INTEGER PRIMARY KEY, client_order_id TEXT UNIQUE, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS fill (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS holding (symbol TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
"""
_ORDER = TypeAdapter(Order)
_FILL = TypeAdapter(Fill)
_HOLDING = TypeAdapter(Holding)


@dataclass(frozen=True, slots=True)
class SavedAccount:
    """Everything the disk knows of an account; `facts` holds the single values by name."""

    facts: dict[str, str]
    orders: list[Order]
    fills: list[Fill]
    holdings: dict[str, Holding]


class AccountStore:
    """The database of one account in `folder`, which is made if it is missing."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        # The simulator's thread is the only user; it is not the thread that opens the file.
        self._database = sqlite3.connect(folder / FILE_NAME, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(_SCHEMA)

    def load(self) -> SavedAccount | None:
        """Read the account; None if the folder has none yet."""
        read = self._database.execute
        facts = dict(read("SELECT name, value FROM fact"))
        if "account_id" not in facts:
            return None
        return SavedAccount(
            facts=facts,
            orders=[_ORDER.validate_json(body) for (body,) in read("SELECT body FROM orders ORDER BY sequence")],
            fills=[_FILL.validate_json(body) for (body,) in read("SELECT body FROM fill ORDER BY number")],
            holdings={
                symbol: _HOLDING.validate_json(body) for symbol, body in read("SELECT symbol, body FROM holding")
            },
        )

    def create(self, facts: dict[str, str]) -> None:
        """Write the first facts of a new account."""
        with self._transaction():
            self._put_facts({"schema_version": _SCHEMA_VERSION, **facts})

    def remember(self, facts: dict[str, str]) -> None:
        """Write single values by themselves."""
        with self._transaction():
            self._put_facts(facts)

    def save(self, exchange: Exchange, events: list[OrderEvent], facts: dict[str, str]) -> None:
        """Write what `events` changed, the cash, the id counter and `facts`, all or nothing, durably."""
        orders = {event.order.id: event.order for event in events}.values()
        fills = [event.fill for event in events if event.fill]
        holdings = {fill.symbol: exchange.ledger.holdings[fill.symbol] for fill in fills}
        with self._transaction():
            self._put_facts({**facts, "cash": str(exchange.ledger.cash), "id_count": str(exchange.ids.count)})
            self._database.executemany(
                "INSERT INTO orders VALUES (?, ?, ?) ON CONFLICT (sequence) DO UPDATE SET body = excluded.body",
                [(order.sequence, order.client_order_id, _ORDER.dump_json(order)) for order in orders],
            )
            self._database.executemany("INSERT INTO fill (body) VALUES (?)", [(_FILL.dump_json(f),) for f in fills])
            self._database.executemany(
                "INSERT OR REPLACE INTO holding VALUES (?, ?)",
                [(symbol, _HOLDING.dump_json(holding)) for symbol, holding in holdings.items()],
            )

    def close(self) -> None:
        """Close the database; what was saved stays."""
        self._database.close()

    def _put_facts(self, facts: dict[str, str]) -> None:
        self._database.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", facts.items())

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")


def set_aside(folder: Path, now: datetime) -> Path | None:
    """Move an account's files to ``<folder>/archive/<time>``; return where, or None if there were none."""
    files = [folder / (FILE_NAME + ending) for ending in ("", "-wal", "-shm")]
    present = [path for path in files if path.exists()]
    if not present:
        return None
    target = folder / "archive" / f"{now:%Y%m%dT%H%M%S%f}"
    target.mkdir(parents=True)
    for path in present:
        shutil.move(path, target / path.name)
    return target
