"""Brackets, OCO and OTO over the wire: held legs wake, one exit ends the other, and a group ends together."""

from decimal import Decimal
from typing import Any

import pytest
from alpaca.trading.enums import QueryOrderStatus

from simulator.orders.conftest import OpenDesk
from simulator.orders.desk import Desk, legs, told

BRACKET: dict[str, Any] = {"order_class": "bracket", "profit": 110, "loss": 90}
OCO: dict[str, Any] = {"order_class": "oco", "profit": 110, "loss": 90}
TEN_A_BAR = {"participation": Decimal("0.01")}


def group(desk: Desk, order: Any) -> list[str]:  # noqa: ANN401 - an order of alpaca-py
    """Say where an order and its legs stand."""
    found = desk.look(order)
    return [told(found), *map(told, legs(found))]


def test_a_bracket_shows_its_legs_in_the_answer(desk: Desk) -> None:
    """The answer carries both legs under the entry: a limit to take the profit, a stop against the loss, both held."""
    entry = desk.place("buy 5 XYZ limit 95 gtc", **BRACKET)
    profit, loss = legs(entry)
    assert (entry.order_class.value, entry.status.value) == ("bracket", "pending_new")
    assert (profit.type.value, profit.limit_price, profit.side.value, profit.qty) == ("limit", "110", "sell", "5")
    assert (loss.type.value, loss.stop_price, loss.side.value, loss.qty) == ("stop", "90", "sell", "5")
    for leg in (profit, loss):
        assert (leg.status.value, leg.time_in_force.value, leg.order_class.value) == ("held", "gtc", "bracket")


def test_legs_stand_under_their_parent_only_when_asked(desk: Desk) -> None:
    """A plain list shows three orders, a nested one shows one with two legs."""
    entry = desk.place("buy 5 XYZ limit 95", **BRACKET)
    assert [order.legs for order in desk.orders()] == [None] * 3
    (nested,) = desk.orders(nested=True)
    assert (nested.id, len(legs(nested))) == (entry.id, 2)
    assert desk.sim.get(f"/v2/orders/{entry.id}")["legs"] is None


def test_the_exits_of_a_filled_bracket_stay_in_the_nested_open_list(desk: Desk) -> None:
    """The entry is closed and its exits are not: a client that asks for nested orders still sees its protection."""
    desk.place("buy 5 XYZ", **BRACKET)
    shown = desk.orders(QueryOrderStatus.OPEN, nested=True)
    assert sorted(order.type.value for order in shown) == ["limit", "stop"]


def test_held_legs_are_open_orders(desk: Desk) -> None:
    """The open list has the entry and its held legs, one by one or nested; after a cancel all three are closed."""
    entry = desk.place("buy 5 XYZ limit 95", **BRACKET)
    assert [order.status.value for order in desk.orders(QueryOrderStatus.OPEN)] == ["new", "held", "held"]
    assert len(desk.orders(QueryOrderStatus.OPEN, nested=True)) == 1
    assert desk.orders(QueryOrderStatus.CLOSED) == []
    desk.cancel(entry)
    assert desk.orders(QueryOrderStatus.OPEN) == []
    assert len(desk.orders(QueryOrderStatus.CLOSED)) == 3


# The order, its fields, the bars that follow the first, and how the group stands after each of them.
LIVES: list[tuple[str, dict[str, Any], str, list[list[str]]]] = [
    (
        "buy 5 XYZ limit 95",
        BRACKET,
        "95 | 110",
        [["filled 5 at 95", "new", "new"], ["filled 5 at 95", "filled 5 at 110", "canceled"]],
    ),
    (
        "buy 5 XYZ limit 95",
        BRACKET,
        "95 | 89",
        [["filled 5 at 95", "new", "new"], ["filled 5 at 95", "canceled", "filled 5 at 89"]],
    ),
    ("buy 5 XYZ limit 95", BRACKET, "97 | 112", [["new", "held", "held"], ["new", "held", "held"]]),
    (
        "buy 5 XYZ",
        BRACKET,
        "104 | 111",
        [["filled 5 at 100", "new", "new"], ["filled 5 at 100", "filled 5 at 111", "canceled"]],
    ),
    (
        "sell 5 XYZ",
        {"order_class": "bracket", "profit": 90, "loss": 110},
        "95 | 111",
        [["filled 5 at 100", "new", "new"], ["filled 5 at 100", "canceled", "filled 5 at 111"]],
    ),
    (
        "buy 5 XYZ",
        {**BRACKET, "loss_limit": 88},
        "87 | 88",
        [["filled 5 at 100", "new", "new"], ["filled 5 at 100", "canceled", "filled 5 at 88"]],
    ),
    (
        "buy 5 XYZ",
        {"order_class": "oto", "loss": 90},
        "95 | 90",
        [["filled 5 at 100", "new"], ["filled 5 at 100", "filled 5 at 90"]],
    ),
    ("buy 5 XYZ", {"order_class": "oto", "profit": 110}, "112", [["filled 5 at 100", "filled 5 at 112"]]),
]


