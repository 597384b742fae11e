"""Fills bounded by volume: a bar of a thousand shares lets ten of them go to this account."""

from decimal import Decimal

import pytest

from simulator.orders.conftest import OpenDesk
from simulator.orders.desk import Desk

TEN_A_BAR = {"participation": Decimal("0.01")}


@pytest.fixture
def desk(open_desk: OpenDesk) -> Desk:
    """A desk where ten shares of XYZ a minute can be had at $100."""
    return open_desk(settings=TEN_A_BAR, XYZ="100 | 100 | 100 | 100")


# The order, and where it stands at once and after each of two bars.
TABLE: list[tuple[str, list[str]]] = [
    ("buy 10 XYZ", ["filled 10 at 100"] * 3),
    ("buy 25 XYZ", ["partially_filled 10 at 100", "partially_filled 20 at 100", "filled 25 at 100"]),
    ("buy 25 XYZ limit 100 gtc", ["partially_filled 10 at 100", "partially_filled 20 at 100", "filled 25 at 100"]),
    ("buy 25 XYZ ioc", ["canceled 10 at 100"] * 3),
    ("buy 25 XYZ limit 100 ioc", ["canceled 10 at 100"] * 3),
    ("buy 25 XYZ fok", ["canceled"] * 3),
    ("buy 10 XYZ fok", ["filled 10 at 100"] * 3),
    ("buy 10.5 XYZ", ["partially_filled 10 at 100", "filled 10.5 at 100", "filled 10.5 at 100"]),
    ("buy $1050 XYZ", ["partially_filled 10 at 100", "filled 10.5 at 100", "filled 10.5 at 100"]),
]


@pytest.mark.parametrize(("text", "stages"), TABLE)
def test_what_is_left_of_an_order(desk: Desk, text: str, stages: list[str]) -> None:
    """Orders of the day go on in the next bar, ioc keeps what it got, fok takes all or nothing."""
    order = desk.place(text)
    assert desk.tell(order) == stages[0]
    for stage in stages[1:]:
        desk.step()
        assert desk.tell(order) == stage


def test_a_part_filled_order_of_the_day_expires_with_its_part(open_desk: OpenDesk) -> None:
    """At the close the rest expires; what has filled stays in the order and in the position."""
    desk = open_desk(settings=TEN_A_BAR, XYZ="100 | 100")
    order = desk.place("buy 25 XYZ")
    desk.sim.run_to("2026-01-05T21:00:00Z")
    assert desk.tell(order) == "expired 20 at 100"
    assert desk.positions == {"XYZ": "20"}
    assert desk.account.buying_power == "398000"


def test_two_orders_share_the_volume_of_a_bar(desk: Desk) -> None:
    """The first takes eight of ten, the second the other two, and both go on with the next bar."""
    first, second = desk.place("buy 8 XYZ"), desk.place("buy 8 XYZ")
    assert [desk.tell(order) for order in (first, second)] == ["filled 8 at 100", "partially_filled 2 at 100"]
    desk.step()
    assert desk.tell(second) == "filled 8 at 100"


def test_the_average_price_is_that_of_all_fills(open_desk: OpenDesk) -> None:
    """Ten at $100 and five at $97: fifteen at $99, and a cost that is the same to the cent."""
    desk = open_desk(settings=TEN_A_BAR, XYZ="100 | 97")
    order = desk.place("buy 15 XYZ limit 100")
    desk.step()
    assert desk.tell(order) == "filled 15 at 99"
    position = desk.position("XYZ")
    assert (position.avg_entry_price, position.cost_basis, desk.account.cash) == ("99", "1485", "98515")
