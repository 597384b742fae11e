"""Famous accidents of other bots, each lived through with several symbols and a restart; each test can fail, too."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from builders import SESSION
from fakes.broker import Submit
from fakes.desk import BUY, FLAT, SILENT, a_spec
from holdfast.domain.order import Side
from holdfast.domain.session import Session
from holdfast.domain.state import Status
from holdfast.engine.memory import Unreadable
from holdfast.engine.ports import Assumptions
from planted.plants import CorruptIsFlat, DeadAt404, Plant, TimeoutIsRejection
from proofs import peers
from proofs.lives import Lives, meanwhile, minute, never_twice, nothing_more_to_correct, wait

WEEKEND = timedelta(days=3)
Accident = Callable[[Lives], None]


def three_symbols(plant: Plant | None = None) -> Lives:
    """Return an account and a disk for AAPL, MSFT and GOOG."""
    return Lives(a_spec("AAPL"), a_spec("MSFT"), a_spec("GOOG"), plant=plant)


@pytest.fixture
def lives() -> Lives:
    """Return what outlives the bot; all its parts are good."""
    return three_symbols()


def test_an_unanswered_submit_is_not_declared_rejected_while_its_order_lives(lives: Lives) -> None:
    """Look-ups before and after a restart do not know the order, which lives: it is found, and no other one is sent."""
    lives.broker.fills_at_once, lives.broker.listing_lag_s = False, 130
    lives.broker.assumptions = Assumptions(request_lifetime_s=150, listing_lag_s=130, position_lag_s=10)
    lives.broker.plan.append(Submit.ACCEPT_AND_TIME_OUT)
    lives.live(minute(BUY, BUY, FLAT), wait(30))
    lives.live(minute(BUY, BUY, FLAT), wait(60))
    lives.live(wait(60), minute(BUY, BUY, FLAT), meanwhile(lives.fill_all), wait(10))
    assert lives.sent("AAPL") == lives.sent("MSFT") == [("buy", 10)]
    assert (lives.statuses(), lives.file().position.quantity, lives.broker.held()) == (["filled"], 10, 10)
    never_twice(lives)


def test_a_restart_does_not_send_its_orders_again(lives: Lives) -> None:
    """Six starts with a strategy that says long at each: one order per symbol, working first and filled later."""
    lives.broker.fills_at_once = False
    for _ in range(3):
        lives.live(minute(BUY, BUY, FLAT))
    lives.fill_all()
    for _ in range(3):
        lives.live(minute(BUY, BUY, FLAT))
    assert lives.sent("AAPL") == lives.sent("MSFT") == [("buy", 10)]
    assert lives.broker.held("AAPL") == lives.broker.held("MSFT") == 10
    never_twice(lives)


def test_a_working_order_is_not_dropped_at_the_start(lives: Lives) -> None:
    """A partly filled entry and an exit work at the broker over a restart: both stay on file and are booked whole."""
    lives.live(minute(FLAT, BUY, FLAT))
    lives.broker.fills_at_once = False
    lives.live(minute(BUY, FLAT, FLAT))
    entry = lives.broker.received[-2].client_order_id
    lives.broker.fill(entry, 4)
    lives.live(
        minute(BUY, FLAT, FLAT),
        meanwhile(lambda: lives.broker.fill(entry)),
        meanwhile(lives.fill_all),
    )
    assert (lives.statuses("AAPL"), lives.statuses("MSFT")) == (["filled"], ["filled", "filled"])
    assert (lives.file("AAPL").position.quantity, lives.file("MSFT").position.quantity) == (10, 0)
    assert (lives.sent("AAPL"), lives.sent("MSFT")) == ([("buy", 10)], [("buy", 10), ("sell", 10)])
    never_twice(lives)


def test_restarts_make_no_fills_up(lives: Lives) -> None:
    """A sale of the owner's and shares that no fill explains are booked once; five more starts change not one byte."""
    lives.live(minute(BUY, BUY, FLAT))
    lives.clock.advance(60)
    lives.broker.trade_by_hand(Side.SELL, 4)
    lives.broker.hand_over(13, "MSFT")
    lives.live(wait(60))
    assert (lives.file("AAPL").position.quantity, lives.file("MSFT").position.total_quantity) == (6, 13)
    assert lives.file("AAPL").status is lives.file("MSFT").status is Status.ACTIVE
    for _ in range(5):
        lives.clock.advance(600)
        nothing_more_to_correct(lives)
    never_twice(lives, most=13)


