"""PATCH /v2/orders/{id}: what a replaced order becomes, what may change, and what may not."""

from decimal import Decimal
from typing import Any

import pytest

from simulator.orders.conftest import OpenDesk
from simulator.orders.desk import Desk, refusal_of

HALF = {"participation": Decimal("0.01")}  # A bar of 1,000 shares lets ten of them go to this account.


def refused(desk: Desk, order: Any, **fields: Any) -> str:  # noqa: ANN401 - an order, any field
    """Ask for a replacement that must be refused with 422; return code and words."""
    body = refusal_of(lambda: desk.replace(order, **fields))
    assert body["status"] == 422
    return f"{body['code']} {body['message']}"


def test_a_replacement_is_a_new_order_that_names_the_old_one(desk: Desk) -> None:
    """The answer is the new order; the old one is `replaced` and names it; the rest is as it was."""
    old = desk.place("buy 5 XYZ limit 90 gtc")
    new = desk.replace(old, limit_price=91, qty=7)
    assert (new.status.value, new.replaces, new.qty, new.limit_price) == ("pending_new", old.id, "7", "91")
    assert (new.id, new.client_order_id) != (old.id, old.client_order_id)
    assert (new.time_in_force, new.side, new.type) == (old.time_in_force, old.side, old.type)
    before = desk.look(old)
    assert (before.status.value, before.replaced_by, before.qty, before.limit_price) == ("replaced", new.id, "5", "90")
    assert before.replaced_at is not None
    assert desk.tell(new) == "new"


def test_a_replacement_that_the_market_accepts_fills(desk: Desk) -> None:
    """A limit raised to the ask fills at once; cash pays for the new order alone."""
    new = desk.replace(desk.place("buy 5 XYZ limit 90"), limit_price=100)
    assert desk.tell(new) == "filled 5 at 100"
    assert desk.account.cash == "99500"


# The order, the fields of the PATCH, and what the new order says of itself.
CHANGES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("buy 5 XYZ limit 90", {"qty": 6}, {"qty": "6", "limit_price": "90"}),
    ("buy 5 XYZ limit 90", {"limit_price": 91.5}, {"qty": "5", "limit_price": "91.5"}),
    ("buy 5 XYZ limit 90", {"time_in_force": "gtc"}, {"time_in_force": "gtc"}),
    ("buy 5 XYZ stop 110", {"stop_price": 111}, {"stop_price": "111"}),
    (
        "buy 5 XYZ stop 110 limit 112",
        {"stop_price": 111, "limit_price": 113},
        {"stop_price": "111", "limit_price": "113"},
    ),
    ("buy 5 XYZ trail 5", {"trail": 6}, {"trail_price": "6", "trail_percent": None, "stop_price": "106"}),
    ("buy 5 XYZ trail 5%", {"trail": 7}, {"trail_percent": "7", "trail_price": None, "stop_price": "107"}),
    ("buy 5 XYZ limit 90", {"limit_price": 91, "client_order_id": "mine"}, {"client_order_id": "mine"}),
    ("buy 0.5 XYZ limit 90", {"limit_price": 91}, {"qty": "0.5", "limit_price": "91"}),
]


@pytest.mark.parametrize(("text", "fields", "seen"), CHANGES, ids=lambda cell: str(cell)[:40])
def test_what_may_change(desk: Desk, text: str, fields: dict[str, Any], seen: dict[str, Any]) -> None:
    """Quantity, time in force, prices, the trail in its own unit, and the client's id may change."""
    new = desk.replace(desk.place(text), **fields)
    assert {name: getattr(new, name) for name in seen} == seen


# The order, the fields of the PATCH, and code and words of the refusal.
NOT_SO: list[tuple[str, dict[str, Any], str]] = [
    ("buy 5 XYZ limit 90", {"limit_price": 90}, "42210000 order parameters are not changed"),
    ("buy 5 XYZ limit 90", {"qty": 5, "time_in_force": "day"}, "42210000 order parameters are not changed"),
    ("buy 5 XYZ limit 90", {"client_order_id": "mine"}, "42210000 order parameters are not changed"),
    ("buy 5 XYZ limit 90", {"limit_price": 90.123}, "42210000 invalid limit_price 90.123. sub-penny increment"),
    ("buy 5 XYZ limit 90", {"stop_price": 95}, "40010001 stop_price cannot be changed for this order type"),
    ("buy 5 XYZ limit 90", {"trail": 5}, "40010001 trail cannot be changed for this order type"),
    ("buy 5 XYZ stop 110", {"limit_price": 111}, "40010001 limit_price cannot be changed for this order type"),
    ("buy 0.5 XYZ limit 90", {"qty": 2}, "40010001 qty must be integer"),
    ("buy $50 XYZ limit 90", {"limit_price": 91}, "42210000 cannot replace notional order"),
]


