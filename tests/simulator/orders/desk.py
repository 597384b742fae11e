"""A trading desk for table tests: markets of few bars, orders written as text, everything through alpaca-py's models.

An order is `side quantity symbol`, then any of `limit P`, `stop P`, `trail P` or `trail P%`, a time in force and
`ext`; a quantity with a dollar sign is a value in USD.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.enums import OrderSide, OrderType, QueryOrderStatus, TimeInForce
from alpaca.trading.models import Order, Position, TradeAccount
from alpaca.trading.requests import (
    GetOrderByIdRequest,
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    OrderRequest,
    ReplaceOrderRequest,
    StopLimitOrderRequest,
    StopLossRequest,
    StopOrderRequest,
    TakeProfitRequest,
    TrailingStopOrderRequest,
)

from holdfast.domain.bar import Bar
from holdfast.simulator.prices import RecordedPrices
from holdfast.simulator.timetable import MarketHours
from simulator.sim_client import SimClient

OPEN = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
_REQUESTS: Mapping[OrderType, type[OrderRequest]] = {
    OrderType.MARKET: MarketOrderRequest,
    OrderType.LIMIT: LimitOrderRequest,
    OrderType.STOP: StopOrderRequest,
    OrderType.STOP_LIMIT: StopLimitOrderRequest,
    OrderType.TRAILING_STOP: TrailingStopOrderRequest,
}


def bar(symbol: str, opened: datetime, prices: str) -> Bar:
    """Make a minute bar from `open high low close`, or from one price: then bid and ask are that price too."""
    numbers = [Decimal(price) for price in prices.split()]
    first, high, low, close = numbers if len(numbers) > 1 else numbers * 4
    return Bar(symbol, opened, first, high, low, close, Decimal(1000))


def minutes(symbol: str, prices: Iterable[str], opened: datetime = OPEN) -> list[Bar]:
    """Make the bars of consecutive minutes."""
    return [bar(symbol, opened + MINUTE * number, each) for number, each in enumerate(prices)]


def a_market(
    hours: MarketHours = MarketHours.REGULAR, traits: Mapping[str, Mapping[str, Any]] | None = None, **prices: str
) -> RecordedPrices:
    """Make a market from bars divided by ` | `, a minute each from Monday's open; a `_` in a name is its slash."""
    by_symbol = {name.replace("_", "/"): text.split(" | ") for name, text in prices.items()}
    market = RecordedPrices({symbol: minutes(symbol, bars) for symbol, bars in by_symbol.items()}, hours)
    special = {symbol: replace(market.instruments[symbol], **each) for symbol, each in (traits or {}).items()}
    market.instruments = {**market.instruments, **special}
    return market


def a_request(text: str, **fields: Any) -> OrderRequest:  # noqa: ANN401 - any field
    """Build alpaca-py's request from an order's text; `profit`, `loss` and `loss_limit` are the legs' prices."""
    return _REQUESTS[OrderType(_fields(text)["type"])](**_fields(text), **_legs(fields), **fields)


def _legs(fields: dict[str, Any]) -> dict[str, Any]:
    legs: dict[str, Any] = {}
    if (profit := fields.pop("profit", None)) is not None:
        legs["take_profit"] = TakeProfitRequest(limit_price=profit)
    if (loss := fields.pop("loss", None)) is not None:
        legs["stop_loss"] = StopLossRequest(stop_price=loss, limit_price=fields.pop("loss_limit", None))
    return legs


def _fields(text: str) -> dict[str, Any]:
    side, quantity, symbol, *words = text.split()
    amount = {"notional": float(quantity[1:])} if quantity.startswith("$") else {"qty": float(quantity)}
    values: dict[str, Any] = {"side": OrderSide(side), "symbol": symbol, "time_in_force": TimeInForce.DAY, **amount}
    while words:
        word = words.pop(0)
        if word in {"limit", "stop"}:
            values[f"{word}_price"] = float(words.pop(0))
        elif word == "trail":
            trail = words.pop(0)
            values["trail_percent" if trail.endswith("%") else "trail_price"] = float(trail.rstrip("%"))
        elif word == "ext":
            values["extended_hours"] = True
        else:
            values["time_in_force"] = TimeInForce(word)
    return {**values, "type": _type(values)}


