"""Brackets, OCO and OTO: legs wait, wake, and end each other."""

from dataclasses import replace
from decimal import Decimal

import pytest

from exchange.exchange_builders import HOURS, a_bar, a_bracket, advance, an_exchange, at, fills, kinds, submit
from holdfast.domain.order import OrderStatus
from holdfast.exchange.exchange import Exchange
from holdfast.exchange.order import Fate, Order, OrderClass, OrderRequest, StopLoss, TimeInForce
from holdfast.exchange.refusal import Refusal
from holdfast.exchange.replacement import Amendment


def placed(exchange: Exchange, request: OrderRequest, **fate: Fate) -> tuple[Order, ...]:
    """Place an advanced order and return it with its legs as they now are."""
    order_id = exchange.submit(request, HOURS, at(1), **fate)[0].order.id
    order = exchange.books.orders.get(order_id)
    return order, *exchange.books.orders.legs(order)


def statuses(exchange: Exchange, *orders: Order) -> list[str]:
    """Return where orders stand now."""
    return [exchange.books.orders.get(order.id).status.value for order in orders]


def test_the_legs_wake_when_the_entry_is_completely_filled() -> None:
    """They are held while the entry works, and new once it has filled."""
    exchange = an_exchange()
    family = placed(exchange, a_bracket("buy 10 AAPL 99"))
    assert statuses(exchange, *family) == ["new", "held", "held"]
    assert kinds(advance(exchange, "100 100 98 99")) == ["fill", "new", "new"]
    assert exchange.available_quantity("AAPL") == 0


@pytest.mark.parametrize(
    ("bar", "filled", "ends"),
    [
        ("108 111 107 110", ["10@110"], ["filled", "filled", "canceled"]),
        ("92 93 89 90", ["10@90"], ["filled", "canceled", "filled"]),
    ],
)
def test_one_exit_ends_the_other(bar: str, filled: list[str], ends: list[str]) -> None:
    """The profit's fill cancels the stop, the stop's fill cancels the profit."""
    exchange = an_exchange()
    family = placed(exchange, a_bracket())
    assert fills(advance(exchange, bar)) == filled
    assert statuses(exchange, *family) == ends
    assert exchange.books.ledger.quantity("AAPL") == 0


def test_a_part_of_one_exit_shrinks_the_other() -> None:
    """After a partial profit the stop keeps what is left, and says so."""
    exchange = an_exchange(participation="0.5")
    _, _, stop = placed(exchange, a_bracket("buy 500 AAPL"))
    thin = replace(a_bar("110 111 109 110", minute=1), volume=Decimal(200))
    events = exchange.advance([thin], HOURS, at(2))
    assert kinds(events) == ["partial_fill", "restated"]
    assert exchange.books.orders.get(stop.id).open_quantity == 400


def test_canceling_a_leg_ends_the_group() -> None:
    """Without its stop the profit goes too, and the shares are free again."""
    exchange = an_exchange()
    _, profit, stop = placed(exchange, a_bracket())
    assert kinds(exchange.cancel(stop.id, at(2))) == ["canceled", "canceled"]
    assert statuses(exchange, profit, stop) == ["canceled", "canceled"]
    assert exchange.available_quantity("AAPL") == 10


def test_an_entry_canceled_half_way_leaves_its_shares_unprotected() -> None:
    """The legs of a partly filled entry go with it."""
    exchange = an_exchange()
    family = placed(exchange, a_bracket(), fate=Fate.PARTIAL)
    assert statuses(exchange, *family) == ["partially_filled", "held", "held"]
    exchange.cancel(family[0].id, at(2))
    assert statuses(exchange, *family) == ["canceled", "canceled", "canceled"]
    assert exchange.books.ledger.quantity("AAPL") == 5


