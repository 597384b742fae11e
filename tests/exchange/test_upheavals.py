"""What is done to orders and holdings from outside: fates, halts, splits, transfers, liquidation, replacement."""

from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest

from exchange.exchange_builders import HOURS, a_request, advance, an_exchange, at, fills, kinds, submit
from holdfast.domain.order import OrderStatus
from holdfast.exchange.exchange import Exchange
from holdfast.exchange.margin import AccountTerms
from holdfast.exchange.order import Fate, TimeInForce
from holdfast.exchange.refusal import Refusal
from holdfast.exchange.replacement import Amendment
from holdfast.exchange.status import NEXT, may_follow


def holding(quantity: int = 10) -> Exchange:
    """An exchange that holds AAPL."""
    exchange = an_exchange()
    submit(exchange, f"buy {quantity} AAPL")
    return exchange


def fated(exchange: Exchange, text: str, fate: Fate) -> list[str]:
    """Submit an order with a fate and return the words of what happened."""
    return kinds(exchange.submit(a_request(text), HOURS, at(1), fate=fate))


def test_a_partial_fate_fills_half_and_waits_for_its_release() -> None:
    """Half fills at once, nothing in the next bar, the rest when it is let go."""
    exchange = an_exchange()
    assert fated(exchange, "buy 5 AAPL", Fate.PARTIAL) == ["pending_new", "new", "partial_fill"]
    assert advance(exchange, "100 101 99 100") == []
    assert fills(exchange.release(HOURS, at(3))) == ["3@100.01"]


def test_a_rejected_fate_is_accepted_first() -> None:
    """The answer says pending_new, and the rejection follows."""
    exchange = an_exchange()
    assert fated(exchange, "buy 5 AAPL", Fate.REJECTED) == ["pending_new", "rejected"]
    assert exchange.books.orders.working() == []


def test_a_stuck_cancel_never_ends_and_can_still_fill() -> None:
    """It stays pending_cancel, asking again changes nothing, and a bar fills it."""
    exchange = an_exchange()
    order_id = submit(exchange, "buy 10 AAPL 99")[0].order.id
    assert kinds(exchange.cancel(order_id, at(2), is_stuck=True)) == ["pending_cancel"]
    assert exchange.cancel(order_id, at(2)) == []
    assert kinds(advance(exchange, "100 101 98 100")) == ["fill"]


def test_releasing_a_stuck_cancel_ends_it() -> None:
    """Once the fault is over the order is canceled."""
    exchange = an_exchange()
    order_id = submit(exchange, "buy 10 AAPL 90")[0].order.id
    exchange.cancel(order_id, at(2), is_stuck=True)
    assert kinds(exchange.release(HOURS, at(3))) == ["canceled"]


def test_nothing_trades_in_a_halted_symbol() -> None:
    """Orders are accepted and wait, others trade, and the resumption fills what waits."""
    exchange = an_exchange()
    exchange.halt("AAPL")
    assert kinds(submit(exchange, "buy 1 AAPL")) == ["pending_new", "new"]
    assert advance(exchange, "100 101 99 100") == []
    assert fills(exchange.resume("AAPL", HOURS, at(3))) == ["1@100.01"]


def test_a_delisted_symbol_takes_no_orders() -> None:
    """The holding stays, and every order is refused."""
    exchange = holding()
    exchange.delist("AAPL")
    with pytest.raises(Refusal, match='asset "AAPL" is not active'):
        submit(exchange, "sell 1 AAPL")
    assert exchange.books.ledger.quantity("AAPL") == 10


def test_a_split_rescales_shares_and_leaves_orders_alone() -> None:
    """Four for one: 40 shares at a quarter of the cost, the stop still at its old price, and an entry tells it."""
    exchange = holding()
    stop = submit(exchange, "sell 10 AAPL stop 90 gtc")[0].order
    exchange.split("AAPL", Decimal(4), at(2))
    held = exchange.books.ledger.holdings["AAPL"]
    assert (held.quantity, held.average_entry_price) == (40, Decimal("25.0025"))
    assert exchange.value.equity == Decimal(100_000) - Decimal("0.1")
    assert exchange.books.orders.get(stop.id).request == stop.request
    assert [(entry.type.value, entry.quantity) for entry in exchange.books.activities] == [("SPLIT", 30)]
    # At Alpaca the forgotten stop sells at the first price of the split share.
    assert fills(advance(exchange, "25 26 24 25")) == ["10@25"]


def test_after_a_reverse_split_an_exit_sells_no_more_than_there_is() -> None:
    """One for ten: the old sale closes what is left, and its rest is canceled."""
    exchange = holding()
    order = submit(exchange, "sell 10 AAPL 150 gtc")[0].order
    exchange.split("AAPL", Decimal("0.1"), at(2))
    assert fills(advance(exchange, "1000 1001 999 1000")) == ["1@1000"]
    assert kinds(advance(exchange, "1000 1001 999 1000", 2)) == ["canceled"]
    assert exchange.books.orders.get(order.id).filled_quantity == 1


