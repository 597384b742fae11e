"""What the exchange refuses, with Alpaca's status, code and words."""

from decimal import Decimal
from typing import Any

import pytest

from exchange.exchange_builders import HOURS, a_request, an_exchange, at
from holdfast.exchange.order import OrderType, TimeInForce
from holdfast.exchange.refusal import Refusal


@pytest.mark.parametrize(
    ("text", "fields", "status", "code", "words"),
    [
        ("buy 1 NOPE", {}, 422, 42210000, 'asset "NOPE" not found'),
        ("buy 1 GONE", {}, 422, 42210000, 'asset "GONE" is not tradable'),
        ("buy 1 AAPL", {"quantity": None}, 422, 40010001, "qty or notional is required"),
        ("buy 1 AAPL", {"notional": Decimal(5)}, 422, 40010001, "only one of qty or notional is accepted"),
        ("buy 0 AAPL", {}, 422, 40010001, "qty must be > 0"),
        ("buy -1 AAPL", {}, 422, 40010001, "qty must be > 0"),
        ("buy 1 AAPL", {"quantity": None, "notional": Decimal("0.5")}, 422, 40010001, "notional must be >= 1.00"),
        ("buy 1 AAPL", {"type": OrderType.LIMIT}, 422, 40010001, "limit orders require a limit price"),
        ("buy 1 AAPL", {"limit_price": Decimal(5)}, 422, 40010001, "market orders require no limit or stop price"),
        ("buy 1 AAPL 100.001", {}, 422, 42210000, "invalid limit_price 100.001. sub-penny increment"),
        ("buy 1 AAPL 0.12345", {}, 422, 42210000, "invalid limit_price 0.12345. sub-penny increment"),
        ("buy 0.5 AAPL gtc", {}, 422, 42210000, "fractional orders must be DAY orders"),
        ("buy 0.5 WHOLE", {}, 403, 40310000, 'asset "WHOLE" is not fractionable'),
        ("buy 1 AAPL", {"client_order_id": "x" * 129}, 422, 40010001, "client_order_id must be at most 128"),
        ("buy 5000 AAPL", {}, 403, 40310000, "insufficient buying power"),
    ],
)
def test_a_bad_request_is_refused(text: str, fields: dict[str, Any], status: int, code: int, words: str) -> None:
    """Each broken rule has its status, its code and its words, and leaves no order behind."""
    exchange = an_exchange()
    with pytest.raises(Refusal) as caught:
        exchange.submit(a_request(text, **fields), HOURS, at(1))
    assert (caught.value.status, caught.value.code) == (status, code)
    assert caught.value.message.startswith(words)
    assert list(exchange.books.orders.all()) == []


@pytest.mark.parametrize("ending", ["day", "ioc"])
def test_a_client_order_id_is_taken_for_ever(ending: str) -> None:
    """The id of a filled or canceled order is refused as long as the account lives."""
    exchange = an_exchange()
    first = a_request("buy 1 AAPL", client_order_id="mine", time_in_force=TimeInForce(ending))
    assert not exchange.submit(first, HOURS, at(1))[-1].order.is_working
    with pytest.raises(Refusal, match="client_order_id must be unique") as caught:
        exchange.submit(a_request("sell 1 AAPL", client_order_id="mine"), HOURS, at(2))
    assert (caught.value.status, caught.value.code) == (422, 40010001)


def test_shares_held_by_a_working_sell_cannot_be_sold_again() -> None:
    """The refusal says how many shares there are, and how many other orders hold."""
    exchange = an_exchange()
    exchange.submit(a_request("buy 10 AAPL"), HOURS, at(1))
    exchange.submit(a_request("sell 8 AAPL 150"), HOURS, at(1))
    with pytest.raises(Refusal) as caught:
        exchange.submit(a_request("sell 3 AAPL"), HOURS, at(1))
    expected = {"available": "2", "existing_qty": "10", "held_for_orders": "8", "symbol": "AAPL"}
    assert caught.value.extra == expected


def test_cash_reserved_by_a_working_buy_cannot_be_spent_again() -> None:
    """Buying power counts working buys at their limit price."""
    exchange = an_exchange("1000")
    exchange.submit(a_request("buy 9 AAPL 90"), HOURS, at(1))
    with pytest.raises(Refusal) as caught:
        exchange.submit(a_request("buy 2 AAPL"), HOURS, at(1))
    assert caught.value.extra == {"buying_power": "190", "cost_basis": "200.02"}


def test_a_finished_order_cannot_be_canceled() -> None:
    """Canceling a filled order is refused, and an unknown one is not found."""
    exchange = an_exchange()
    order_id = exchange.submit(a_request("buy 1 AAPL"), HOURS, at(1))[0].order.id
    with pytest.raises(Refusal, match='order is already in "filled" state') as caught:
        exchange.cancel(order_id, at(1))
    assert (caught.value.status, caught.value.code) == (422, 42210000)
    with pytest.raises(Refusal, match="order not found for nothing"):
        exchange.cancel("nothing", at(1))


def test_an_order_whose_cost_nobody_knows_is_refused() -> None:
    """Without any price yet an opening market order could cost anything."""
    exchange = an_exchange(bars=None)
    exchange.prices.last.clear()
    with pytest.raises(Refusal, match='no price of "AAPL" is known yet'):
        exchange.submit(a_request("buy 1000000 AAPL"), HOURS, at(-5))


def test_closing_nothing_is_not_found() -> None:
    """Closing a position that does not exist is refused with 404."""
    with pytest.raises(Refusal, match="position does not exist") as caught:
        an_exchange().close_position("AAPL", HOURS, at(1))
    assert (caught.value.status, caught.value.code) == (404, 40410000)