def test_an_oco_protects_a_position_and_holds_it_once() -> None:
    """Its limit and its stop share the same shares; the stop's fill cancels the limit."""
    exchange = an_exchange()
    submit(exchange, "buy 10 AAPL")
    parent, stop = placed(exchange, a_bracket("sell 10 AAPL 110", "110", "95", order_class=OrderClass.OCO))
    assert statuses(exchange, parent, stop) == ["new", "new"]
    assert exchange.available_quantity("AAPL") == 0
    assert fills(advance(exchange, "96 97 94 95")) == ["10@95"]
    assert statuses(exchange, parent, stop) == ["canceled", "filled"]


def test_an_oco_without_a_position_is_refused() -> None:
    """It is an exit, never an entry."""
    with pytest.raises(Refusal, match="oco orders must be exit orders"):
        placed(an_exchange(), a_bracket("buy 10 AAPL 90", "90", "105", order_class=OrderClass.OCO))


@pytest.mark.parametrize("order_class", [OrderClass.BRACKET, OrderClass.OTO])
def test_a_bracket_against_a_position_is_refused(order_class: OrderClass) -> None:
    """Its legs would wait to close what nobody has opened."""
    exchange = an_exchange()
    submit(exchange, "buy 10 AAPL")
    request = a_bracket("sell 4 AAPL", "90", "110", order_class=order_class)
    with pytest.raises(Refusal, match=f"{order_class.value} orders must be entry orders"):
        placed(exchange, replace(request, stop_loss=None) if order_class is OrderClass.OTO else request)


def test_an_oto_has_one_leg() -> None:
    """The one exit wakes with the fill of the entry."""
    exchange = an_exchange()
    entry, stop = placed(exchange, a_bracket(order_class=OrderClass.OTO, take_profit=None))
    assert statuses(exchange, entry, stop) == ["filled", "new"]
    assert fills(advance(exchange, "92 93 89 90")) == ["10@90"]


def test_a_replaced_leg_stays_in_its_group() -> None:
    """The new stop ends the profit just as the old one would have."""
    exchange = an_exchange()
    _, profit, stop = placed(exchange, a_bracket())
    new = exchange.replace(stop.id, Amendment(stop_price=Decimal(95)), HOURS, at(2))[0].order
    assert statuses(exchange, stop, new) == ["replaced", "new"]
    assert fills(advance(exchange, "96 97 94 95")) == ["10@95"]
    assert statuses(exchange, profit) == ["canceled"]


def test_a_leg_that_waits_can_be_replaced_and_goes_on_waiting() -> None:
    """Its successor is held until the entry fills."""
    exchange = an_exchange()
    _, _, stop = placed(exchange, a_bracket("buy 10 AAPL 99"))
    new = exchange.replace(stop.id, Amendment(stop_price=Decimal(95)), HOURS, at(2))[0].order
    assert exchange.books.orders.get(new.id).status is OrderStatus.HELD
    assert kinds(advance(exchange, "100 100 98 99")) == ["fill", "new", "new"]


def test_the_legs_of_a_day_order_expire_with_the_day() -> None:
    """At the close both exits of a day bracket expire."""
    exchange = an_exchange()
    placed(exchange, a_bracket())
    assert kinds(exchange.advance([], HOURS, HOURS.day.close)) == ["expired", "expired"]


