"""DELETE /v2/positions: one holding, a part of it, all of them; long, short and fractional."""

from typing import Any

import pytest
from alpaca.trading.models import ClosePositionResponse, Order
from alpaca.trading.requests import ClosePositionRequest

from simulator.orders.desk import Desk, refusal_of


def close(desk: Desk, symbol: str, **part: str) -> Order:
    """Close a position through alpaca-py."""
    options = ClosePositionRequest(**part) if part else None
    order = desk.sim.trading.close_position(symbol, options)
    assert isinstance(order, Order)
    return order


# What is held, what is asked for, the order that comes of it, and what is left.
PARTS: list[tuple[str, dict[str, str], str, str | None]] = [
    ("buy 10 XYZ", {}, "sell 10", None),
    ("buy 10 XYZ", {"qty": "4"}, "sell 4", "6"),
    ("buy 10 XYZ", {"qty": "0.5"}, "sell 0.5", "9.5"),
    ("buy 10 XYZ", {"percentage": "50"}, "sell 5", "5"),
    ("buy 10 XYZ", {"percentage": "33.333"}, "sell 3.3333", "6.6667"),
    ("buy 10 XYZ", {"percentage": "100"}, "sell 10", None),
    ("buy 1.25 XYZ", {}, "sell 1.25", None),
    ("buy 1 XYZ", {"percentage": "33.333333333"}, "sell 0.333333333", "0.666666667"),
    ("sell 10 XYZ", {}, "buy 10", None),
    ("sell 10 XYZ", {"qty": "4"}, "buy 4", "-6"),
    ("sell 10 XYZ", {"percentage": "20"}, "buy 2", "-8"),
]


@pytest.mark.parametrize(("held", "part", "order", "left"), PARTS, ids=lambda cell: str(cell)[:30])
def test_a_position_is_closed_by_a_market_order(
    desk: Desk, held: str, part: dict[str, str], order: str, left: str | None
) -> None:
    """The answer is the closing order; the position is gone or has the rest, signed."""
    desk.place(held)
    closing = close(desk, "XYZ", **part)
    assert f"{closing.side.value} {closing.qty}" == order
    assert (closing.type.value, closing.time_in_force.value) == ("market", "day")
    assert desk.positions == ({} if left is None else {"XYZ": left})


# The query, and the status, code and words of the refusal; ten shares are held, six of them by a sell order.
REFUSED: list[tuple[dict[str, str], int, int, str]] = [
    ({}, 403, 40310000, "insufficient qty available for order (requested: 10, available: 4)"),
    ({"qty": "5"}, 403, 40310000, "insufficient qty available for order (requested: 5, available: 4)"),
    ({"qty": "0"}, 422, 40010001, "qty must be > 0"),
    ({"qty": "-1"}, 422, 40010001, "qty must be > 0"),
    ({"qty": "ten"}, 422, 40010001, "invalid qty: ten"),
    ({"percentage": "0"}, 422, 40010001, "percentage must be between 0 and 100"),
    ({"percentage": "101"}, 422, 40010001, "percentage must be between 0 and 100"),
    ({"qty": "1", "percentage": "1"}, 422, 40010001, "only one of qty or percentage is accepted"),
]


@pytest.mark.parametrize(("query", "status", "code", "words"), REFUSED, ids=lambda cell: str(cell)[:30])
def test_a_part_that_is_not_free_cannot_be_closed(
    desk: Desk, query: dict[str, str], status: int, code: int, words: str
) -> None:
    """Shares that an order holds are 403 with the quantities beside it, an impossible part is 422."""
    desk.place("buy 10 XYZ")
    desk.place("sell 6 XYZ limit 110")
    body = desk.raw_refusal("DELETE", "/v2/positions/XYZ", params=query)
    assert (body["status"], body["code"], body["message"]) == (status, code, words)
    if status == 403:
        beside = {"available": "4", "existing_qty": "10", "held_for_orders": "6", "symbol": "XYZ"}
        assert {name: body[name] for name in beside} == beside
    assert desk.position("XYZ").qty_available == "4"


def test_a_long_and_a_short_position_look_like_alpacas(desk: Desk) -> None:
    """A short has negative quantity, value and cost and the side short; its profit is positive when prices fall."""
    desk.place("buy 10 XYZ")
    desk.place("sell 5 ABC")
    long, short = desk.position("XYZ"), desk.position("ABC")
    assert (long.side.value, long.qty, long.market_value, long.cost_basis) == ("long", "10", "1000", "1000")
    assert (short.side.value, short.qty, short.market_value, short.cost_basis) == ("short", "-5", "-500", "-500")
    assert (long.avg_entry_price, short.avg_entry_price) == ("100", "100")
    assert (long.qty_available, short.qty_available) == ("10", "-5")
    assert (long.unrealized_pl, short.unrealized_pl) == ("0", "0")
    desk.place("buy 3 ABC limit 90")
    assert desk.position("ABC").qty_available == "-2"


def test_closing_all_answers_207_with_the_order_of_each(desk: Desk) -> None:
    """A row of 200 with the closing order for the long and for the short position, and nothing is left."""
    desk.place("buy 10 XYZ")
    desk.place("sell 5 ABC")
    assert desk.sim.send("DELETE", "/v2/positions").status_code == 207
    desk.place("buy 10 XYZ")
    (row,) = desk.sim.trading.close_all_positions(cancel_orders=False)
    assert isinstance(row, ClosePositionResponse)
    assert (row.symbol, row.status, row.body.side.value, row.body.qty) == ("XYZ", 200, "sell", "10")  # type: ignore[union-attr]
    assert desk.positions == {}


def test_a_row_that_fails_says_why_and_the_others_go_through(desk: Desk) -> None:
    """Without cancel_orders the shares in a sell order are 403 in their row; with it they are sold."""
    desk.place("buy 5 XYZ")
    desk.place("buy 5 ABC")
    desk.place("sell 5 XYZ limit 110")
    answer = desk.sim.send("DELETE", "/v2/positions")
    assert answer.status_code == 207
    rows: dict[str, Any] = {row["symbol"]: row for row in answer.json()}
    assert rows["ABC"]["status"] == 200
    assert rows["XYZ"] == {
        "symbol": "XYZ",
        "status": 403,
        "body": {
            "code": 40310000,
            "message": "insufficient qty available for order (requested: 5, available: 0)",
            "available": "0",
            "existing_qty": "5",
            "held_for_orders": "5",
            "symbol": "XYZ",
        },
    }
    assert desk.positions == {"XYZ": "5"}
    (row,) = desk.sim.trading.close_all_positions(cancel_orders=True)
    assert isinstance(row, ClosePositionResponse)
    assert row.status == 200
    assert desk.positions == {}


def test_a_position_is_found_by_its_assets_id(desk: Desk) -> None:
    """The asset's id stands for the symbol, in a look-up as in a close."""
    desk.place("buy 5 XYZ")
    asset = str(desk.position("XYZ").asset_id)
    assert desk.position(asset).symbol == "XYZ"
    close(desk, asset)
    assert refusal_of(desk.sim.trading.get_open_position, asset)["status"] == 404


def test_a_close_after_the_session_waits_for_the_next_one(desk: Desk) -> None:
    """The closing order is accepted, holds the shares, and a second one is 403."""
    desk.place("buy 5 XYZ")
    desk.sim.run_to("2026-01-05T21:00:00Z")
    assert close(desk, "XYZ").status.value == "accepted"
    assert desk.position("XYZ").qty_available == "0"
    assert refusal_of(desk.sim.trading.close_position, "XYZ")["held_for_orders"] == "5"
