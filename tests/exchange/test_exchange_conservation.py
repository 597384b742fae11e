"""Whatever flows through the exchange, its books balance."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.exchange_builders import HOURS, NEXT_HOURS, TUESDAY, a_bar, a_bracket, a_request, an_exchange, at
from holdfast.domain.bar import Bar
from holdfast.exchange.exchange import Exchange
from holdfast.exchange.order import Fate, OrderClass, OrderEvent
from holdfast.exchange.refusal import Refusal
from holdfast.exchange.replacement import Amendment

CASH = Decimal(20_000)
SYMBOLS = ("AAPL", "BTC/USD")
TEXTS = (
    "{side} {size} {symbol} {time}",
    "{side} {size} {symbol} {price} {time}",
    "{side} {size} {symbol} stop {price} {time}",
    "{side} {size} {symbol} limit {price} stop {other} {time}",
    "{side} {size} {symbol} trail 2 {time}",
    "{side} {size} {symbol} trail 3% {time}",
    "{side} {size}.5 {symbol} {time}",
)


@dataclass(frozen=True)
class Step:
    """One random thing that happens, with numbers for whatever it needs."""

    kind: str
    text: str
    side: str
    symbol: str
    size: int
    price: int
    other: int
    time: str
    fate: Fate


KINDS = [*["order"] * 6, *["bar"] * 4, "cancel", "close", "replace", "bracket", "oco", "release", "halt"]
steps = st.builds(
    Step,
    kind=st.sampled_from(
        ["order"] * 6 + ["bar"] * 4 + ["cancel", "close", "replace", "bracket", "oco", "release", "halt"]
    ),
    text=st.sampled_from(TEXTS),
    side=st.sampled_from(["buy", "sell"]),
    symbol=st.sampled_from(SYMBOLS),
    size=st.integers(1, 60),
    price=st.integers(80, 120),
    other=st.integers(80, 120),
    time=st.sampled_from(["day", "gtc", "ioc", "fok", "cls"]),
    fate=st.sampled_from([Fate.NORMAL] * 5 + [Fate.PARTIAL, Fate.FROZEN, Fate.REJECTED]),
)
flows = st.lists(steps, max_size=30)


def bar_of(step: Step, number: int) -> Bar:
    """Return the bar that a step stands for."""
    prices = f"{step.price} {max(step.price, step.other)} {min(step.price, step.other)} {step.other}"
    return a_bar(prices, minute=number + 1, symbol=step.symbol)


def play(exchange: Exchange, number: int, step: Step) -> list[OrderEvent]:
    """Carry out one random step; a refusal is no event."""
    now = at(2 + number)
    working = exchange.books.orders.working()
    text = step.text.format(**vars(step))
    commands: dict[str, Callable[[], list[OrderEvent]]] = {
        "order": lambda: exchange.submit(a_request(text), HOURS, now, fate=step.fate),
        "bar": lambda: exchange.advance([bar_of(step, number)], HOURS, now),
        "cancel": lambda: exchange.cancel(working[step.size % len(working)].id, now, is_stuck=step.size % 3 == 0),
        "close": lambda: exchange.close_position(step.symbol, HOURS, now),
        "replace": lambda: exchange.replace(
            working[step.size % len(working)].id, Amendment(Decimal(step.size)), HOURS, now
        ),
        "bracket": lambda: exchange.submit(
            a_bracket(f"{step.side} {step.size} AAPL {step.price} gtc", str(step.price + 3), str(step.price - 3)),
            HOURS,
            now,
        ),
        "oco": lambda: exchange.submit(
            a_bracket(f"sell {step.size} AAPL 125 gtc", "125", "79", order_class=OrderClass.OCO), HOURS, now
        ),
        "release": lambda: exchange.release(HOURS, now),
        "halt": lambda: exchange.resume("AAPL", HOURS, now) if step.size % 2 else exchange.halt("AAPL") or [],
    }
    if step.kind in {"cancel", "replace"} and not working:
        return []
    try:
        return commands[step.kind]()
    except Refusal:
        return []


def worth(exchange: Exchange, before: dict[str, Decimal], after: dict[str, Decimal]) -> Decimal:
    """Return by how much the price moves alone change what is held."""
    held = exchange.books.ledger.open_holdings()
    return sum((held[name].quantity * (after[name] - before[name]) for name in held), Decimal(0))


@settings(max_examples=120, deadline=None)
@given(flows)
def test_cash_and_market_value_change_only_by_price_moves_and_fees(flow: list[Step]) -> None:
    """Every step's change of equity is that of the prices, less what each fill gave away to the spread, less fees."""
    exchange = an_exchange(str(CASH), participation="0.02")
    exchange.advance([a_bar(symbol="BTC/USD")], HOURS, at(1.5))
    for number, step in enumerate(flow):
        prices, equity = dict(exchange.prices.last), exchange.value.equity
        moved = bar_of(step, number) if step.kind == "bar" else None
        after = prices | ({moved.symbol: moved.close} if moved else {})
        expected = equity + worth(exchange, prices, after)
        for event in play(exchange, number, step):
            if event.fill:
                fill = event.fill
                expected += fill.side.sign * fill.quantity * (after[fill.symbol] - fill.price)
                expected -= fill.fee + fill.fee_quantity * after[fill.symbol]
        assert abs(exchange.value.equity - expected) < Decimal("1e-15")