def test_shares_come_and_go_without_an_order() -> None:
    """A transfer changes the holding, not the cash, and leaves an entry."""
    exchange = holding()
    exchange.transfer("AAPL", Decimal(5), at(2))
    exchange.transfer("AAPL", Decimal(-12), at(3))
    assert exchange.books.ledger.quantity("AAPL") == 3
    assert [entry.quantity for entry in exchange.books.activities] == [5, -12]
    assert exchange.books.ledger.cash == Decimal(100_000) - 10 * Decimal("100.01")


def test_a_liquidation_cancels_and_closes() -> None:
    """The broker ends the symbol's orders and sells all of it."""
    exchange = holding()
    submit(exchange, "sell 10 AAPL 150")
    assert kinds(exchange.liquidate("AAPL", HOURS, at(2))) == ["canceled", "pending_new", "new", "fill"]
    assert exchange.books.ledger.quantity("AAPL") == 0


def test_nothing_stands_in_a_liquidations_way() -> None:
    """A stuck cancel, a delisted symbol and a blocked account do not keep the broker from closing the position."""
    exchange = holding()
    exchange.cancel(submit(exchange, "sell 10 AAPL 150")[0].order.id, at(2), is_stuck=True)
    exchange.delist("AAPL")
    exchange.standing.terms = AccountTerms(is_blocked=True)
    assert kinds(exchange.liquidate("AAPL", HOURS, at(2))) == ["canceled", "pending_new", "new", "fill"]


def test_a_liquidation_without_a_position_ends_the_orders() -> None:
    """With nothing to sell the orders still go."""
    exchange = an_exchange()
    submit(exchange, "buy 10 AAPL 90")
    assert kinds(exchange.liquidate("AAPL", HOURS, at(2))) == ["canceled"]


def test_a_replaced_order_works_on_under_a_new_id() -> None:
    """The old one is replaced and names its successor, which works for what was left."""
    exchange = an_exchange()
    fated(exchange, "buy 10 AAPL 101", Fate.PARTIAL)
    (old,) = exchange.books.orders.working()
    events = exchange.replace(old.id, Amendment(Decimal(8), limit_price=Decimal(99)), HOURS, at(2))
    assert kinds(events) == ["pending_new", "pending_replace", "replaced", "new"]
    new, old = events[0].order, exchange.books.orders.get(old.id)
    assert (old.status.value, old.replaced_by, new.replaces) == ("replaced", new.id, old.id)
    assert (new.request.quantity, new.request.limit_price, new.filled_quantity) == (3, 99, 0)
    exchange.release(HOURS, at(3))
    assert fills(advance(exchange, "100 101 98 99", 3)) == ["3@99"]


@pytest.mark.parametrize(
    ("text", "amendment", "words"),
    [
        ("buy 10 AAPL 90", Amendment(), "order parameters are not changed"),
        ("buy 10 AAPL 90", Amendment(Decimal("5.5")), "qty must be integer"),
        ("buy 1.5 AAPL 90", Amendment(Decimal(2)), "qty must be integer"),
        ("buy 10 AAPL 90", Amendment(stop_price=Decimal(80)), "stop_price cannot be changed"),
        ("buy 10 AAPL 90", Amendment(trail=Decimal(1)), "trail cannot be changed"),
        ("buy 10 AAPL 90", Amendment(limit_price=Decimal("90.001")), "invalid limit_price 90.001"),
        ("buy 10 AAPL", Amendment(Decimal(5)), 'order is already in "filled" state'),
        ("buy 10 AAPL 90", Amendment(Decimal(10_000)), "insufficient buying power"),
        ("buy 1.5 AAPL 90", Amendment(time_in_force=TimeInForce.GTC), "fractional orders must be DAY orders"),
        ("buy 10 AAPL stop 110", Amendment(time_in_force=TimeInForce.IOC), "stop orders must be DAY or GTC orders"),
        ("buy 1 BTC/USD 90 gtc", Amendment(time_in_force=TimeInForce.DAY), "invalid crypto time_in_force"),
    ],
)
def test_not_everything_can_be_replaced(text: str, amendment: Amendment, words: str) -> None:
    """Each reason has its words, and the order stays as it was."""
    exchange = an_exchange()
    order_id = submit(exchange, text)[0].order.id
    before = exchange.books.orders.get(order_id)
    with pytest.raises(Refusal) as caught:
        exchange.replace(order_id, amendment, HOURS, at(2))
    assert caught.value.message.startswith(words)
    assert exchange.books.orders.get(order_id) == before


