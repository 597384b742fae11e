"""Builders for exchange tests: one line an order, a bar, an exchange."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from holdfast.domain.bar import Bar
from holdfast.domain.order import Side
from holdfast.domain.session import Session
from holdfast.exchange.exchange import Exchange, Phase
from holdfast.exchange.ids import Ids
from holdfast.exchange.instrument import Instrument
from holdfast.exchange.ledger import Ledger
from holdfast.exchange.order import OrderRequest, OrderType, TimeInForce

OPEN = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
SESSION = Session(OPEN, OPEN + timedelta(minutes=390))
NEXT_SESSION = Session(SESSION.open + timedelta(days=1), SESSION.close + timedelta(days=1))
TRADING = Phase(is_open=True, day_close=SESSION.close)
WAITING = Phase(is_open=False, day_close=SESSION.close)
INSTRUMENTS = {
    "AAPL": Instrument("AAPL", "Apple Inc.", "NASDAQ"),
    "MSFT": Instrument("MSFT", "Microsoft Corporation", "NASDAQ"),
    "GONE": Instrument("GONE", "Gone Inc.", "NYSE", is_tradable=False),
    "WHOLE": Instrument("WHOLE", "Whole Shares Inc.", "NYSE", is_fractionable=False),
}


def at(minute: float) -> datetime:
    """Return the time `minute` minutes after the open."""
    return OPEN + timedelta(minutes=minute)


def a_bar(prices: str = "100 101 99 100", *, minute: int = 0, symbol: str = "AAPL") -> Bar:
    """Build the bar of a minute from `open high low close`."""
    opened, high, low, close = (Decimal(price) for price in prices.split())
    return Bar(symbol, at(minute), opened, high, low, close, Decimal(1000))


def a_request(text: str = "buy 10 AAPL", **fields: Any) -> OrderRequest:  # noqa: ANN401 - any field
    """Build a request from `side quantity symbol [limit] [day|gtc|ioc]`."""
    side, quantity, symbol, *rest = text.split()
    words = {word for word in rest if word in set(TimeInForce)}
    limit = next((Decimal(word) for word in rest if word not in words), None)
    values: dict[str, Any] = {
        "symbol": symbol,
        "side": Side(side),
        "quantity": Decimal(quantity),
        "type": OrderType.LIMIT if limit is not None else OrderType.MARKET,
        "limit_price": limit,
        "time_in_force": TimeInForce(words.pop()) if words else TimeInForce.DAY,
    }
    return OrderRequest(**{**values, **fields})


def an_exchange(cash: str = "100000", bars: str | None = "100 101 99 100") -> Exchange:
    """Build an exchange whose session is open and has seen one bar of AAPL, unless `bars` is None."""
    exchange = Exchange(instruments=INSTRUMENTS, ledger=Ledger(Decimal(cash)), ids=Ids("test"))
    if bars is not None:
        exchange.advance([a_bar(bars)], SESSION, at(1))
    return exchange
