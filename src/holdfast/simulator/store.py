"""The simulator's account on disk: SQLite, one transaction for each command and each instant, fsynced.

It keeps events, not prices: those come from the price source again.
"""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from holdfast.domain.errors import Fatal, UsageError
from holdfast.exchange.activity import Activity
from holdfast.exchange.exchange import Exchange
from holdfast.exchange.ledger import Holding
from holdfast.exchange.order import Fill, Intent, Order
from holdfast.exchange.standing import Standing

FILE_NAME = "account.sqlite"
_SCHEMA_VERSION = "2"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS orders (sequence INTEGER PRIMARY KEY, client_order_id TEXT UNIQUE, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS fill (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS holding (symbol TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS activity (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
"""
_ORDER = TypeAdapter(Order)
_FILL = TypeAdapter(Fill)
_HOLDING = TypeAdapter(Holding)
_ACTIVITY = TypeAdapter(Activity)
_STANDING = TypeAdapter(Standing)


@dataclass(frozen=True, slots=True)
class SavedAccount:
    """Everything the disk knows of an account; `facts` holds the single values by name."""

    facts: dict[str, str]
    orders: list[Order]
    fills: list[Fill]
    holdings: dict[str, Holding]
    activities: list[Activity]
    standing: Standing


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
        """Read the account; None if the folder has none yet.

        Raises:
            UsageError: a newer version of the simulator has written it.
        """
        read = self._database.execute
        facts = dict(read("SELECT name, value FROM fact"))
        if "account_id" not in facts:
            return None
        self._upgrade(facts["schema_version"])
        return SavedAccount(
            facts=facts,
            orders=[_ORDER.validate_json(body) for (body,) in read("SELECT body FROM orders ORDER BY sequence")],
            fills=[_FILL.validate_json(body) for (body,) in read("SELECT body FROM fill ORDER BY number")],
            holdings={
                symbol: _HOLDING.validate_json(body) for symbol, body in read("SELECT symbol, body FROM holding")
            },
            activities=[_ACTIVITY.validate_json(body) for (body,) in read("SELECT body FROM activity ORDER BY number")],
            standing=_STANDING.validate_json(facts["standing"]) if "standing" in facts else Standing(),
        )

    def _upgrade(self, version: str) -> None:
        if int(version) > int(_SCHEMA_VERSION):
            raise UsageError(
                f"the simulator's account in {self.folder} was written by a newer version: upgrade Holdfast, "
                f"or use --new-account to start over (the old account is kept)"
            )
        if version == "1":
            # The first version knew long positions only, and no queue that outlasts a day.
            with self._transaction():
                self._database.execute(
                    "UPDATE orders SET body = json_set(body, '$.routes_at', json_extract(body, '$.submitted_at'), "
                    "'$.intent', CASE json_extract(body, '$.request.side') WHEN 'buy' THEN ? ELSE ? END)",
                    (Intent.BUY_TO_OPEN.value, Intent.SELL_TO_CLOSE.value),
                )
                self._put_facts({"schema_version": _SCHEMA_VERSION})

    def create(self, facts: dict[str, str], standing: Standing | None = None) -> None:
        """Write the first facts of a new account, and how it stands with the exchange."""
        first = {"schema_version": _SCHEMA_VERSION, "standing": standing_text(standing or Standing())}
        with self._transaction():
            self._put_facts({**first, **facts})

    def start_over(self, facts: dict[str, str], now: datetime) -> Path:
        """Keep a copy of the account and empty it, in one step; return the folder of the copy."""
        target = _archive_folder(self.folder, now)
        self._database.execute("VACUUM INTO ?", (str(target / FILE_NAME),))
        with self._transaction():
            for table in ("orders", "fill", "holding", "activity"):
                self._database.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
            self._put_facts(facts)
        return target

    def remember(self, facts: dict[str, str]) -> None:
        """Write single values by themselves."""
        with self._transaction():
            self._put_facts(facts)

    def save(self, exchange: Exchange, facts: dict[str, str]) -> None:
        """Write what has changed in the exchange since the last time, and `facts`: all or nothing, durably."""
        books = exchange.books
        changes = books.take_changes()
        counts = {"cash": str(books.ledger.cash), "id_count": str(books.ids.count)}
        with self._transaction():
            self._put_facts({**facts, **counts, "standing": standing_text(exchange.standing)})
            self._database.executemany(
                "INSERT INTO orders VALUES (?, ?, ?) ON CONFLICT (sequence) DO UPDATE SET body = excluded.body",
                [(order.sequence, order.client_order_id, _ORDER.dump_json(order)) for order in changes.orders.values()],
            )
            self._append("fill", [_FILL.dump_json(fill) for fill in changes.fills])
            self._append("activity", [_ACTIVITY.dump_json(entry) for entry in changes.activities])
            self._database.executemany(
                "INSERT OR REPLACE INTO holding VALUES (?, ?)",
                [(symbol, _HOLDING.dump_json(books.ledger.holdings[symbol])) for symbol in sorted(changes.symbols)],
            )

    def _append(self, table: str, bodies: list[bytes]) -> None:
        self._database.executemany(f"INSERT INTO {table} (body) VALUES (?)", [(body,) for body in bodies])  # noqa: S608 - our own names

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


def standing_text(standing: Standing) -> str:
    """Write how an account stands; the same standing is always the same text."""
    in_order = {name: sorted(getattr(standing, name)) for name in ("halted", "delisted")}
    return json.dumps({**_STANDING.dump_python(standing, mode="json"), **in_order})


def reloaded(store: AccountStore) -> SavedAccount:
    """Return the account that must be there."""
    account = store.load()
    if account is None:
        raise Fatal(f"the simulator's account in {store.folder} cannot be read back")
    return account


def set_aside(folder: Path, now: datetime) -> Path | None:
    """Move an account's files to ``<folder>/archive/<time>``; return where, or None if there were none."""
    files = [folder / (FILE_NAME + ending) for ending in ("", "-wal", "-shm")]
    present = [path for path in files if path.exists()]
    if not present:
        return None
    target = _archive_folder(folder, now)
    for path in present:
        shutil.move(path, target / path.name)
    return target


def _archive_folder(folder: Path, now: datetime) -> Path:
    target = folder / "archive" / f"{now:%Y%m%dT%H%M%S%f}"
    target.mkdir(parents=True)
    return target