@pytest.mark.parametrize(("text", "fields", "bars", "stages"), LIVES, ids=lambda cell: str(cell)[:30])
def test_the_life_of_a_group(
    open_desk: OpenDesk, text: str, fields: dict[str, Any], bars: str, stages: list[list[str]]
) -> None:
    """Legs are held until the entry is filled; then the first exit that fills cancels the other one."""
    desk = open_desk(XYZ=f"100 | {bars}")
    order = desk.place(text, **fields)
    for stage in stages:
        desk.step()
        assert group(desk, order) == stage


@pytest.mark.parametrize(
    ("price", "stands"), [("111", ["filled 5 at 111", "canceled"]), ("89", ["canceled", "filled 5 at 89"])]
)
def test_the_life_of_an_oco(open_desk: OpenDesk, price: str, stands: list[str]) -> None:
    """The take-profit is the parent, the stop its leg; both work at once and share the same shares."""
    desk = open_desk(XYZ=f"100 | {price}")
    desk.place("buy 5 XYZ")
    order = desk.place("sell 5 XYZ limit 110 gtc", **OCO)
    assert (order.type.value, order.limit_price, order.order_class.value) == ("limit", "110", "oco")
    assert [(leg.type.value, leg.stop_price) for leg in legs(order)] == [("stop", "90")]
    assert group(desk, order) == ["new", "new"]
    assert desk.position("XYZ").qty_available == "0"
    desk.step()
    assert group(desk, order) == stands
    assert desk.positions == {}


@pytest.mark.parametrize("which", [0, 1, 2])
def test_canceling_one_of_a_bracket_ends_what_is_left_of_it(open_desk: OpenDesk, which: int) -> None:
    """Before the entry fills, a cancel of the entry or of either leg cancels all three."""
    desk = open_desk(XYZ="100 | 95")
    entry = desk.place("buy 5 XYZ limit 95", **BRACKET)
    desk.cancel([entry, *legs(entry)][which])
    assert group(desk, entry) == ["canceled"] * 3
    desk.step()
    assert desk.positions == {}


@pytest.mark.parametrize("which", [0, 1])
def test_canceling_one_exit_cancels_the_other(open_desk: OpenDesk, which: int) -> None:
    """After the entry has filled, both exits go together and the shares are free again."""
    desk = open_desk(XYZ="100 | 95")
    entry = desk.place("buy 5 XYZ", **BRACKET)
    desk.cancel(legs(entry)[which])
    assert group(desk, entry) == ["filled 5 at 100", "canceled", "canceled"]
    assert desk.position("XYZ").qty_available == "5"


def test_an_entry_partly_filled_and_canceled_leaves_its_shares_without_exits(open_desk: OpenDesk) -> None:
    """Ten of twenty are bought, the legs are still held; the cancel takes them along and the ten stay."""
    desk = open_desk(settings=TEN_A_BAR, XYZ="100 | 95 | 95")
    entry = desk.place("buy 20 XYZ limit 95", **BRACKET)
    desk.step()
    assert group(desk, entry) == ["partially_filled 10 at 95", "held", "held"]
    desk.cancel(entry)
    assert group(desk, entry) == ["canceled 10 at 95", "canceled", "canceled"]
    assert desk.position("XYZ").qty_available == "10"