def test_a_replacement_may_not_cross_an_own_order() -> None:
    """What POST would call a wash trade PATCH calls one too."""
    exchange = holding()
    submit(exchange, "buy 5 AAPL 90")
    order_id = submit(exchange, "sell 5 AAPL 120")[0].order.id
    with pytest.raises(Refusal, match="potential wash trade"):
        exchange.replace(order_id, Amendment(limit_price=Decimal(85)), HOURS, at(2))


def test_a_queued_or_already_replaced_order_cannot_be_replaced() -> None:
    """Too early and too late are told apart."""
    exchange = an_exchange()
    queued = submit(exchange, "buy 1 AAPL 90", 395)[0].order.id
    with pytest.raises(Refusal, match="cannot replace order in accepted status"):
        exchange.replace(queued, Amendment(limit_price=Decimal(91)), HOURS, at(396))
    working = submit(exchange, "buy 1 AAPL 80", 100)[0].order.id
    exchange.replace(working, Amendment(limit_price=Decimal(81)), HOURS, at(101))
    with pytest.raises(Refusal, match="order already replaced"):
        exchange.replace(working, Amendment(limit_price=Decimal(82)), HOURS, at(102))


def test_a_trailing_stop_is_replaced_by_its_trail() -> None:
    """The new distance is in the unit of the old one."""
    exchange = holding()
    order_id = submit(exchange, "sell 10 AAPL trail 2%")[0].order.id
    new = exchange.replace(order_id, Amendment(trail=Decimal(5)), HOURS, at(2))[0].order
    assert (new.request.trail_percent, new.request.trail_price) == (5, None)


def test_no_status_follows_an_end() -> None:
    """Filled, canceled, expired, rejected and replaced are final; every other status leads on."""
    for before, after in product(NEXT, NEXT):
        if before.is_terminal:
            assert not may_follow(before, after)
    assert all(NEXT[status] for status in NEXT if not status.is_terminal)
    ours = {OrderStatus.INTENT, OrderStatus.REFUSED, OrderStatus.ABSENT}
    assert set(NEXT) == set(OrderStatus) - ours


def test_a_split_leaves_no_more_than_nine_decimals() -> None:
    """What a split cannot divide is dropped, so that the rest can still be sold."""
    exchange = holding(1)
    for minute in (2, 3):
        exchange.split("AAPL", Decimal("0.333333"), at(minute))
    assert exchange.books.ledger.quantity("AAPL") == Decimal("0.111110888")
    assert fills(exchange.close_position("AAPL", HOURS, at(4))) == []
    assert fills(advance(exchange, "900 901 899 900", 4)) == ["0.111110888@900"]


def test_no_fill_turns_a_position_round() -> None:
    """After a transfer an old purchase meets a short holding: it closes that first, and opens with the next bar."""
    exchange = an_exchange()
    submit(exchange, "buy 10 AAPL 95")
    exchange.transfer("AAPL", Decimal(-5), at(2))
    assert fills(advance(exchange, "100 101 94 95")) == ["5@95"]
    assert exchange.books.ledger.holdings["AAPL"].realized_pl == 25
    assert fills(advance(exchange, "95 96 94 95", 2)) == ["5@95"]
    assert exchange.books.ledger.holdings["AAPL"].average_entry_price == 95


def test_a_split_that_leaves_nothing_loses_the_cost() -> None:
    """A share in ten billion is no share."""
    exchange = holding(1)
    exchange.split("AAPL", Decimal("0.0000000001"), at(2))
    held = exchange.books.ledger.holdings["AAPL"]
    assert (held.quantity, held.cost, held.realized_pl) == (0, 0, Decimal("-100.01"))


def test_a_fill_or_kill_is_never_filled_in_part() -> None:
    """Where only half can fill nothing does."""
    assert fated(an_exchange(), "buy 10 AAPL fok", Fate.PARTIAL) == ["pending_new", "new", "canceled"]


def test_a_symbol_that_is_listed_no_more_can_be_delisted() -> None:
    """An account that goes on with other prices remembers a name that nobody knows."""
    exchange = an_exchange()
    exchange.delist("NEVER")
    assert "NEVER" in exchange.standing.delisted


def test_a_sleeping_immediate_crypto_order_ends_in_the_end() -> None:
    """An immediate stop-limit that never woke is canceled like any order that is too old."""
    exchange = an_exchange()
    order = submit(exchange, "buy 1 BTC/USD limit 121 stop 120 ioc")[-1].order
    assert kinds(exchange.advance([], HOURS, order.expires_at + timedelta(minutes=15))) == ["canceled"]


def test_percentages_close_dust_too() -> None:
    """A hundred percent is all of it, however little."""
    exchange = an_exchange()
    advance(exchange, "100 101 99 100", 1, "BTC/USD")
    submit(exchange, "buy 0.11 BTC/USD gtc", 3)
    advance(exchange, "1 1 1 1", 3, "BTC/USD")
    exchange.close_position("BTC/USD", HOURS, at(5), percentage=Decimal(100))
    assert exchange.books.ledger.quantity("BTC/USD") == 0
