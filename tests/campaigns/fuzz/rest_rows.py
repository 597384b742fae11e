"""(c) REST answers, parsed: good rows, bad rows or the port's own error; one strange row costs itself alone."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from adapters.alpaca.alpaca_servers import a_fill, a_position, an_order
from campaigns.fuzz.mutators import changed_json
from campaigns.fuzz.targets import check_sound, must
from holdfast.adapters.alpaca import bar_rows, rows
from holdfast.domain.broker_facts import Rows
from holdfast.domain.errors import Recoverable

ACCOUNT = {
    "id": "account-1", "account_number": "PA123", "status": "ACTIVE", "cash": "1000.5", "equity": "1000.5",
    "long_market_value": "0", "short_market_value": "0", "trading_blocked": False,
}  # fmt: skip
ASSET = {"id": "x", "symbol": "AAPL", "status": "active", "tradable": True, "fractionable": True, "min_order_size": "1"}
DAY = {"date": "2026-11-20", "open": "09:30", "close": "16:00", "session_open": "0400", "session_close": "2000"}
SPLIT = {"id": "s1", "activity_type": "SPLIT", "symbol": "AAPL", "qty": "10", "date": "2026-11-20"}
FILLED = {"status": "filled", "filled_qty": "10", "filled_avg_price": "100.25"}
BAR = {"t": "2026-11-20T15:00:00Z", "o": 1, "h": 2.5, "l": 0.5, "c": 2, "v": 100}


def _bars(answer: object) -> Rows[Any]:
    return rows.rows_of(answer, lambda raw: bar_rows.bar("AAPL", raw))


LISTS: dict[str, tuple[Callable[[object], Rows[Any]], list[Any]]] = {
    "orders": (lambda answer: rows.rows_of(answer, rows.order_view), [an_order(), an_order(2, **FILLED), an_order(3)]),
    "positions": (
        lambda answer: rows.rows_of(answer, rows.position),
        [a_position(), a_position(symbol="MSFT", qty="-5")],
    ),
    "activities": (lambda answer: rows.rows_of(rows.moves_of(answer), rows.activity), [a_fill(), SPLIT, a_fill(2)]),
    "assets": (lambda answer: rows.rows_of(answer, rows.asset), [ASSET, {**ASSET, "symbol": "BRK.B"}]),
    "bars": (_bars, [BAR, {**BAR, "t": "2026-11-20T15:01:00Z"}]),
}
WHOLE: dict[str, tuple[Callable[[object], object], Any]] = {
    "account": (rows.account, ACCOUNT),
    "sessions": (rows.sessions, [DAY, {**DAY, "date": "2026-11-23"}]),
    "position": (rows.position_answer, a_position()),
}


class RestRows:
    """Answers of the right kind with something wrong in them."""

    name = "REST rows"
    share = 3

    def __init__(self) -> None:
        self.tried: object = None

    def attempt(self, dice: Random) -> str:
        """Change an answer and parse it."""
        kind = dice.choice([*LISTS, *WHOLE])
        document = LISTS[kind][1] if kind in LISTS else WHOLE[kind][1]
        text = changed_json(document, dice)
        self.tried = (kind, text)
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            return "no JSON"
        try:
            if kind in WHOLE:
                check_sound(WHOLE[kind][0](answer))
                return "read"
            return self._list(LISTS[kind][0], answer)
        except Recoverable:
            return "refused"

    @staticmethod
    def _list(parse: Callable[[object], Rows[Any]], answer: object) -> str:
        found = parse(answer)
        check_sound(found.good)
        alone = [parse([raw]) for raw in answer] if isinstance(answer, list) else []
        must(found.good == tuple(row for one in alone for row in one.good), "a bad row costs another one")
        must(found.bad == tuple(row for one in alone for row in one.bad), "a bad row is told of another one")
        return "bad rows" if found.bad else "read"

    def close(self) -> None:
        """Nothing is open."""
