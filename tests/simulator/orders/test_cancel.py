"""DELETE /v2/orders: one order, all of them, and those that cannot be canceled."""

from decimal import Decimal

import pytest

from simulator.orders.conftest import OpenDesk
from simulator.orders.desk import Desk, legs, refusal_of


def test_a_cancel_answers_204_without_a_body_and_so_does_the_second_one(desk: Desk) -> None:
    """Canceling what is canceled already is no error and changes nothing."""
    order = desk.place("buy 1 XYZ limit 90")
    answers = [desk.sim.send("DELETE", f"/v2/orders/{order.id}") for _ in range(2)]
    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b""), (204, b"")]
    found = desk.look(order)
    assert found.status.value == "canceled"
    assert found.canceled_at is not None
    assert found.canceled_at == found.updated_at


@pytest.mark.parametrize("end", ["filled", "expired", "replaced"])
def test_an_order_that_ended_otherwise_cannot_be_canceled(desk: Desk, end: str) -> None:
    """A filled, an expired and a replaced order are 422 in Alpaca's words."""
    order = desk.place("buy 1 XYZ" if end == "filled" else "buy 1 XYZ limit 90")
    if end == "replaced":
        desk.replace(order, limit_price=91)
    if end == "expired":
        desk.sim.run_to("2026-01-05T21:00:00Z")
    body = refusal_of(desk.cancel, order)
    assert body == {"status": 422, "code": 42210000, "message": f'order is already in "{end}" state'}


def test_canceling_all_answers_207_with_a_row_for_each(desk: Desk) -> None:
    """Every working order has its row with 200; those that ended before have none; nothing works afterwards."""
    desk.place("buy 1 XYZ")
    working = {desk.place(f"buy 1 {symbol} limit {price}").id for symbol in ("XYZ", "ABC") for price in (90, 91)}
    answer = desk.sim.send("DELETE", "/v2/orders")
    assert answer.status_code == 207
    assert sorted(answer.json(), key=lambda row: row["id"]) == [
        {"id": name, "status": 200} for name in sorted(map(str, working))
    ]
    assert {order.status.value for order in desk.orders() if order.id in working} == {"canceled"}
    assert desk.sim.trading.cancel_orders() == []


def test_canceling_all_takes_legs_along(desk: Desk) -> None:
    """An entry and its two held legs are canceled together."""
    entry = desk.place("buy 1 XYZ limit 90", order_class="bracket", profit=110, loss=80)
    rows = desk.sim.trading.cancel_orders()
    assert str(entry.id) in {str(row.id) for row in rows}
    found = desk.look(entry)
    assert [order.status.value for order in (found, *legs(found))] == ["canceled"] * 3


def test_a_canceled_order_keeps_what_has_filled(open_desk: OpenDesk) -> None:
    """Ten of twenty shares are filled before the cancel: they stay in the order and in the position."""
    desk = open_desk(settings={"participation": Decimal("0.01")}, XYZ="100 | 90 | 90")
    order = desk.place("buy 20 XYZ limit 95")
    desk.step()
    desk.cancel(order)
    assert desk.tell(order) == "canceled 10 at 90"
    desk.step()
    assert desk.tell(order) == "canceled 10 at 90"
    assert desk.positions == {"XYZ": "10"}


def test_an_order_that_waits_for_the_session_can_be_canceled(desk: Desk) -> None:
    """An accepted order of the evening is canceled like any other."""
    desk.sim.run_to("2026-01-05T21:00:00Z")
    order = desk.place("buy 1 XYZ")
    assert order.status.value == "accepted"
    desk.cancel(order)
    assert desk.tell(order) == "canceled"
