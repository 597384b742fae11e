"""How long orders work: immediate ones, auctions, days, extended hours, the aged-order job."""

from datetime import UTC, datetime, timedelta

import pytest

from exchange.exchange_builders import (
    CLOSE,
    HOURS,
    MONDAY,
    NEXT_HOURS,
    OPEN,
    TUESDAY,
    a_bar,
    a_request,
    advance,
    an_exchange,
    at,
    fills,
    kinds,
    submit,
)
from holdfast.exchange.refusal import Refusal

EVENING = 395


@pytest.mark.parametrize(
    ("order", "events", "filled"),
    [
        # Half of the bar's 1,000 shares may be taken.
        ("buy 600 AAPL", ["pending_new", "new", "partial_fill"], ["500@100.01"]),
        ("buy 600 AAPL ioc", ["pending_new", "new", "partial_fill", "canceled"], ["500@100.01"]),
        ("buy 600 AAPL fok", ["pending_new", "new", "canceled"], []),
        ("buy 500 AAPL fok", ["pending_new", "new", "fill"], ["500@100.01"]),
        ("buy 5 AAPL 99 fok", ["pending_new", "new", "canceled"], []),
        ("buy 5 AAPL 99 ioc", ["pending_new", "new", "canceled"], []),
    ],
)
def test_volume_bounds_what_fills_at_once(order: str, events: list[str], filled: list[str]) -> None:
    """A market order fills part by part; immediate orders fill what they can or nothing, and the rest is canceled."""
    exchange = an_exchange(participation="0.5")
    happened = submit(exchange, order)
    assert (kinds(happened), fills(happened)) == (events, filled)


def test_volume_is_shared_by_all_orders_of_a_bar() -> None:
    """What one order took of a bar is gone for the next one; the next bar brings more."""
    exchange = an_exchange(participation="0.5")
    assert fills(submit(exchange, "buy 400 AAPL")) == ["400@100.01"]
    assert fills(submit(exchange, "buy 400 AAPL")) == ["100@100.01"]
    assert fills(advance(exchange, "101 102 100 101")) == ["300@101"]


def test_an_order_for_the_open_fills_at_the_first_price_and_only_there() -> None:
    """Market and limit orders for the auction get the open; what it does not fill is canceled."""
    exchange = an_exchange(bars=None)
    for text in ("buy 1 AAPL opg", "buy 2 AAPL 99 opg"):
        assert kinds(submit(exchange, text, -10)) == ["accepted", "new"]
    events = exchange.advance([a_bar("100 101 98 99")], HOURS, at(1))
    assert (kinds(events), fills(events)) == (["fill", "canceled"], ["1@100"])


def test_an_order_for_the_close_fills_at_the_last_price() -> None:
    """Nothing happens to it before; at the close it gets the closing price or is canceled."""
    exchange = an_exchange()
    submit(exchange, "buy 1 AAPL cls")
    submit(exchange, "buy 2 AAPL 90 cls")
    assert advance(exchange, "80 101 80 95") == []
    events = exchange.advance([a_bar("95 96 94 95.5", minute=389)], HOURS, CLOSE)
    assert (kinds(events), fills(events)) == (["fill", "canceled"], ["1@95.5"])


@pytest.mark.parametrize(
    ("text", "minute", "is_accepted"),
    [
        ("buy 1 AAPL opg", -3, True),
        ("buy 1 AAPL opg", -2, False),
        ("buy 1 AAPL opg", 100, False),
        ("buy 1 AAPL opg", 390 + 179, False),
        ("buy 1 AAPL opg", 390 + 180, True),
        ("buy 1 AAPL cls", 379, True),
        ("buy 1 AAPL cls", 380, False),
        ("buy 1 AAPL cls", 390 + 179, False),
        ("buy 1 AAPL cls", 390 + 180, True),
    ],
)
def test_auctions_close_their_books_in_time(text: str, minute: float, is_accepted: bool) -> None:  # noqa: FBT001 - a column
    """Orders for the open are taken until 09:28, for the close until 15:50, and again from 19:00 for the next day."""
    exchange = an_exchange(bars=None)
    if is_accepted:
        assert kinds(submit(exchange, text, minute))[0] == "accepted"
    else:
        with pytest.raises(Refusal, match="orders are not accepted between"):
            submit(exchange, text, minute)


