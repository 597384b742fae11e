"""What lists, look-ups and the account show when they do not tell the truth. The books themselves are never touched."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from holdfast.exchange.order import Order, OrderEvent
from holdfast.simulator.call import Answer, Call
from holdfast.simulator.faults.fault import Fault, Occasion
from holdfast.simulator.faults.faults import Faults
from holdfast.simulator.faults.kinds import Place
from holdfast.simulator.faults.occasions import listed_name, occasion_of
from holdfast.simulator.faults.under_way import UnderWay
from holdfast.simulator.market import Market
from holdfast.simulator.wire import position_symbol

Row = dict[str, Any]
Rows = list[Row]
_OK, _NOT_FOUND = 200, 404
_BIRTHS = frozenset({"pending_new", "accepted", "held"})
_POSITIONS = "/v2/positions"


@dataclass(eq=False, slots=True)
class _Lag:
    """One fill that the positions do not show yet: `before` is the symbol's row until then, None for no position.

    Symbols are spelled as positions spell them.
    """

    symbol: str
    before: Row | None


class Views:
    """Stands between the handlers and the answers. `positions` lists the true rows of the account."""

    def __init__(self, faults: Faults, under_way: UnderWay, market: Market, positions: Callable[[], Rows]) -> None:
        self._faults = faults
        self._under_way = under_way
        self._market = market
        self._positions = positions
        self._hidden: set[str] = set()
        self._lags: list[_Lag] = []
        self._known: dict[str, Row] | None = None

    def expect(self, fault: Fault) -> None:
        """Learn what was ordered: a lag needs the positions as they were before the next fill."""
        if fault.kind == "positions_lag":
            self._known = self._rows_now()

    def see_events(self, events: list[OrderEvent]) -> None:
        """Begin the lags of new orders and of fills."""
        if not self._faults.has(Place.FILLED):
            self._known = None
        for event in events:
            symbols = frozenset({event.order.symbol})
            if event.kind in _BIRTHS and event.time == event.order.submitted_at:
                self._hide(event.order, Occasion("order", event.order.client_order_id, symbols))
            if event.fill is not None and self._known is not None:
                self._lag(event.order.symbol, Occasion("fill", event.order.client_order_id, symbols))
        if self._known is not None and any(event.fill for event in events):
            self._known = self._rows_now()

    def show(self, call: Call, answer: Answer) -> Answer:
        """Return what a GET shows instead of the truth; the truth if nothing is wrong."""
        if call.method != "GET":
            return answer
        answer = self._without_hidden(call, self._lagging(call, answer))
        if answer.status != _OK or not self._faults.has(Place.VIEW):
            return answer
        occasion = self._occasion(call, answer)
        for fault in self._faults.fitting(Place.VIEW, occasion):
            changed = VIEWS[fault.kind](fault, answer)
            if changed is not None and self._faults.strikes(fault, occasion):
                answer = changed
        return answer

    def forget(self) -> None:
        """Show the truth from now on: another account has taken the place of this one."""
        self._hidden.clear()
        self._lags.clear()
        self._known = None if self._known is None else self._rows_now()

    def _occasion(self, call: Call, answer: Answer) -> Occasion:
        exchange = self._market.exchange
        occasion = occasion_of(call, exchange)
        shown = {listed_name(symbol, exchange) for symbol in _symbols(answer.body)}
        return replace(occasion, symbols=occasion.symbols | shown)

    # Orders listed late

    def _hide(self, order: Order, occasion: Occasion) -> None:
        fault = self._faults.take(Place.PLACED, occasion)
        if fault is not None:
            ids = {order.id, *order.leg_ids}
            self._hidden |= ids
            self._under_way.later(fault.options["delay_s"], lambda: self._hidden.difference_update(ids))

    def _without_hidden(self, call: Call, answer: Answer) -> Answer:
        if not self._hidden or answer.status != _OK or not call.path.startswith("/v2/orders"):
            return answer
        if isinstance(answer.body, list):
            return replace(answer, body=[row for row in answer.body if row["id"] not in self._hidden])
        return _missing("order not found") if answer.body["id"] in self._hidden else answer

    # Positions that lag

    def _rows_now(self) -> dict[str, Row]:
        return {row["symbol"]: row for row in self._positions()}

    def _lag(self, symbol: str, occasion: Occasion) -> None:
        fault = self._faults.take(Place.FILLED, occasion)
        if fault is not None and self._known is not None:
            lag = _Lag(position_symbol(symbol), self._known.get(position_symbol(symbol)))
            self._lags.append(lag)
            self._under_way.later(fault.options["delay_s"], lambda: self._catch_up(lag))

    def _catch_up(self, lag: _Lag) -> None:
        if lag in self._lags:
            self._lags.remove(lag)

    def _lagging(self, call: Call, answer: Answer) -> Answer:
        if not self._lags or not call.path.startswith(_POSITIONS):
            return answer
        # The oldest fill under way says what the position was: whatever came after it is not shown either.
        before = {lag.symbol: lag.before for lag in reversed(self._lags)}
        if call.path == _POSITIONS:
            rows = {row["symbol"]: row for row in answer.body} | before
            return replace(answer, body=[row for _, row in sorted(rows.items()) if row is not None])
        symbol = position_symbol(listed_name(call.path_values.get("symbol", ""), self._market.exchange))
        if symbol not in before:
            return answer
        row = before[symbol]
        return _missing("position does not exist") if row is None else Answer(row)


def _missing(message: str) -> Answer:
    return Answer({"code": 40410000, "message": message}, _NOT_FOUND)


def _symbols(body: object) -> frozenset[str]:
    rows = body if isinstance(body, list) else [body]
    return frozenset(str(row["symbol"]) for row in rows if isinstance(row, dict) and row.get("symbol"))


# One function for each kind: what is shown instead, or None where there is nothing to change


def _empty(_fault: Fault, answer: Answer) -> Answer | None:
    if isinstance(answer.body, list):
        return replace(answer, body=[]) if answer.body else None
    return _missing("position does not exist")


def _strange(fault: Fault, answer: Answer) -> Answer | None:
    found = _drawn_row(fault, answer)
    if found is None:
        return None
    index, rows = found
    return replace(
        answer, body=[*rows[:index], {**rows[index], fault.options["field"]: "xunknown"}, *rows[index + 1 :]]
    )


def _without_a_row(fault: Fault, answer: Answer) -> Answer | None:
    found = _drawn_row(fault, answer)
    if found is None:
        return None
    index, rows = found
    return replace(answer, body=rows[:index] + rows[index + 1 :])


def _drawn_row(fault: Fault, answer: Answer) -> tuple[int, Rows] | None:
    """Return a row's index and all rows: one of the fault's symbol, or one drawn from its seed."""
    rows = answer.body
    if not isinstance(rows, list):
        return None
    wanted = None if fault.symbol is None else position_symbol(fault.symbol)
    indices = [index for index, row in enumerate(rows) if wanted in (None, position_symbol(str(row.get("symbol", ""))))]
    return (indices[fault.draw(len(indices))], rows) if indices else None


def _another_account(fault: Fault, answer: Answer) -> Answer | None:
    if not isinstance(answer.body, dict):
        return None
    other = str(uuid.uuid5(uuid.NAMESPACE_OID, f"other account:{fault.seed}"))
    return replace(answer, body={**answer.body, "id": other, "account_number": f"PA{other[:8].upper()}"})


def _blocked(_fault: Fault, answer: Answer) -> Answer | None:
    if not isinstance(answer.body, dict):
        return None
    return replace(answer, body={**answer.body, "trading_blocked": True})


VIEWS: Mapping[str, Callable[[Fault, Answer], Answer | None]] = {
    "positions_empty": _empty,
    "strange_position": _strange,
    "strange_order": _strange,
    "missing_row": _without_a_row,
    "other_account": _another_account,
    "account_blocked": _blocked,
}
