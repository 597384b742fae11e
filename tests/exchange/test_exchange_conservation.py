"""Whatever flows through the exchange, its books balance."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.exchange_builders import NEXT_SESSION, SESSION, TRADING, WAITING, a_bar, a_request, an_exchange, at
from holdfast.exchange.exchange import Exchange
from holdfast.exchange.order import OrderEvent
from holdfast.exchange.refusal import Refusal

CASH = Decimal(20_000)
Step = tuple[str, int, int, str, bool]
steps = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell", "bar", "cancel", "close"]),
        st.integers(1, 60),
        st.integers(80, 120),
        st.sampled_from(["day", "gtc", "ioc"]),
        st.booleans(),
    ),
    max_size=40,
)


def play(exchange: Exchange, number: int, step: Step) -> list[OrderEvent]:
    """Carry out one random step; a refusal is no event."""
    kind, size, price, lasts, is_limit = step
    now = at(2 + number)
    try:
        if kind == "bar":
            return exchange.advance(
                [a_bar(f"{price} {price + size % 7} {price - size % 5} {price}", minute=number + 1)], SESSION, now
            )
        if kind == "cancel":
            working = exchange.orders.working()
            return exchange.cancel(working[size % len(working)].id, now) if working else []
        if kind == "close":
            return exchange.close_position("AAPL", TRADING, now)
        limit = f" {price}" if is_limit else ""
        return exchange.submit(a_request(f"{kind} {size} AAPL{limit} {lasts}"), TRADING, now)
    except Refusal:
        return []


@settings(max_examples=150, deadline=None)
@given(steps)
def test_the_books_balance_after_any_flow_of_orders(flow: list[Step]) -> None:
    """Cash plus cost minus realised profit stays the first cash; fills obey the order, the bar and the holding."""
    exchange = an_exchange(str(CASH))
    last = a_bar()
    for number, step in enumerate(flow):
        for event in play(exchange, number, step):
            quantity = event.order.request.quantity or Decimal(0)
            assert event.order.filled_quantity <= quantity
            limit = event.order.request.limit_price
            if event.fill is not None and limit is not None:
                assert (event.fill.price - limit) * event.order.side.sign <= 0
        holding = exchange.ledger.holdings.get("AAPL")
        cost, profit = (holding.cost, holding.realized_pl) if holding else (Decimal(0), Decimal(0))
        assert abs(exchange.ledger.cash + cost - profit - CASH) < Decimal("1e-15")
        assert exchange.ledger.quantity("AAPL") >= 0
        assert exchange.available_quantity("AAPL") >= 0
    exchange.advance([last], NEXT_SESSION, NEXT_SESSION.close)
    for order in exchange.orders.working():
        exchange.cancel(order.id, NEXT_SESSION.close)
    assert exchange.orders.reserved() == 0
    assert exchange.orders.held_quantity("AAPL") == 0
    assert sum(fill.side.sign * fill.quantity for fill in exchange.fills) == exchange.ledger.quantity("AAPL")


@settings(max_examples=30, deadline=None)
@given(steps)
def test_the_same_flow_gives_the_same_events(flow: list[Step]) -> None:
    """Two exchanges with one seed make the same ids, fills and times."""
    first, second = an_exchange(), an_exchange()
    for number, step in enumerate(flow):
        assert play(first, number, step) == play(second, number, step)


def test_a_queued_order_keeps_its_cash_until_the_session() -> None:
    """An order that waits for the open reserves at the last price it knows."""
    exchange = an_exchange()
    exchange.submit(a_request("buy 10 AAPL"), WAITING, at(-5))
    assert exchange.buying_power == Decimal(100000) - 10 * Decimal("100.01")
