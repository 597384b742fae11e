"""What must be true, seen from outside: the broker's orders and books, and the bytes of the files.

Nothing here asks the bot. The numbers are those of the design's invariants.
"""

import hashlib
import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self

from campaigns.kills.scenarios import REST, REST_HOLDS, Scenario
from campaigns.kills.world import World

ZERO, HALF_A_CENT = Decimal(0), Decimal("0.005")
WORKING = frozenset({"new", "accepted", "pending_new", "partially_filled", "pending_cancel", "held"})
SETTLED = frozenset({"filled", "canceled", "expired", "rejected", "done_for_day", "absent", "replaced"})
OURS = "hf."
Order = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the world showed at one moment: the broker's orders, oldest first, and each symbol's file.

    `staged` are versions that were being written, `broken` says why a file is no whole version.
    """

    orders: Sequence[Order]
    files: Mapping[str, bytes]
    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)
    staged: Mapping[str, bytes] = field(default_factory=dict)

    def of(self, symbol: str) -> list[Order]:
        """Return our own orders of a symbol."""
        return [row for row in self.orders if row["symbol"] == symbol and row["client_order_id"].startswith(OURS)]


def look(world: World) -> Seen:
    """Look at the orders and at the files; a bot that runs meanwhile would be seen half way."""
    files, documents, broken = world.files(), {}, {}
    for symbol, content in files.items():
        try:
            documents[symbol] = _document(content)
        except ValueError as error:
            broken[symbol] = str(error)
    return Seen(world.orders(), files, documents, broken, world.staged())


def _document(content: bytes) -> dict[str, Any]:
    document = json.loads(content)
    if not isinstance(document, dict):
        raise ValueError("it is no object")  # noqa: TRY004 - one kind of answer for all bad content
    rest = {key: value for key, value in document.items() if key != "checksum"}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    if document.get("checksum") != f"crc32:{zlib.crc32(canonical.encode()):08x}":
        raise ValueError("its checksum is wrong")
    return document


def at_the_kill(scenario: Scenario, before: Seen, now: Seen) -> Iterator[str]:
    """Say what is wrong at the moment of a kill, `before` being the beginning of that life.

    A damaged file that the bot has not got to yet is not its fault; one that it has written is.
    """
    for symbol, why in now.broken.items():
        if now.files[symbol] != before.files.get(symbol):
            yield f"I5: {symbol}.json is not a whole version: {why}"
    known = {row["client_order_id"] for row in before.orders}
    for row in now.orders:
        name, symbol = row["client_order_id"], row["symbol"]
        if name.startswith(OURS) and name not in known and _on_file(now, symbol, name) is None:
            yield f"I1: {name} is at the broker, and its intent is not on disk"
    for symbol, document in now.documents.items():
        if scenario.is_ours_alone and _managed(document) != _booked(document):
            yield f"I7: {symbol}.json holds {_managed(document)} and its orders' fills are {_booked(document)}"


def _on_file(seen: Seen, symbol: str, name: str) -> Order | None:
    orders: Sequence[Order] = seen.documents.get(symbol, {}).get("orders", ())
    return next((order for order in orders if order["client_order_id"] == name), None)


def _managed(document: Mapping[str, Any]) -> Decimal:
    return Decimal(document["position"]["quantity"])


def _booked(document: Mapping[str, Any]) -> Decimal:
    return sum(
        (Decimal(order["filled_quantity"]) * (1 if order["side"] == "buy" else -1) for order in document["orders"]),
        ZERO,
    )


@dataclass(frozen=True, slots=True)
class _Book:
    """What the simulator's books say of one symbol: shares, and USD earned with them."""

    quantity: Decimal = ZERO
    earned: Decimal = ZERO

    @classmethod
    def of(cls, row: Mapping[str, str]) -> Self:
        return cls(Decimal(row["quantity"]), Decimal(row["realized_pl"]))


