"""A worker of a crypto pair: around the clock, with the fee taken in coins, and dust that no order can sell."""

from dataclasses import replace
from decimal import Decimal

from builders import SESSION, a_state, some_rules
from fakes.broker import UNREACHABLE
from fakes.desk import BUY, FLAT, HALF, Desk, a_spec, bar, one_day
from holdfast.domain.order import Side
from holdfast.domain.state import SymbolState
from holdfast.engine.worker import SymbolWorker

PAIR = "BTC/USD"
RULES = replace(some_rules("0.5", lot="1e-9"), quantity_min=Decimal("0.000011"), value_min=Decimal(10))
NET = Decimal("0.49875")


def a_worker(desk: Desk) -> SymbolWorker:
    """Return the worker of half a coin."""
    return desk.worker(a_spec(PAIR, rules=RULES))


def on_file(desk: Desk) -> SymbolState:
    """Return the pair's file."""
    return desk.store.state(PAIR)


def sent(desk: Desk) -> list[tuple[Side, Decimal]]:
    """Return what was ordered."""
    return [(order.side, order.quantity) for order in desk.broker.received]


def test_what_is_sold_is_what_the_fee_left() -> None:
    """The bar after a purchase finds the fee booked as a loss, and the exit sells what the account holds."""
    desk = Desk()
    one_day(desk, bar(1, BUY, PAIR), lambda: desk.moves_to(2), bar(2, FLAT, PAIR), worker=a_worker(desk))
    assert sent(desk) == [(Side.BUY, Decimal("0.5")), (Side.SELL, NET)]
    state = on_file(desk)
    assert (state.position.quantity, desk.broker.held(PAIR)) == (0, 0)
    assert state.position.realized_pl == Decimal("-0.125")
    assert state.last_correction is not None
    assert "fee" in state.last_correction.why


def test_the_fee_is_not_bought_back() -> None:
    """Bar after bar of the same signal is one purchase, and a memory without its target sees it as done too."""
    desk = Desk()
    steps = [step for minute in (2, 3) for step in (lambda: None, bar(minute, BUY, PAIR))]
    one_day(desk, bar(1, BUY, PAIR), *steps, worker=a_worker(desk))
    desk.store.disk[PAIR] = replace(on_file(desk), target=Decimal(0))
    desk.moves_to(4)
    one_day(desk, bar(4, BUY, PAIR), worker=a_worker(desk))
    assert (len(desk.broker.received), on_file(desk).position.quantity) == (1, NET)
    last = on_file(desk).last_decision
    assert last is not None
    assert last.why == "already long 0.49875; the rest went into the fee"


def test_a_position_that_cannot_be_read_leaves_the_fee_to_the_reconciler() -> None:
    """The bar is decided on all the same, and a reconcile is rung for."""
    desk = Desk()

    def fail() -> None:
        desk.broker.reads_failing = UNREACHABLE

    one_day(desk, bar(1, BUY, PAIR), fail, bar(2, BUY, PAIR), worker=a_worker(desk))
    assert on_file(desk).position.quantity == Decimal("0.5")
    assert desk.portfolio.reconcile_wanted.is_set()


def test_more_than_the_fee_left_is_never_ordered_away() -> None:
    """While the positions do not show the purchase yet, an exit waits for them: the file is known to say too much."""
    desk = Desk()
    desk.broker.position_lag_s = 10
    one_day(desk, bar(1, BUY, PAIR), bar(2, FLAT, PAIR), worker=a_worker(desk))
    assert sent(desk) == [(Side.BUY, Decimal("0.5"))]
    assert desk.portfolio.reconcile_wanted.is_set()
    last = on_file(desk).last_decision
    assert last is not None
    assert "reading the position before the exit" in last.why


def test_a_part_is_sold_of_what_is_left_and_dust_stays() -> None:
    """Half the signal sells down to half; what is worth less than ten dollars is no order (F16)."""
    desk = Desk()
    one_day(desk, bar(1, BUY, PAIR), lambda: desk.moves_to(2), bar(2, HALF, PAIR), worker=a_worker(desk))
    assert sent(desk)[1:] == [(Side.SELL, Decimal("0.24875"))]
    dust = Desk(a_state("0.09", symbol=PAIR, target=Decimal(0)))
    one_day(dust, bar(1, FLAT, PAIR), worker=a_worker(dust))
    last = on_file(dust).last_decision
    assert (dust.broker.received, last and last.why) == ([], "the 0.09 left are dust, below the smallest order")


def test_a_pair_is_traded_when_the_stocks_are_not() -> None:
    """After the close a pair buys, and a stock waits for the session."""
    desk = Desk()
    minutes = int((SESSION.close - desk.clock.now()).total_seconds() // 60) + 30
    desk.moves_to(minutes)
    one_day(desk, bar(minutes, BUY, PAIR), worker=a_worker(desk))
    one_day(desk, bar(minutes, BUY))
    assert [order.symbol for order in desk.broker.received] == [PAIR]
    last = desk.store.state().last_decision
    assert last is not None
    assert last.why == "the market is closed"