@settings(max_examples=120, deadline=None)
@given(flows)
def test_no_flow_of_orders_breaks_a_rule(flow: list[Step]) -> None:
    """Fills stay in the bar, under the order's quantity and within its limit; nothing is closed or reserved twice."""
    exchange = an_exchange(str(CASH), participation="0.02")
    newest = {"AAPL": a_bar(), "BTC/USD": a_bar(symbol="BTC/USD")}
    exchange.advance([newest["BTC/USD"]], HOURS, at(1.5))
    for number, step in enumerate(flow):
        before = {name: exchange.books.ledger.quantity(name) for name in SYMBOLS}
        if step.kind == "bar":
            newest[step.symbol] = bar_of(step, number)
        for event in play(exchange, number, step):
            order = event.order
            assert order.request.quantity is None or order.filled_quantity <= order.request.quantity
            if event.fill:
                bar = newest[event.fill.symbol]
                assert bar.low <= event.fill.price <= bar.high
                limit = order.request.limit_price
                assert limit is None or (event.fill.price - limit) * order.side.sign <= 0
        for name in SYMBOLS:
            assert before[name] * exchange.books.ledger.quantity(name) >= 0
        assert exchange.books.ledger.quantity("BTC/USD") >= 0
    exchange.release(HOURS, at(200))
    exchange.cancel_all([order.id for order in exchange.books.orders.working()], at(200))
    assert exchange.books.orders.reserved() == 0
    assert [exchange.books.orders.held_quantity(name) for name in SYMBOLS] == [0, 0]


@settings(max_examples=40, deadline=None)
@given(flows)
def test_a_days_end_leaves_only_orders_that_last(flow: list[Step]) -> None:
    """After the next close only good-till-canceled stock orders work."""
    exchange = an_exchange(str(CASH))
    for number, step in enumerate(flow):
        play(exchange, number, step)
    exchange.resume("AAPL", HOURS, at(200))
    exchange.release(HOURS, at(200))
    exchange.advance([], HOURS, HOURS.day.close)
    exchange.advance([], NEXT_HOURS, TUESDAY.close)
    left = [order for order in exchange.books.orders.working() if not order.is_crypto]
    assert {order.request.time_in_force.value for order in left} <= {"gtc"}


@settings(max_examples=40, deadline=None)
@given(flows)
def test_the_same_flow_gives_the_same_events(flow: list[Step]) -> None:
    """Two exchanges with one seed make the same ids, fills and times."""
    first, second = an_exchange(), an_exchange()
    for number, step in enumerate(flow):
        assert play(first, number, step) == play(second, number, step)


def test_a_queued_order_keeps_its_cash_until_the_session() -> None:
    """An order that waits for the open reserves at the last price it knows."""
    exchange = an_exchange()
    exchange.submit(a_request("buy 10 AAPL"), HOURS, HOURS.day.post_close)
    assert exchange.value.buying_power == 4 * Decimal(100000) - 10 * Decimal("100.01")