def at_the_end(scenario: Scenario, world: World, now: Seen, half_sent: int) -> Iterator[str]:
    """Say what is wrong when the bot has lived to the market's end; `half_sent` kills came inside a POST."""
    status = world.ask("GET", "/_sim/status")
    yield from _once(scenario, now)
    yield from _sent_once(scenario, world, status, now, half_sent)
    yield from _never_too_much(scenario, now)
    books = {symbol: _Book.of(row) for symbol, row in status["books"]["symbols"].items()}
    for symbol in scenario.configured:
        yield from _true_file(scenario, symbol, now, books.get(symbol, _Book()))
    for symbol, allowed in scenario.ends.items():
        held = books.get(symbol, _Book()).quantity
        if allowed is not None and held not in allowed:
            yield f"{symbol}: ends with {held}, not {' or '.join(map(str, sorted(allowed)))}"
    yield from _untouched(now)
    if "Traceback" in world.said():
        yield "the bot told a traceback"


def _once(scenario: Scenario, now: Seen) -> Iterator[str]:
    """One order for each decision, one entry at a time (I4)."""
    for symbol in scenario.configured:
        decisions = Counter(row["client_order_id"].rpartition(".")[0] for row in now.of(symbol))
        for decision, count in decisions.items():
            if count > 1:
                yield f"I4: {count} orders for the decision {decision}"
        entries = [row for row in now.of(symbol) if row["side"] == "buy" and row["status"] in WORKING]
        if len(entries) > 1:
            yield f"I4: {symbol} has {len(entries)} entries working"


def _sent_once(scenario: Scenario, world: World, status: Mapping[str, Any], now: Seen, half_sent: int) -> Iterator[str]:
    """As many requests to order as orders, and as were kept from becoming one by a fault or a kill (I1)."""
    happened = world.ask("GET", "/_sim/faults")["happened"] if scenario.faults else ()
    kept = sum(1 for strike in happened if strike["kind"] == "answer_status")
    ours = sum(1 for row in now.orders if row["client_order_id"].startswith(OURS)) - world.orders_before
    sent = status["requests"].get("POST /v2/orders", 0)
    if not ours + kept <= sent <= ours + kept + half_sent:
        yield f"I1: {sent} requests to order, {ours} orders and {kept} kept away"


def _never_too_much(scenario: Scenario, now: Seen) -> Iterator[str]:
    """At no moment more than the configured quantity, and never less than nothing (I2, I3)."""
    held: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for row in now.orders:
        is_open = row["status"] in WORKING
        quantity = Decimal(row["qty"] if is_open else row["filled_qty"])
        held[row["symbol"]] += quantity if row["side"] == "buy" else -quantity
        most = scenario.configured.get(row["symbol"], 0)
        if not 0 <= held[row["symbol"]] <= most:
            yield f"I2: {row['client_order_id']} brings {row['symbol']} to {held[row['symbol']]}, of {most}"


def _true_file(scenario: Scenario, symbol: str, now: Seen, book: _Book) -> Iterator[str]:
    """The file is whole and says what the books say (I5, I8)."""
    document = now.documents.get(symbol)
    if document is None:
        yield f"I5: {symbol}.json is {now.broken.get(symbol, 'missing')}"
        return
    on_file = _managed(document) + Decimal(document["position"]["unmanaged_quantity"])
    if on_file != book.quantity or document["is_in_position"] is not (_managed(document) != 0):
        yield f"I8: {symbol}.json says {on_file}, the broker {book.quantity}"
    working = {row["client_order_id"] for row in now.of(symbol) if row["status"] in WORKING}
    unsettled = {order["client_order_id"] for order in document["orders"] if order["status"] not in SETTLED}
    if working != unsettled:
        yield f"I8: {symbol}.json has {sorted(unsettled)} open, the broker {sorted(working)}"
    earned = Decimal(document["position"]["realized_pl"])
    if scenario.is_ours_alone and abs(earned - book.earned) > HALF_A_CENT:
        yield f"I7: {symbol}.json has earned {earned}, the books say {book.earned}"


def _untouched(now: Seen) -> Iterator[str]:
    """What is nobody's business has one order, and still holds what it bought (I9)."""
    sides = [(row["side"], row["status"], row["filled_qty"]) for row in now.of(REST)]
    if sides != [("buy", "filled", str(REST_HOLDS))]:
        yield f"I9: {REST} was touched: {sides}"


def digest(seen: Seen) -> str:
    """Return one line for all files: twice the same means not one byte has changed."""
    return hashlib.sha256(b"\0".join(seen.files[name] for name in sorted(seen.files))).hexdigest()
