"""Orders on the simulated exchange: acceptance, fills, ends."""

from decimal import Decimal

import pytest

from exchange.exchange_builders import (
    CLOSE,
    HOURS,
    NEXT_HOURS,
    TUESDAY,
    a_bar,
    a_request,
    an_exchange,
    at,
    kinds,
)
from holdfast.domain.order import OrderStatus
from holdfast.exchange.exchange import Exchange
from holdfast.exchange.order import Fate


def buy(exchange: Exchange, text: str = "buy 10 AAPL") -> None:
    """Buy at the market at once."""
    assert kinds(exchange.submit(a_request(text), HOURS, at(1)))[-1] == "fill"


def test_a_market_order_fills_at_the_ask_in_the_step_that_accepts_it() -> None:
    """A market buy answers pending_new and is filled at the close plus half a spread."""
    exchange = an_exchange()
    events = exchange.submit(a_request("buy 10 AAPL"), HOURS, at(1))
    assert kinds(events) == ["pending_new", "new", "fill"]
    assert events[0].order.status is OrderStatus.PENDING_NEW
    assert exchange.books.orders.get(events[0].order.id).filled_average_price == Decimal("100.01")
    assert exchange.books.ledger.cash == Decimal("98999.90")
    assert events[-1].position_quantity == 10


@pytest.mark.parametrize(("side", "price"), [("buy", "101"), ("sell", "99.00")])
def test_no_quote_leaves_the_bar(side: str, price: str) -> None:
    """A quote beside a close at the edge of its bar stays inside the bar."""
    exchange = an_exchange()
    buy(exchange)
    exchange.advance([a_bar(f"100 101 99 {price}", minute=1)], HOURS, at(2))
    event = exchange.submit(a_request(f"{side} 1 AAPL"), HOURS, at(2))[-1]
    assert event.fill is not None
    assert event.fill.price == Decimal(price)


def test_an_order_before_the_open_waits_and_gets_the_first_bars_open() -> None:
    """An order accepted outside the session fills at the open of the next session's first bar."""
    exchange = an_exchange(bars=None)
    accepted = exchange.submit(a_request("buy 10 AAPL"), HOURS, at(-5))
    assert kinds(accepted) == ["accepted", "new"]
    events = exchange.advance([a_bar("100.5 101 99 100")], HOURS, at(1))
    assert kinds(events) == ["fill"]
    assert exchange.books.orders.get(accepted[0].order.id).filled_average_price == Decimal("100.5")


def test_a_market_order_without_a_bar_today_waits_for_the_first_one() -> None:
    """A market order in a symbol that has not traded today fills at the open of its first bar."""
    exchange = an_exchange()
    assert kinds(exchange.submit(a_request("buy 1 MSFT"), HOURS, at(1))) == ["pending_new", "new"]
    events = exchange.advance([a_bar("50 51 49 50", minute=1, symbol="MSFT")], HOURS, at(2))
    assert [event.fill and event.fill.price for event in events] == [Decimal(50)]


@pytest.mark.parametrize(
    ("request_text", "bar", "price"),
    [
        ("buy 1 AAPL 98", "100 101 98 99", "98"),
        ("buy 1 AAPL 98", "97 101 96 99", "97"),
        ("buy 1 AAPL 98", "100 101 98.01 99", None),
        ("sell 1 AAPL 103", "100 103 98 99", "103"),
        ("sell 1 AAPL 103", "104 105 98 99", "104"),
        ("sell 1 AAPL 103", "100 102.99 98 99", None),
    ],
)
def test_a_resting_limit_fills_when_a_bar_touches_it(request_text: str, bar: str, price: str | None) -> None:
    """A waiting limit order fills at its price, or at a better open, once a bar reaches it."""
    exchange = an_exchange()
    buy(exchange)
    assert kinds(exchange.submit(a_request(request_text), HOURS, at(1))) == ["pending_new", "new"]
    events = exchange.advance([a_bar(bar, minute=1)], HOURS, at(2))
    assert [event.fill and event.fill.price for event in events] == ([Decimal(price)] if price else [])


