"""Builders for exchange tests: one line an order, a bar, an exchange."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from holdfast.domain.bar import Bar
from holdfast.domain.decimals import plain
from holdfast.domain.order import Side
from holdfast.exchange.books import Books
from holdfast.exchange.exchange import Exchange
from holdfast.exchange.hours import Hours, TradingDay
from holdfast.exchange.ids import Ids
from holdfast.exchange.instrument import Instrument, crypto_pair
from holdfast.exchange.ledger import Ledger
from holdfast.exchange.margin import AccountTerms
from holdfast.exchange.order import (
    OrderClass,
    OrderEvent,
    OrderRequest,
    OrderType,
    StopLoss,
    TakeProfit,
    TimeInForce,
)
from holdfast.exchange.standing import Standing

OPEN = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
CLOSE = OPEN + timedelta(minutes=390)
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
MONDAY = TradingDay(OPEN - 5.5 * _HOUR, OPEN, CLOSE, CLOSE + 4 * _HOUR)
TUESDAY, WEDNESDAY = (
    TradingDay(MONDAY.pre_open + days * _DAY, OPEN + days * _DAY, CLOSE + days * _DAY, MONDAY.post_close + days * _DAY)
    for days in (1, 2)
)
HOURS, NEXT_HOURS = Hours(MONDAY, TUESDAY), Hours(TUESDAY, WEDNESDAY)
BITCOIN = crypto_pair("BTC/USD", "Bitcoin / US Dollar", quantity_min="0.000013", price_step="0.01")
INSTRUMENTS = {
    "AAPL": Instrument("AAPL", "Apple Inc.", "NASDAQ"),
    "MSFT": Instrument("MSFT", "Microsoft Corporation", "NASDAQ"),
    "GONE": Instrument("GONE", "Gone Inc.", "NYSE", is_tradable=False),
    "DEAD": Instrument("DEAD", "Dead Inc.", "NYSE", is_active=False, is_tradable=False),
    "WHOLE": Instrument("WHOLE", "Whole Shares Inc.", "NYSE", is_fractionable=False),
    "HARD": Instrument("HARD", "Hard To Borrow Inc.", "NYSE", is_easy_to_borrow=False),
    "FIRM": Instrument("FIRM", "Never Short Inc.", "NYSE", is_shortable=False, is_easy_to_borrow=False),
    "BTC/USD": BITCOIN,
}


def at(minute: float) -> datetime:
    """Return the time `minute` minutes after the open."""
    return OPEN + timedelta(minutes=minute)


def a_bar(prices: str = "100 101 99 100", *, minute: int = 0, symbol: str = "AAPL") -> Bar:
    """Build the bar of a minute from `open high low close`."""
    opened, high, low, close = (Decimal(price) for price in prices.split())
    return Bar(symbol, at(minute), opened, high, low, close, Decimal(1000))


def a_request(text: str = "buy 10 AAPL", **fields: Any) -> OrderRequest:  # noqa: ANN401 - any field
    """Build a request from `side quantity symbol [limit P] [stop P] [trail P|P%] [day|gtc|...] [ext]`.

    A bare price is a limit.
    """
    side, quantity, symbol, *words = text.split()
    values: dict[str, Any] = {
        "symbol": symbol,
        "side": Side(side),
        "quantity": Decimal(quantity),
        "time_in_force": TimeInForce.DAY,
    }
    while words:
        word = words.pop(0)
        if word in set(TimeInForce):
            values["time_in_force"] = TimeInForce(word)
        elif word == "ext":
            values["extended_hours"] = True
        elif word in {"limit", "stop"}:
            values[f"{word}_price"] = Decimal(words.pop(0))
        elif word == "trail":
            trail = words.pop(0)
            values["trail_percent" if trail.endswith("%") else "trail_price"] = Decimal(trail.rstrip("%"))
        else:
            values["limit_price"] = Decimal(word)
    return OrderRequest(**{"type": _type_of(values), **values, **fields})


def _type_of(values: dict[str, Any]) -> OrderType:
    if "trail_price" in values or "trail_percent" in values:
        return OrderType.TRAILING_STOP
    if "stop_price" in values:
        return OrderType.STOP_LIMIT if "limit_price" in values else OrderType.STOP
    return OrderType.LIMIT if "limit_price" in values else OrderType.MARKET


def a_bracket(text: str = "buy 10 AAPL", profit: str = "110", loss: str = "90", **fields: Any) -> OrderRequest:  # noqa: ANN401 - any field
    """Build a bracket: an entry with a take-profit and a stop-loss."""
    exits = {"take_profit": TakeProfit(Decimal(profit)), "stop_loss": StopLoss(Decimal(loss))}
    return a_request(text, **{"order_class": OrderClass.BRACKET, **exits, **fields})


def an_exchange(
    cash: str = "100000",
    bars: str | None = "100 101 99 100",
    *,
    terms: AccountTerms | None = None,
    participation: str | None = None,
) -> Exchange:
    """Build an exchange whose session is open and has seen one bar of AAPL, unless `bars` is None.

    Everything traded at 100 the day before.
    """
    exchange = Exchange(
        instruments=INSTRUMENTS,
        books=Books(ledger=Ledger(Decimal(cash)), ids=Ids("test")),
        standing=Standing(terms or AccountTerms()),
        participation=Decimal(participation) if participation else None,
    )
    exchange.prices.last.update(dict.fromkeys(INSTRUMENTS, Decimal(100)))
    if bars is not None:
        exchange.advance([a_bar(bars)], HOURS, at(1))
    return exchange


def submit(exchange: Exchange, text: str, minute: float = 1, **fields: Any) -> list[OrderEvent]:  # noqa: ANN401 - any field
    """Submit the request that `text` describes."""
    return exchange.submit(a_request(text, **fields), HOURS, at(minute))


def advance(exchange: Exchange, bar: str, minute: int = 1, symbol: str = "AAPL") -> list[OrderEvent]:
    """Let one bar of a minute close."""
    return exchange.advance([a_bar(bar, minute=minute, symbol=symbol)], HOURS, at(minute + 1))


def kinds(events: list[OrderEvent]) -> list[str]:
    """Return the words of the events."""
    return [event.kind for event in events]


def fills(events: list[OrderEvent]) -> list[str]:
    """Return `quantity@price` of every fill."""
    return [f"{plain(event.fill.quantity)}@{plain(event.fill.price)}" for event in events if event.fill]