def test_a_rejected_bracket_leaves_no_leg_behind() -> None:
    """Rejection after acceptance ends the legs with the entry."""
    exchange = an_exchange()
    family = placed(exchange, a_bracket(), fate=Fate.REJECTED)
    assert statuses(exchange, *family) == ["rejected", "canceled", "canceled"]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (a_bracket(profit="100"), "take_profit.limit_price must be >= base_price + 0.01"),
        (a_bracket(loss="100"), "stop_loss.stop_price must be <= base_price - 0.01"),
        (a_bracket("buy 10 AAPL 95", "96", "95"), "stop_loss.stop_price must be <= base_price - 0.01"),
        (a_bracket("sell 10 AAPL", "90", "99"), "stop_loss.stop_price must be >= base_price + 0.01"),
        (a_bracket("sell 10 AAPL", "100", "110"), "take_profit.limit_price must be <= base_price - 0.01"),
        (a_bracket(take_profit=None), "bracket orders require take_profit.limit_price"),
        (a_bracket(stop_loss=None), "bracket orders require stop_loss.stop_price"),
        (a_bracket(order_class=OrderClass.OTO), "oto orders require exactly one of"),
        (a_bracket("buy 10 AAPL stop 105"), "bracket orders must be entered with a market or limit order"),
        (a_bracket("buy 10 AAPL ioc"), "bracket orders must be DAY or GTC orders"),
        (a_bracket("buy 10 AAPL 99 ext"), "bracket orders are not allowed in extended hours"),
        (a_bracket("buy 1.5 AAPL"), "fractional orders must be simple orders"),
        (a_bracket("buy 1 BTC/USD gtc"), "crypto orders not allowed for advanced order_class: otoco"),
        (a_bracket(order_class=OrderClass.SIMPLE), "take_profit and stop_loss require order_class"),
        (a_bracket(stop_loss=StopLoss(Decimal("90.001"))), "invalid stop_loss.stop_price 90.001"),
        (a_bracket("sell 10 AAPL", order_class=OrderClass.OCO), "oco orders must be limit orders"),
    ],
)
def test_a_wrong_bracket_is_refused(request_: OrderRequest, words: str) -> None:
    """Each rule of advanced orders has its words."""
    with pytest.raises(Refusal) as caught:
        an_exchange().submit(request_, HOURS, at(1))
    assert caught.value.message.startswith(words)


def test_a_leg_that_wakes_in_a_bar_does_not_fill_in_it() -> None:
    """The bar that fills the entry has seen the profit's price before it: the leg waits for the next bar."""
    exchange = an_exchange()
    family = placed(exchange, a_bracket("buy 10 AAPL 95", "99", "90"))
    assert fills(advance(exchange, "100 101 94 96")) == ["10@95"]
    assert statuses(exchange, *family) == ["filled", "new", "new"]


def test_of_two_exits_that_a_bar_touches_the_stop_comes_first() -> None:
    """Nobody knows which came first: the worse one did."""
    exchange = an_exchange()
    placed(exchange, a_bracket("buy 10 AAPL", "105", "95"))
    assert fills(advance(exchange, "100 106 94 100")) == ["10@95"]


def test_a_resumption_fills_one_exit_and_no_more() -> None:
    """Both exits could fill at the price after a halt: the first ends the other."""
    exchange = an_exchange()
    submit(exchange, "buy 20 AAPL")
    oco = a_bracket("sell 10 AAPL 105", "105", order_class=OrderClass.OCO, stop_loss=StopLoss(Decimal(95), Decimal(94)))
    placed(exchange, oco)
    advance(exchange, "93 93 93 93")
    exchange.halt("AAPL")
    advance(exchange, "110 110 110 110", 2)
    assert len(fills(exchange.resume("AAPL", HOURS, at(4)))) == 1
    assert exchange.books.ledger.quantity("AAPL") == 10


@pytest.mark.parametrize(
    ("leg", "amendment", "words"),
    [
        (2, Amendment(stop_price=Decimal(110)), "take_profit.limit_price must lie 0.01 or more beyond"),
        (1, Amendment(limit_price=Decimal(90)), "take_profit.limit_price must lie 0.01 or more beyond"),
        (1, Amendment(time_in_force=TimeInForce.IOC), "bracket orders must be DAY or GTC orders"),
        (1, Amendment(Decimal(5)), "qty cannot be changed for advanced orders"),
    ],
)
def test_a_leg_is_replaced_within_the_rules_of_its_group(leg: int, amendment: Amendment, words: str) -> None:
    """Profit stays beyond loss, and both last."""
    exchange = an_exchange()
    family = placed(exchange, a_bracket())
    with pytest.raises(Refusal) as caught:
        exchange.replace(family[leg].id, amendment, HOURS, at(2))
    assert caught.value.message.startswith(words)
