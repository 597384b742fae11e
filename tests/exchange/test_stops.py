"""Stops: when they wake up, and at which price they then fill."""

from decimal import Decimal

import pytest

from exchange.exchange_builders import advance, an_exchange, fills, kinds, submit
from holdfast.exchange.exchange import Exchange
from holdfast.exchange.trigger import stop_price


def holding(quantity: int = 10, participation: str | None = None) -> Exchange:
    """An exchange that holds AAPL, bought at 100.01, last price 100."""
    exchange = an_exchange(participation=participation)
    submit(exchange, f"buy {quantity} AAPL")
    return exchange


@pytest.mark.parametrize(
    ("order", "bar", "filled"),
    [
        ("sell 10 AAPL stop 98", "100 101 98.01 99", []),
        ("sell 10 AAPL stop 98", "100 101 98 99", ["10@98"]),
        ("sell 10 AAPL stop 98", "97 99 96 98", ["10@97"]),
        ("buy 10 AAPL stop 103", "100 102.99 99 100", []),
        ("buy 10 AAPL stop 103", "100 103 99 100", ["10@103"]),
        ("buy 10 AAPL stop 103", "104 105 103 104", ["10@104"]),
        # A bought stop turns into a limit 2.5 % above: this one opens beyond 105.58 and comes back to it.
        ("buy 10 AAPL stop 103", "107 108 106 107", []),
        ("buy 10 AAPL stop 103", "107 108 103 104", ["10@105.58"]),
        ("sell 10 AAPL limit 97 stop 98", "100 101 97.5 99", ["10@98"]),
        # It opens under its limit: only a close at the limit or better proves that the price came back to it.
        ("sell 10 AAPL limit 97 stop 98", "96 98 95 96.5", []),
        ("sell 10 AAPL limit 97 stop 98", "96 98 95 97.5", ["10@97"]),
        ("buy 10 AAPL limit 102 stop 103", "100 104 99 103", []),
        ("buy 10 AAPL limit 102 stop 103", "100 104 99 101", ["10@102"]),
    ],
)
def test_a_stop_wakes_where_the_bar_trades_through_it(order: str, bar: str, filled: list[str]) -> None:
    """It fills at its stop, at a worse open, or at a limit that the bar's path cannot have missed."""
    exchange = holding() if order.startswith("sell") else an_exchange()
    assert kinds(submit(exchange, order)) == ["pending_new", "new"]
    assert fills(advance(exchange, bar)) == filled


def test_a_woken_stop_limit_works_on_as_a_limit() -> None:
    """Once awake it stays awake: the next bar fills it without touching the stop again."""
    exchange = holding()
    submit(exchange, "sell 10 AAPL limit 97 stop 98")
    assert fills(advance(exchange, "96 96.5 95 96")) == []
    assert fills(advance(exchange, "96 97 95 96", 2)) == ["10@97"]


def test_a_stop_that_is_already_passed_wakes_at_once() -> None:
    """A sell stop above the market fills at the bid in the step that accepts it."""
    exchange = holding()
    assert fills(submit(exchange, "sell 10 AAPL stop 100.50")) == ["10@99.99"]


@pytest.mark.parametrize(
    ("trail", "bars", "filled"),
    [
        ("2", ["100 101 99 101", "101 101 98.5 99"], ["10@99"]),
        ("2", ["100 104 100 104", "104 104 101.5 102"], ["10@102"]),
        ("1%", ["100 110 100 110", "110 110 108.5 109"], ["10@108.9"]),
        # Up to 110 and down to 105 within one bar: the trail stood at 108 when the price fell through it.
        ("2", ["100 110 100 105"], ["10@108"]),
        ("2", ["100 101 98 98.5"], ["10@98"]),
        ("2", ["97 99 96 98"], ["10@97"]),
    ],
)
def test_a_trailing_stop_follows_the_best_price(trail: str, bars: list[str], filled: list[str]) -> None:
    """It sells the distance below the best price since it began, or at a worse open."""
    exchange = holding()
    submit(exchange, f"sell 10 AAPL trail {trail}")
    events = [event for number, bar in enumerate(bars) for event in advance(exchange, bar, number + 1)]
    assert fills(events) == filled


def test_a_trailing_buy_follows_the_lowest_price() -> None:
    """It buys the distance above the lowest price since it began."""
    exchange = an_exchange()
    submit(exchange, "buy 10 AAPL trail 2")
    assert fills(advance(exchange, "99 99 95 95")) == []
    assert fills(advance(exchange, "95 97.5 95 96", 2)) == ["10@97"]


def test_a_trailing_stop_shows_its_mark_and_its_stop() -> None:
    """The best price so far and the stop derived from it stand in the order, and are among what is to be saved."""
    exchange = holding()
    order_id = submit(exchange, "sell 10 AAPL trail 2")[0].order.id
    exchange.books.take_changes()
    advance(exchange, "100 104 103 104")
    order = exchange.books.orders.get(order_id)
    assert (order.trail_mark, stop_price(order)) == (Decimal(104), Decimal(102))
    assert exchange.books.take_changes().orders == {order_id: order}


def test_a_stop_sleeps_outside_the_regular_session() -> None:
    """A bar of the post-market does not wake a stop."""
    exchange = holding()
    submit(exchange, "sell 10 AAPL stop 98 gtc")
    assert fills(advance(exchange, "90 91 89 90", 395)) == []
