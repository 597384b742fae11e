"""Orders that sleep until the market trades at their stop: where they wake up, at what they fill, what they show."""

from datetime import timedelta
from typing import Any

import pytest

from holdfast.simulator.prices import RecordedPrices
from holdfast.simulator.timetable import MarketHours
from simulator.orders.conftest import OpenDesk
from simulator.orders.desk import OPEN, Desk, legs, minutes

# The order, the bars after the first one at $100 (open high low close), and where it stands after each.
# A buy stop is protected: 2.5 % above its stop, 4 % below $50. Ten shares are held for the sales.
TABLE: list[tuple[str, str, list[str]]] = [
    ("buy 1 XYZ stop 105", "101 104 100 103 | 103 106 102 104", ["new", "filled 1 at 105"]),
    ("buy 1 XYZ stop 105", "106 108 105 107", ["filled 1 at 106"]),
    ("buy 1 XYZ stop 105", "110 112 109 111 | 111 111 107 108", ["new", "filled 1 at 107.63"]),
    ("buy 1 XYZ stop 105", "110 112 109 111 | 107 107 106 106", ["new", "filled 1 at 107"]),
    ("sell 1 XYZ stop 95", "99 99 96 97 | 97 98 94 96", ["new", "filled 1 at 95"]),
    ("sell 1 XYZ stop 95", "90 91 80 85", ["filled 1 at 90"]),
    ("buy 1 XYZ stop 105 limit 106", "104 105 104 105", ["filled 1 at 105"]),
    ("buy 1 XYZ stop 105 limit 106", "108 109 107 108 | 108 108 106 107", ["new", "filled 1 at 106"]),
    ("sell 1 XYZ stop 95 limit 94", "93 93 92 92 | 92 95 92 95", ["new", "filled 1 at 94"]),
    ("sell 1 XYZ trail 5", "102 104 101 103 | 103 103 98 98", ["new", "filled 1 at 99"]),
    ("sell 1 XYZ trail 5", "98 99 96 97 | 96 96 94 94", ["new", "filled 1 at 95"]),
    ("sell 1 XYZ trail 10%", "110 120 110 120 | 109 109 107 107", ["new", "filled 1 at 108"]),
    ("buy 1 XYZ trail 5", "98 98 96 97 | 98 102 98 102", ["new", "filled 1 at 101"]),
    ("buy 1 XYZ trail 10%", "90 90 80 80 | 90 90 85 90", ["new", "filled 1 at 90"]),
]


@pytest.mark.parametrize(("text", "bars", "stages"), TABLE)
def test_a_sleeping_order_wakes_up_at_its_stop(open_desk: OpenDesk, text: str, bars: str, stages: list[str]) -> None:
    """It fills at its stop, at the open of a bar that begins beyond it, and never beyond its limit."""
    desk = open_desk(XYZ=f"100 | {bars}")
    desk.place("buy 10 XYZ")
    order = desk.place(text)
    for stage in stages:
        desk.step()
        assert desk.tell(order) == stage


def test_a_buy_stop_below_fifty_dollars_is_protected_by_four_percent(open_desk: OpenDesk) -> None:
    """A stop of $40 waits above $41.60 and fills there when the price comes back."""
    desk = open_desk(XYZ="39 | 43 44 43 44 | 44 44 41 42")
    order = desk.place("buy 1 XYZ stop 40")
    desk.step()
    assert desk.tell(order) == "new"
    desk.step()
    assert desk.tell(order) == "filled 1 at 41.6"


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("sell 1 XYZ trail 5", ("100", "95"), ("104", "99")),
        ("sell 1 XYZ trail 5%", ("100", "95"), ("104", "98.8")),
        ("buy 1 XYZ trail 5", ("100", "105"), ("99", "104")),
    ],
)
def test_a_trail_shows_its_mark_and_its_stop(
    open_desk: OpenDesk, text: str, first: tuple[str, str], second: tuple[str, str]
) -> None:
    """The best price since it began and the stop behind it are in the answer and move with the market."""
    desk = open_desk(XYZ="100 | 101 104 99 103 | 103")
    desk.place("buy 10 XYZ")
    order = desk.place(text)
    assert (order.hwm, order.stop_price) == first
    desk.step()
    found = desk.look(order)
    assert (found.hwm, found.stop_price) == second


def test_a_stop_sleeps_outside_the_session(start_simulator: Any) -> None:  # noqa: ANN401 - a factory
    """Prices before the open and after the close wake no stop and move no trail; the next session's do."""
    tuesday = OPEN + timedelta(days=1)
    bars = [
        *minutes("XYZ", ["100"] * 3),
        *minutes("XYZ", ["80", "130", "80"], OPEN + timedelta(minutes=390)),
        *minutes("XYZ", ["80", "130", "80"], tuesday - timedelta(minutes=90)),
        *minutes("XYZ", ["100", "90"], tuesday),
    ]
    desk = Desk(start_simulator(RecordedPrices({"XYZ": bars}, MarketHours.EXTENDED)))
    desk.sim.run_to("2026-01-05T14:31:00Z")
    desk.place("buy 10 XYZ")
    stop = desk.place("sell 1 XYZ stop 95 gtc")
    trail = desk.place("sell 1 XYZ trail 8 gtc")
    desk.sim.run_to("2026-01-06T14:31:00Z")
    assert [desk.tell(order) for order in (stop, trail)] == ["new", "new"]
    assert desk.look(trail).hwm == "100"
    desk.sim.run_to("2026-01-06T14:32:00Z")
    assert [desk.tell(order) for order in (stop, trail)] == ["filled 1 at 90", "filled 1 at 90"]


def test_the_stop_of_a_bracket_may_have_a_limit(open_desk: OpenDesk) -> None:
    """A stop-loss with a limit is a stop-limit leg, which a gap leaves behind."""
    desk = open_desk(XYZ="100 | 100 | 80 | 80")
    entry = desk.place("buy 5 XYZ", order_class="bracket", profit=120, loss=90, loss_limit=89)
    (_, loss) = legs(entry)
    assert (loss.type.value, loss.stop_price, loss.limit_price) == ("stop_limit", "90", "89")
    desk.step(2)
    assert desk.tell(loss) == "new"
    assert desk.positions == {"XYZ": "5"}