def test_a_marketable_limit_fills_at_the_quote() -> None:
    """A limit above the ask pays the ask, not the limit."""
    event = an_exchange().submit(a_request("buy 1 AAPL 100.50"), HOURS, at(1))[-1]
    assert event.fill is not None
    assert event.fill.price == Decimal("100.01")


def test_ioc_cancels_what_cannot_fill_at_once() -> None:
    """An immediate-or-cancel order that the quote does not reach is canceled."""
    assert kinds(an_exchange().submit(a_request("buy 1 AAPL 90 ioc"), HOURS, at(1)))[-1] == "canceled"


def test_the_close_expires_day_orders_and_keeps_gtc() -> None:
    """At the session's close day orders expire, gtc orders work on, and no quote is left."""
    exchange = an_exchange()
    day = exchange.submit(a_request("buy 1 AAPL 90"), HOURS, at(1))[0].order.id
    gtc = exchange.submit(a_request("buy 1 AAPL 90 gtc"), HOURS, at(1))[0].order.id
    assert kinds(exchange.advance([a_bar(minute=389)], HOURS, CLOSE)) == ["expired"]
    assert exchange.books.orders.get(day).status is OrderStatus.EXPIRED
    assert exchange.books.orders.get(gtc).is_working
    assert exchange.quote("AAPL") is None
    assert kinds(exchange.advance([a_bar("89 90 88 89")], NEXT_HOURS, TUESDAY.close))[0] == "fill"


def test_a_cancel_ends_a_working_order_and_repeating_it_changes_nothing() -> None:
    """Canceling gives the reserved cash back; canceling again does nothing."""
    exchange = an_exchange()
    order_id = exchange.submit(a_request("buy 10 AAPL 90"), HOURS, at(1))[0].order.id
    assert exchange.value.cash_buying_power == Decimal(99100)
    assert kinds(exchange.cancel(order_id, at(1))) == ["canceled"]
    assert exchange.cancel(order_id, at(1)) == []
    assert exchange.value.cash_buying_power == Decimal(100000)


def test_a_frozen_order_waits_until_it_is_released() -> None:
    """A frozen market order sees no bar, and fills at the quote when it is let go."""
    exchange = an_exchange()
    assert kinds(exchange.submit(a_request("buy 1 AAPL"), HOURS, at(1), fate=Fate.FROZEN)) == ["pending_new", "new"]
    assert exchange.advance([a_bar("102 103 101 102", minute=1)], HOURS, at(2)) == []
    events = exchange.release(HOURS, at(2))
    assert [event.fill and event.fill.price for event in events] == [Decimal("102.01")]


def test_an_order_by_value_buys_to_nine_decimals() -> None:
    """A notional order fills as many shares as its dollars buy."""
    exchange = an_exchange()
    request = a_request("buy 1 AAPL", quantity=None, notional=Decimal(250))
    exchange.submit(request, HOURS, at(1))
    assert exchange.books.ledger.quantity("AAPL") == Decimal("2.499750024")


@pytest.mark.parametrize(("arguments", "left"), [({}, "0"), ({"percentage": "50"}, "5"), ({"quantity": "3"}, "7")])
def test_a_position_closes_in_whole_or_in_part(arguments: dict[str, str], left: str) -> None:
    """Closing sells all, a percentage, or a number of shares."""
    exchange = an_exchange()
    buy(exchange)
    exchange.close_position("AAPL", HOURS, at(1), **{name: Decimal(text) for name, text in arguments.items()})
    assert exchange.books.ledger.quantity("AAPL") == Decimal(left)


def test_profit_is_booked_at_average_cost() -> None:
    """Selling part of a holding realises its share of the average cost and leaves the average alone."""
    exchange = an_exchange()
    buy(exchange)
    exchange.advance([a_bar("110 111 109 110", minute=1)], HOURS, at(2))
    exchange.submit(a_request("buy 10 AAPL"), HOURS, at(2))
    exchange.submit(a_request("sell 5 AAPL"), HOURS, at(2))
    holding = exchange.books.ledger.holdings["AAPL"]
    assert holding.average_entry_price == Decimal("105.01")
    assert holding.realized_pl == 5 * (Decimal("109.99") - Decimal("105.01"))