def test_what_was_sold_at_the_exchange_while_down_is_neither_sold_nor_bought_again(lives: Lives) -> None:
    """The owner sold all of one symbol and four of another: the next start knows, and an exit sells what is left."""
    lives.live(minute(BUY, BUY, FLAT))
    lives.clock.advance(60)
    lives.broker.trade_by_hand(Side.SELL, 10, "AAPL")
    lives.broker.trade_by_hand(Side.SELL, 4, "MSFT")
    life = lives.live(minute(BUY, BUY, BUY))
    lives.live(minute(FLAT, FLAT, FLAT))
    assert (lives.sent("AAPL"), lives.sent("MSFT")) == ([("buy", 10)], [("buy", 10), ("sell", 6)])
    assert [(symbol, one.now) for symbol, one in life.report.corrections] == [("AAPL", "0"), ("MSFT", "6")]
    assert {lives.broker.held(symbol) for symbol in ("AAPL", "MSFT", "GOOG")} == {0}
    never_twice(lives)


def test_an_open_entry_is_not_believed_to_be_a_position(lives: Lives) -> None:
    """After a restart the file says flat and working: a signal of 0 cancels the entry and sells nothing."""
    lives.live(minute(FLAT, BUY, FLAT))
    lives.broker.fills_at_once = False
    lives.live(minute(BUY, SILENT, FLAT))
    lives.live(minute(FLAT, SILENT, FLAT))
    assert (lives.sent(), lives.broker.canceled) == ([("buy", 10)], [f"broker-{lives.newest}"])
    assert (lives.file().is_in_position, lives.statuses()) == (False, ["new"])
    lives.broker.end(lives.newest)
    lives.live(minute(FLAT, SILENT, FLAT))
    assert (lives.file().position.quantity, lives.statuses()) == (0, ["canceled"])
    lives.broker.fills_at_once = True
    never_twice(lives)


def test_one_delisted_symbol_does_not_stop_the_others(lives: Lives) -> None:
    """Delisted with a position while the bot was down: it is suspended with its reason, and the others trade on."""
    lives.live(minute(FLAT, BUY, BUY))
    lives.broker.listed.remove("GOOG")
    life = lives.live(minute(BUY, FLAT, FLAT))
    assert life.bars.symbols == ["AAPL", "MSFT"]
    state = lives.file("GOOG")
    assert (state.status, state.position.quantity) == (Status.SUSPENDED, 10)
    assert "does not know GOOG" in (state.status_reason or "")
    assert (lives.sent("AAPL"), lives.sent("MSFT")) == ([("buy", 10)], [("buy", 10), ("sell", 10)])
    lives.live()
    nothing_more_to_correct(lives)
    never_twice(lives)


def test_one_lost_fill_on_a_healthy_stream_is_not_sold_again_and_again(lives: Lives) -> None:
    """The stream tells of another symbol's fill and never of this one: a look-up does, and one exit was enough."""
    lives.live(minute(BUY, BUY, FLAT))
    lives.broker.fills_at_once = False

    def both_fill() -> None:
        heard = lives.broker.on_update
        lives.broker.on_update = lambda view: heard(view) if view.symbol == "MSFT" else None
        lives.fill_all()

    def look() -> None:
        seen.extend(lives.file(symbol).position.quantity for symbol in ("AAPL", "MSFT"))

    seen: list[Decimal] = []
    flat = minute(FLAT, FLAT, FLAT)
    lives.live(flat, meanwhile(both_fill), wait(10), meanwhile(look), flat, flat)
    lives.broker.fills_at_once = True
    lives.live(flat, flat, flat)
    assert lives.sent("AAPL") == lives.sent("MSFT") == [("buy", 10), ("sell", 10)]
    assert lives.broker.held("AAPL") == lives.broker.held("MSFT") == 0
    assert seen == [0, 0], "not booked within 10 s"
    never_twice(lives)


