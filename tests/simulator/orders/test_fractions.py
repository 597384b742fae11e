"""Parts of shares and orders by value, through alpaca-py."""

from typing import Any

import pytest

from simulator.orders.conftest import OpenDesk
from simulator.orders.desk import Desk

# The order, what it says of itself, where it stands, and the position then; a share costs $100.
ACCEPTED: list[tuple[str, dict[str, Any], str, str | None]] = [
    ("buy 1.5 XYZ", {"qty": "1.5", "notional": None}, "filled 1.5 at 100", "1.5"),
    ("buy 0.123456789 XYZ", {"qty": "0.123456789"}, "filled 0.123456789 at 100", "0.123456789"),
    ("buy $150 XYZ", {"qty": None, "notional": "150"}, "filled 1.5 at 100", "1.5"),
    ("buy $1 XYZ", {"qty": None, "notional": "1"}, "filled 0.01 at 100", "0.01"),
    ("buy $33.33 XYZ limit 100", {"notional": "33.33", "limit_price": "100"}, "filled 0.3333 at 100", "0.3333"),
    ("buy $50 XYZ limit 90", {"notional": "50"}, "new", None),
    ("buy 0.5 XYZ stop 110", {"qty": "0.5", "stop_price": "110"}, "new", None),
    ("buy $50 XYZ stop 110 limit 112", {"notional": "50"}, "new", None),
]


@pytest.mark.parametrize(("text", "says", "stands", "held"), ACCEPTED, ids=lambda cell: str(cell)[:30])
def test_fractions_and_values_are_orders_of_the_day(
    desk: Desk, text: str, says: dict[str, Any], stands: str, held: str | None
) -> None:
    """Market, limit, stop and stop-limit take parts of shares; an order by value has no quantity, filled or not."""
    order = desk.place(text)
    found = desk.look(order)
    assert {name: getattr(order, name) for name in says} == says
    assert {name: getattr(found, name) for name in says} == says
    assert desk.tell(order) == stands
    assert desk.positions == ({} if held is None else {"XYZ": held})


# The order and code and words of the refusal.
REFUSED = [
    ("buy 1.5 XYZ gtc", "fractional orders must be DAY orders"),
    ("buy 1.5 XYZ ioc", "fractional orders must be DAY orders"),
    ("buy $50 XYZ opg", "fractional orders must be DAY orders"),
    ("buy $50 XYZ limit 90 gtc", "fractional orders must be DAY orders"),
    ("buy 1.5 XYZ trail 5", "fractional orders must be market, limit, stop or stop_limit orders"),
    ("buy $50 XYZ trail 5%", "fractional orders must be market, limit, stop or stop_limit orders"),
]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_fractions_are_refused_elsewhere(desk: Desk, text: str, words: str) -> None:
    """Other times in force and trailing stops are for whole shares."""
    assert desk.refusal(text) == {"status": 422, "code": 42210000, "message": words}


def test_ten_decimals_are_too_many(desk: Desk) -> None:
    """A share has nine decimals; the tenth is 422, though the number came as text."""
    body = {"symbol": "XYZ", "qty": "0.1234567891", "side": "buy", "type": "market", "time_in_force": "day"}
    refused = desk.raw_refusal("POST", "/v2/orders", json=body)
    assert (refused["status"], refused["message"]) == (422, "qty must have at most 9 decimal places")


def test_an_account_can_switch_fractions_off(desk: Desk) -> None:
    """With fractional_trading off a part of a share is 403, a whole one is not."""
    desk.sim.send("PATCH", "/v2/account/configurations", json={"fractional_trading": False})
    assert desk.refusal("buy 1.5 XYZ")["status"] == 403
    assert desk.refusal("buy $50 XYZ")["status"] == 403
    assert desk.tell(desk.place("buy 1 XYZ")) == "filled 1 at 100"


def test_parts_of_shares_are_sold_by_quantity_and_by_value(desk: Desk) -> None:
    """Of 1.5 shares $50 worth and then the rest are sold; more than there is is 403."""
    desk.place("buy 1.5 XYZ")
    assert desk.tell(desk.place("sell $50 XYZ")) == "filled 0.5 at 100"
    assert desk.refusal("sell 1.5 XYZ")["available"] == "1"
    assert desk.refusal("sell $101 XYZ")["existing_qty"] == "1"
    assert desk.tell(desk.place("sell 0.001 XYZ")) == "filled 0.001 at 100"
    desk.place("sell 0.999 XYZ")
    assert (desk.positions, desk.account.cash) == ({}, "100000")


def test_an_order_by_value_keeps_to_its_value_as_the_price_moves(open_desk: OpenDesk) -> None:
    """$50 at a limit of $90 buy at the open of $80: 0.625 shares, and the rest of the reservation is free again."""
    desk = open_desk(XYZ="100 | 80")
    order = desk.place("buy $50 XYZ limit 90")
    assert desk.account.buying_power == "399950"
    desk.step()
    assert desk.tell(order) == "filled 0.625 at 80"
    assert (desk.account.cash, desk.account.buying_power) == ("99950", "399950")