def test_an_exit_that_fills_in_part_shrinks_its_rival(open_desk: OpenDesk) -> None:
    """Ten of twenty are sold at the profit: the stop is for the other ten, and sells no more than those."""
    desk = open_desk(settings=TEN_A_BAR, XYZ="100 | 100 | 110 | 89 | 89")
    first = desk.place("buy 10 XYZ")
    desk.step()
    desk.place("buy 10 XYZ")
    assert desk.tell(first).startswith("filled")
    order = desk.place("sell 20 XYZ limit 110", **OCO)
    desk.step()
    assert told(desk.look(order)) == "partially_filled 10 at 110"
    (stop,) = legs(desk.look(order))
    assert (stop.status.value, stop.qty) == ("new", "10")
    desk.step()
    assert group(desk, order) == ["canceled 10 at 110", "filled 10 at 89"]
    assert desk.positions == {}


def test_only_the_prices_of_a_leg_can_be_replaced(open_desk: OpenDesk) -> None:
    """A new stop price makes a new leg in the old one's place; a new quantity is 422; the group holds together."""
    desk = open_desk(XYZ="100 | 93 | 111")
    entry = desk.place("buy 5 XYZ", **BRACKET)
    profit, loss = legs(entry)
    body = desk.raw_refusal("PATCH", f"/v2/orders/{loss.id}", json={"qty": "4"})
    assert (body["status"], body["code"]) == (422, 42210000)
    assert body["message"] == "qty cannot be changed for advanced orders"
    moved = desk.replace(loss, stop_price=92)
    assert (moved.replaces, moved.stop_price, moved.qty) == (loss.id, "92", "5")
    assert {str(leg.id) for leg in legs(desk.look(entry))} == {str(profit.id), str(moved.id)}
    desk.step(2)
    assert desk.tell(moved) == "canceled"
    assert group(desk, entry)[1] == "filled 5 at 111"
    assert desk.tell(loss) == "replaced"


def test_a_day_bracket_ends_with_its_day(desk: Desk) -> None:
    """At the close the entry and its held legs expire together."""
    entry = desk.place("buy 5 XYZ limit 80", order_class="bracket", profit=110, loss=70)
    desk.sim.run_to("2026-01-05T21:00:00Z")
    assert group(desk, entry) == ["expired"] * 3


# The order, its fields, and status, code and words of the refusal.
REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    ("buy 5 XYZ", {**BRACKET, "profit": 100}, 42210000, "take_profit.limit_price must be >= base_price + 0.01"),
    ("buy 5 XYZ", {**BRACKET, "loss": 100}, 42210000, "stop_loss.stop_price must be <= base_price - 0.01"),
    ("buy 5 XYZ limit 95", {**BRACKET, "loss": 95}, 42210000, "stop_loss.stop_price must be <= base_price - 0.01"),
    ("sell 5 XYZ", {**BRACKET, "profit": 100, "loss": 110}, 42210000, "take_profit.limit_price must be <= base_price"),
    ("sell 5 XYZ", {**BRACKET, "profit": 90, "loss": 100}, 42210000, "stop_loss.stop_price must be >= base_price"),
    ("buy 5 XYZ", {**BRACKET, "profit": 110.123}, 42210000, "invalid take_profit.limit_price 110.123. sub-penny"),
    ("buy 5 XYZ", {**BRACKET, "loss": 90.123}, 42210000, "invalid stop_loss.stop_price 90.123. sub-penny"),
    ("buy 1.5 XYZ", BRACKET, 42210000, "fractional orders must be simple orders"),
    ("buy 5 XYZ ioc", BRACKET, 42210000, "bracket orders must be DAY or GTC orders"),
    ("buy 5 XYZ limit 95 ext", BRACKET, 42210000, "bracket orders are not allowed in extended hours"),
    ("sell 5 XYZ limit 110", OCO, 42210000, "oco orders must be exit orders"),
    ("buy 5 XYZ", {"order_class": "oto", "profit": 110, "loss": 90}, 40010001, "oto orders require exactly one of"),
]


@pytest.mark.parametrize(("text", "fields", "code", "words"), REFUSED, ids=lambda cell: str(cell)[:40])
def test_a_group_that_makes_no_sense_is_refused(
    desk: Desk, text: str, fields: dict[str, Any], code: int, words: str
) -> None:
    """Exits on the wrong side, fractions, other times in force and an OCO without a position are 422."""
    body = desk.refusal(text, **fields)
    assert (body["status"], body["code"]) == (422, code)
    assert body["message"].startswith(words)
    assert desk.orders() == []