@pytest.mark.parametrize(("text", "fields", "words"), NOT_SO, ids=lambda cell: str(cell)[:40])
def test_what_may_not_change(desk: Desk, text: str, fields: dict[str, Any], words: str) -> None:
    """A replacement that changes nothing or something it must not is 422, and the order goes on."""
    order = desk.place(text)
    assert refused(desk, order, **fields).startswith(words)
    assert desk.tell(order) == "new"
    assert len(desk.orders()) == 1


def test_a_quantity_must_be_whole(desk: Desk) -> None:
    """A fraction in a PATCH, which alpaca-py cannot send, is 422."""
    order = desk.place("buy 5 XYZ limit 90")
    body = desk.raw_refusal("PATCH", f"/v2/orders/{order.id}", json={"qty": "5.5"})
    assert body == {"status": 422, "code": 40010001, "message": "qty must be integer"}


def test_only_an_order_at_the_market_can_be_replaced(desk: Desk) -> None:
    """Filled, canceled and replaced orders, and one that waits for the next session, are 422."""
    filled, canceled, replaced = (desk.place(f"buy 5 XYZ limit {price}") for price in (100, 80, 81))
    desk.cancel(canceled)
    desk.replace(replaced, limit_price=82)
    assert refused(desk, filled, limit_price=99) == '42210000 order is already in "filled" state'
    assert refused(desk, canceled, limit_price=99) == '42210000 order is already in "canceled" state'
    assert refused(desk, replaced, limit_price=99) == "42210000 order already replaced"
    desk.sim.run_to("2026-01-05T21:00:00Z")
    waiting = desk.place("buy 5 XYZ limit 90")
    assert refused(desk, waiting, limit_price=91) == "42210000 cannot replace order in accepted status"


def test_an_unknown_order_cannot_be_replaced(desk: Desk) -> None:
    """A PATCH of an id that was never given is 404."""
    body = desk.raw_refusal("PATCH", "/v2/orders/5f0c1a9e-0000-4000-8000-000000000000", json={"qty": "5"})
    assert (body["status"], body["code"]) == (404, 40410000)


def test_a_replacement_needs_a_client_order_id_of_its_own(desk: Desk) -> None:
    """The ids of other orders and of the replaced one are taken; without one the new order gets its own."""
    desk.place("buy 1 XYZ limit 80", client_order_id="other")
    old = desk.place("buy 5 XYZ limit 90", client_order_id="old")
    for taken in ("other", "old"):
        words = refused(desk, old, limit_price=91, client_order_id=taken)
        assert words == "40010001 client_order_id must be unique"
    new = desk.replace(old, limit_price=91)
    assert new.client_order_id not in {"old", "other"}
    assert desk.sim.trading.get_order_by_client_id("old").id == old.id
    assert desk.sim.trading.get_order_by_client_id(new.client_order_id).id == new.id


def test_orders_are_replaced_one_after_the_other(desk: Desk) -> None:
    """A chain of three: each names its neighbours, and only the last one works."""
    first = desk.place("buy 5 XYZ limit 90")
    second = desk.replace(first, limit_price=91)
    third = desk.replace(second, limit_price=92)
    middle = desk.look(second)
    assert (middle.replaces, middle.replaced_by) == (first.id, third.id)
    assert [desk.tell(order) for order in (first, second, third)] == ["replaced", "replaced", "new"]


def test_a_partly_filled_order_is_replaced_above_what_has_filled(open_desk: OpenDesk) -> None:
    """Ten of twenty are filled: ten are too few; twenty-five leave fifteen to fill, and no share counts twice."""
    desk = open_desk(settings=HALF, XYZ="100 | 90 | 90 | 90 | 90")
    old = desk.place("buy 20 XYZ limit 95")
    desk.step()
    assert desk.tell(old) == "partially_filled 10 at 90"
    assert refused(desk, old, qty=10) == "42210000 qty must be > filled_qty"
    new = desk.replace(old, qty=25)
    assert desk.tell(old) == "replaced 10 at 90"
    desk.step(2)
    assert desk.positions == {"XYZ": "25"}
    assert desk.tell(new).startswith("filled")
    assert desk.account.cash == "97750"


def test_a_replacement_must_be_affordable(desk: Desk) -> None:
    """Only what the new order takes beyond the old one is asked for; too much is 403 and the old one goes on."""
    old = desk.place("buy 3000 XYZ limit 90")
    desk.replace(old, limit_price=95)
    (working,) = [order for order in desk.orders() if order.status.value == "new"]
    body = refusal_of(lambda: desk.replace(working, qty=5000))
    assert (body["status"], body["code"], body["cost_basis"]) == (403, 40310000, "475000")
    assert desk.tell(working) == "new"
    assert desk.account.buying_power == "115000"


def test_an_order_whose_cancel_is_pending_cannot_be_replaced(desk: Desk) -> None:
    """While a cancel hangs the order is 422 for a PATCH; it has been asked to go."""
    order = desk.place("buy 5 XYZ limit 90")
    desk.sim.fault("stuck_cancel")
    desk.cancel(order)
    assert desk.tell(order) == "pending_cancel"
    assert refused(desk, order, limit_price=91) == "42210000 cannot replace order in pending_cancel status"