@pytest.mark.parametrize(
    ("text", "minute", "expires"),
    [
        ("buy 1 AAPL", 5, MONDAY.close),
        ("buy 1 AAPL", -300, MONDAY.close),
        ("buy 1 AAPL", EVENING, TUESDAY.close),
        ("buy 1 AAPL 90 ext", 5, MONDAY.post_close),
        ("buy 1 AAPL 90 ext", EVENING, MONDAY.post_close),
        ("buy 1 AAPL 90 gtc", 5, datetime(2026, 4, 5, 20, tzinfo=UTC)),
    ],
)
def test_an_order_says_when_it_ends(text: str, minute: float, expires: object) -> None:
    """A day order ends with its session, one for extended hours at eight, a good-till-canceled one in 90 days."""
    assert submit(an_exchange(bars=None), text, minute)[0].order.expires_at == expires


def test_an_order_after_the_close_waits_for_the_next_days_pre_market() -> None:
    """It stays accepted through the evening, becomes new at 04:00, and fills in the next session."""
    exchange = an_exchange()
    assert kinds(submit(exchange, "buy 1 AAPL", EVENING)) == ["accepted"]
    assert exchange.advance([], HOURS, MONDAY.post_close) == []
    assert kinds(exchange.advance([], NEXT_HOURS, TUESDAY.pre_open)) == ["new"]
    events = exchange.advance([a_bar("102 103 101 102")], NEXT_HOURS, TUESDAY.open + timedelta(minutes=1))
    assert fills(events) == ["1@102"]


def test_only_orders_for_extended_hours_trade_outside_the_session() -> None:
    """A bar of the evening fills a limit order that asked for it, and no other."""
    exchange = an_exchange()
    submit(exchange, "buy 1 AAPL 95 gtc", 385)
    submit(exchange, "buy 2 AAPL 95 gtc ext", 385)
    exchange.advance([], HOURS, CLOSE)
    assert fills(advance(exchange, "94 96 93 95", EVENING)) == ["2@94"]
    assert fills(submit(exchange, "buy 3 AAPL 96 ext", EVENING + 1)) == ["3@95.01"]


def test_a_day_order_for_extended_hours_expires_at_eight() -> None:
    """The close of the session does not end it; the end of the post-market does."""
    exchange = an_exchange()
    submit(exchange, "buy 1 AAPL 90 ext")
    assert exchange.advance([], HOURS, CLOSE) == []
    assert kinds(exchange.advance([], HOURS, MONDAY.post_close)) == ["expired"]


def test_a_good_till_canceled_order_is_canceled_when_it_is_too_old() -> None:
    """After ninety days the exchange cancels it, a quarter of an hour after the close."""
    exchange = an_exchange()
    order = submit(exchange, "buy 1 AAPL 90 gtc")[0].order
    assert exchange.advance([], HOURS, order.expires_at) == []
    assert kinds(exchange.advance([], HOURS, order.expires_at + timedelta(minutes=15))) == ["canceled"]


def test_a_fill_before_the_open_needs_extended_hours() -> None:
    """Before the session a market order waits although there is a price."""
    exchange = an_exchange(bars=None)
    exchange.advance([a_bar("100 101 99 100", minute=-31)], HOURS, OPEN - timedelta(minutes=30))
    assert kinds(exchange.submit(a_request("buy 1 AAPL"), HOURS, at(-29))) == ["accepted", "new"]
    assert fills(exchange.submit(a_request("buy 1 AAPL 101 ext"), HOURS, at(-29))) == ["1@100.01"]