def _type(values: Mapping[str, Any]) -> OrderType:
    if "trail_percent" in values or "trail_price" in values:
        return OrderType.TRAILING_STOP
    if "stop_price" in values:
        return OrderType.STOP_LIMIT if "limit_price" in values else OrderType.STOP
    return OrderType.LIMIT if "limit_price" in values else OrderType.MARKET


def told(order: Order) -> str:
    """Say where an order stands: its status, and what has filled at which average price."""
    status: str = order.status.value
    filled = Decimal(str(order.filled_qty))
    return f"{status} {plain(filled)} at {plain(order.filled_avg_price)}" if filled else status


def plain(number: object) -> str:
    """Write a number without trailing zeros."""
    text = f"{Decimal(str(number)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class Desk:
    """One client of one simulator, through alpaca-py's own models."""

    def __init__(self, sim: SimClient) -> None:
        self.sim = sim
        self.step = sim.step

    def place(self, text: str, **fields: Any) -> Order:  # noqa: ANN401 - any field
        """Place an order and return it as the answer shows it."""
        order = self.sim.trading.submit_order(a_request(text, **fields))
        assert isinstance(order, Order)
        return order

    def refusal(self, text: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
        """Place an order that must be refused; return status and body of the answer."""
        with pytest.raises(APIError) as caught:
            self.place(text, **fields)
        return body_of(caught.value)

    def raw_refusal(self, method: str, path: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - any option
        """Send what alpaca-py would not send; return status and body of the answer, which must be a refusal."""
        answer = self.sim.send(method, path, **options)
        assert answer.status_code >= 400, answer.text
        return {"status": answer.status_code, **answer.json()}

    def look(self, order: Order) -> Order:
        """Return the order as it is now, its legs under it."""
        found = self.sim.trading.get_order_by_id(order.id, GetOrderByIdRequest(nested=True))
        assert isinstance(found, Order)
        return found

    def tell(self, order: Order) -> str:
        """Say where an order stands now."""
        return told(self.look(order))

    def orders(self, status: QueryOrderStatus = QueryOrderStatus.ALL, **filters: Any) -> list[Order]:  # noqa: ANN401
        """Return the orders, oldest first."""
        found = self.sim.trading.get_orders(GetOrdersRequest(status=status, limit=500, **filters))
        return [order for order in reversed(found) if isinstance(order, Order)]

    def replace(self, order: Order, **fields: Any) -> Order:  # noqa: ANN401 - any field
        """Replace an order and return the new one."""
        new = self.sim.trading.replace_order_by_id(order.id, ReplaceOrderRequest(**fields))
        assert isinstance(new, Order)
        return new

    def cancel(self, order: Order) -> None:
        """Cancel an order."""
        self.sim.trading.cancel_order_by_id(order.id)

    def position(self, symbol: str) -> Position:
        """Return a position."""
        position = self.sim.trading.get_open_position(symbol)
        assert isinstance(position, Position)
        return position

    @property
    def positions(self) -> dict[str, str]:
        """Return the signed quantities that are held, by symbol."""
        rows = self.sim.trading.get_all_positions()
        return {row.symbol: row.qty for row in rows if isinstance(row, Position)}

    @property
    def account(self) -> TradeAccount:
        """Return the account."""
        account = self.sim.trading.get_account()
        assert isinstance(account, TradeAccount)
        return account


def body_of(error: APIError) -> dict[str, Any]:
    """Return the status and the body that an error of alpaca-py carries."""
    body: dict[str, Any] = json.loads(str(error))
    assert (error.code, error.message) == (body["code"], body["message"])
    return {"status": error.status_code, **body}


def refusal_of(call: Any, *arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - any call of alpaca-py
    """Make a call that must be refused; return status and body of the answer."""
    with pytest.raises(APIError) as caught:
        call(*arguments)
    return body_of(caught.value)


def legs(order: Order) -> list[Order]:
    """Return an order's legs."""
    return [leg for leg in order.legs or [] if isinstance(leg, Order)]


def id_of(order: Order) -> UUID:
    """Return an order's id."""
    assert isinstance(order.id, UUID)
    return order.id