@pytest.mark.parametrize("runs_through", [True, False])
def test_a_split_sells_nothing_at_the_open(lives: Lives, runs_through: bool) -> None:  # noqa: FBT001 - a table
    """Seven new shares for each old one over the week-end: all seventy are managed, and sold when the strategy says."""
    _two_sessions(lives)
    lives.broker.price = Decimal(700)
    holding = minute(BUY, BUY, FLAT)

    def weekend() -> None:
        lives.clock.advance(WEEKEND.total_seconds() - 3600)
        lives.broker.price = Decimal(100)
        lives.broker.split(7)
        lives.clock.advance(3600)

    if runs_through:
        lives.live(holding, meanwhile(weekend), holding, holding)
    else:
        lives.live(holding)
        weekend()
        lives.live(holding, holding)
    assert lives.sent("AAPL") == lives.sent("MSFT") == [("buy", 10)]
    assert (lives.file().position.quantity, lives.file().position.unmanaged_quantity) == (70, 0)
    lives.live(minute(FLAT, BUY, FLAT))
    assert (lives.sent("AAPL")[1:], lives.broker.held("AAPL"), lives.broker.held("MSFT")) == ([("sell", 70)], 0, 10)
    never_twice(lives)


def _two_sessions(lives: Lives) -> None:
    monday = Session(SESSION.open + WEEKEND, SESSION.close + WEEKEND)

    async def sessions(*_days: object) -> list[Session]:
        return [SESSION, monday]

    lives.broker.sessions = sessions  # type: ignore[method-assign,assignment]


def test_a_corrupted_state_does_not_read_as_flat(lives: Lives) -> None:
    """A damaged file, its backup gone too: ten are held, ten stand in the new file, and none is bought again."""
    lives.live(minute(BUY, BUY, FLAT))
    lives.store.disk["AAPL"] = Unreadable("it is not valid JSON: truncated or damaged", None)
    lives.live()
    assert (lives.file().position.quantity, len(lives.store.aside)) == (10, 1)
    nothing_more_to_correct(lives)
    lives.live(minute(BUY, BUY, BUY))
    assert lives.sent("AAPL") == lives.sent("MSFT") == [("buy", 10)]
    never_twice(lives)


# --- each of them can fail ----------------------------------------------------------------------------------------


def overnight(lives: Lives) -> None:
    """The split while the bot runs."""
    test_a_split_sells_nothing_at_the_open(lives, runs_through=True)


def while_down(lives: Lives) -> None:
    """The split while the bot is down."""
    test_a_split_sells_nothing_at_the_open(lives, runs_through=False)


unanswered = test_an_unanswered_submit_is_not_declared_rejected_while_its_order_lives
MISTAKES: list[tuple[Plant, Accident]] = [
    (Plant(worker=peers.GivesUpAfterThreeLooks), unanswered),
    (Plant(worker=TimeoutIsRejection), unanswered),
    (Plant(worker=DeadAt404), unanswered),
    (Plant(worker=peers.StartsWithoutMemory), test_a_restart_does_not_send_its_orders_again),
    (Plant(worker=peers.DropsWorkingOrders), test_a_restart_does_not_send_its_orders_again),
    (Plant(worker=peers.DropsWorkingOrders), test_a_working_order_is_not_dropped_at_the_start),
    (Plant(broker=peers.MakesFillsUp), test_restarts_make_no_fills_up),
    (
        Plant(broker=peers.SeesNobodyElse),
        test_what_was_sold_at_the_exchange_while_down_is_neither_sold_nor_bought_again,
    ),
    (Plant(worker=peers.CountsOpenEntries), test_an_open_entry_is_not_believed_to_be_a_position),
    (Plant(worker=peers.DiesOfOneSymbol), test_one_delisted_symbol_does_not_stop_the_others),
    (
        Plant(worker=peers.WaitsForTheStreamAlone),
        test_one_lost_fill_on_a_healthy_stream_is_not_sold_again_and_again,
    ),
    (Plant(worker=peers.ResizesAtEveryBar), overnight),
    (Plant(worker=peers.ResizesAtEveryBar), while_down),
    (Plant(store=CorruptIsFlat), test_a_corrupted_state_does_not_read_as_flat),
]


@pytest.mark.parametrize(("plant", "accident"), MISTAKES)
def test_the_mistake_is_caught(plant: Plant, accident: Accident) -> None:
    """With the other bots' mistake in its place, the accident happens and its test fails."""
    with pytest.raises(AssertionError):
        accident(three_symbols(plant))
