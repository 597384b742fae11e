"""What must be true after a day of faults, found out from the simulator's books, the files and the output.

Each finding is one line that begins with the letter of its rule: a never twice, b never what it does not own, c the
files agree in the end, d the others trade on, e it ends as documented and says why, f `status` tells.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from e2e.books import CENT, wanted
from e2e.faults.day import Day
from e2e.faults.market import QUANTITY, twin
from e2e.faults.table import Case
from e2e.harness import open_orders

Row = Mapping[str, Any]
Traded = list[tuple[str, ...]]
_ZERO = Decimal(0)
_WAITS = r"still waited|not explained: an order sent before the restart"


def is_ours(row: Row) -> bool:
    """Whether the bot sent the order."""
    return str(row["client_order_id"]).startswith("hf.")


def traded(day: Day, symbol: str) -> Traded:
    """Return the bot's orders of a symbol with everything that a fault elsewhere must not change."""
    return [_told(row, symbol) for row in day.simulator.orders(symbol) if is_ours(row)]


def _told(row: Row, symbol: str) -> tuple[str, ...]:
    # Within one instant the symbols may come in any order: the second is theirs, what is below it is not.
    name, second = row["client_order_id"].replace(f".{symbol}.", "."), row["submitted_at"][:19]
    return (name, second, row["side"], row["qty"], row["status"], row["filled_qty"], str(row["filled_avg_price"]))


def findings(day: Day, case: Case, fine: Mapping[str, Traded]) -> list[str]:
    """Return everything that is wrong after the day; `fine` is what the twins trade on a day without faults."""
    broken = safety(day, is_profit_ours=case.is_profit_ours)
    return [
        *_not_struck(day, case),
        *(line for line in broken if not (case.waits and re.search(_WAITS, line))),
        *_changed(day, case, fine),
        *_ending(day, case),
        *(f"f: holdfast status never says {pattern!r}" for pattern in case.plan.shows if pattern not in day.shown),
    ]


def safety(day: Day, *, is_profit_ours: bool) -> list[str]:
    """Return what breaks the promise, whatever the faults were: rules a, b and c."""
    return [
        *_twice(day),
        *(line for symbol in day.symbols for line in _too_much(day, symbol)),
        *_disagreeing(day, is_profit_ours=is_profit_ours),
    ]


def _not_struck(day: Day, case: Case) -> Iterable[str]:
    struck = Counter(strike["kind"] for strike in day.happened)
    for kind, times in case.strikes.items():
        if struck[kind] < times:
            yield f"the test proves nothing: {kind} struck {struck[kind]} times, not {times}"


def _twice(day: Day) -> Iterable[str]:
    names = Counter(row["client_order_id"] for row in day.simulator.orders())
    return [f"a: {name} was sent {count} times" for name, count in names.items() if count > 1]


def _moves(day: Day, symbol: str) -> list[tuple[str, Decimal]]:
    """Return the shares that came or went without an order, with their moment to the second, oldest first."""
    found = [
        (strike["time"][:19], strike["what"].split()) for strike in day.happened if strike["kind"] == "move_shares"
    ]
    return [(second, Decimal(words[0])) for second, words in found if words[-1] == symbol]


def _too_much(day: Day, symbol: str) -> Iterable[str]:
    """Walk through the symbol's orders: what is held or may be, beside what is not the bot's doing."""
    held = others = _ZERO
    moves = _moves(day, symbol)
    for row in day.simulator.orders(symbol):
        while moves and moves[0][0] <= row["submitted_at"][:19]:
            shares = moves.pop(0)[1]
            held, others = held + shares, others + shares
        change = wanted(row)
        if is_ours(row) and change < 0 and -change > max(held, _ZERO):
            yield f"b: {symbol}: it sold {-change} and {held} were there: {row['client_order_id']}"
        held += change
        if not is_ours(row):
            others += change
        elif change > 0 and held > QUANTITY + max(others, _ZERO):
            yield f"a: {symbol}: {held} held after {row['client_order_id']}"


def _disagreeing(day: Day, *, is_profit_ours: bool) -> Iterable[str]:
    books, working = day.simulator.status()["books"]["symbols"], day.simulator.orders(status="open")
    yield from (f"c: {symbol} still waited after the faults had ended" for symbol in day.unsteady)
    yield from (f"c: {one['symbol']}: not explained: {one['why']}" for one in day.discrepancies)
    for symbol in day.symbols:
        state, book = day.world.state(symbol), books.get(symbol, {"quantity": "0", "realized_pl": "0"})
        yield from (f"c: {symbol}: {text}" for text in _against_book(state, book, is_profit_ours=is_profit_ours))
        theirs = [row["client_order_id"] for row in working if row["symbol"] == symbol]
        if open_orders(state) != theirs:
            yield f"c: {symbol}: open on file {open_orders(state)}, at the broker {theirs}"


def _against_book(state: Row, book: Row, *, is_profit_ours: bool) -> Iterable[str]:
    position = state["position"]
    held = Decimal(position["quantity"]) + Decimal(position["unmanaged_quantity"])
    if held != Decimal(book["quantity"]):
        yield f"the file says {held}, the broker {book['quantity']}"
    if state["is_in_position"] is not (Decimal(position["quantity"]) != 0):
        yield f"is_in_position is {state['is_in_position']} with {position['quantity']}"
    profits = [Decimal(one["realized_pl"]).quantize(CENT) for one in (position, book)]
    if is_profit_ours and profits[0] != profits[1]:
        yield f"the file says a profit of {profits[0]}, the broker {profits[1]}"


def _changed(day: Day, case: Case, fine: Mapping[str, Traded]) -> Iterable[str]:
    for symbol in day.symbols:
        found, expected = traded(day, symbol), fine[twin(symbol)]
        if symbol not in case.struck and found != expected:
            first = next((pair for pair in _side_by_side(found, expected) if pair[0] != pair[1]), None)
            yield f"d: {symbol} traded otherwise than on a fine day: {first}"
    for symbol, most in case.entries_max.items():
        entries = [row for row in day.simulator.orders(symbol) if is_ours(row) and row["side"] == "buy"]
        if len(entries) > most:
            yield f"d: {symbol} was bought again: {len(entries)} entries, not {most}"


def _side_by_side(found: Traded, expected: Traded) -> Iterable[tuple[object, object]]:
    for index in range(max(len(found), len(expected))):
        yield (
            found[index] if index < len(found) else None,
            expected[index] if index < len(expected) else None,
        )


def _ending(day: Day, case: Case) -> Iterable[str]:
    if day.codes != list(case.codes):
        yield f"e: exit codes {day.codes}, not {list(case.codes)}"
    if "Traceback" in day.output:
        yield "e: a traceback"
    for pattern in case.says:
        if not re.search(pattern, day.output):
            yield f"e: the output never says {pattern!r}"
