"""The guard against an account trading with itself: which orders may stand against each other, and the refusal."""

from typing import Any

import pytest

from simulator.orders.conftest import OpenDesk
from simulator.orders.desk import Desk, id_of

BRACKET: dict[str, Any] = {"order_class": "bracket", "profit": 120, "loss": 70}
STOP, LIMIT = "opposite side market/stop order exists", "opposite side limit order exists"

# What works, what is asked for, and the reason of the refusal. Ten shares are held; the price is $100.
TABLE: list[tuple[str, str, str | None]] = [
    ("sell 1 XYZ limit 110", "buy 1 XYZ", LIMIT),
    ("sell 1 XYZ limit 110", "buy 1 XYZ limit 110", LIMIT),
    ("sell 1 XYZ limit 110", "buy 1 XYZ limit 109.99", None),
    ("sell 1 XYZ limit 110", "buy 1 XYZ stop 120", LIMIT),
    ("sell 1 XYZ limit 110", "buy 1 XYZ stop 105 limit 110", LIMIT),
    ("sell 1 XYZ limit 110", "buy 1 XYZ stop 105 limit 109", None),
    ("sell 1 XYZ limit 110", "buy 1 XYZ trail 5", None),
    ("sell 1 XYZ limit 110", "sell 1 XYZ", None),
    ("sell 1 XYZ limit 110", "buy 1 ABC", None),
    ("sell 1 XYZ stop 90", "buy 1 XYZ", STOP),
    ("sell 1 XYZ stop 90", "buy 1 XYZ limit 50", STOP),
    ("sell 1 XYZ stop 90", "buy 1 XYZ stop 120", STOP),
    ("sell 1 XYZ stop 90", "buy 1 XYZ stop 120 limit 121", STOP),
    ("sell 1 XYZ stop 90", "buy 1 XYZ trail 5%", None),
    ("sell 1 XYZ stop 90 limit 89", "buy 1 XYZ", LIMIT),
    ("sell 1 XYZ stop 90 limit 89", "buy 1 XYZ limit 89", LIMIT),
    ("sell 1 XYZ stop 90 limit 89", "buy 1 XYZ limit 88", None),
    ("sell 1 XYZ trail 5", "buy 1 XYZ", None),
    ("sell 1 XYZ trail 5", "buy 1 XYZ limit 110", None),
    ("sell 1 XYZ trail 5", "buy 1 XYZ stop 120", None),
    ("buy 1 XYZ limit 90", "sell 1 XYZ", LIMIT),
    ("buy 1 XYZ limit 90", "sell 1 XYZ limit 90", LIMIT),
    ("buy 1 XYZ limit 90", "sell 1 XYZ limit 90.01", None),
    ("buy 1 XYZ limit 90", "sell 1 XYZ stop 80", LIMIT),
    ("buy 1 XYZ stop 110", "sell 1 XYZ", STOP),
    ("buy 1 XYZ stop 110", "sell 1 XYZ limit 120", STOP),
    ("buy 1 XYZ stop 110", "sell 1 XYZ trail 5", None),
]


@pytest.mark.parametrize(("working", "asked", "reason"), TABLE)
def test_opposite_orders_that_could_meet_are_refused(desk: Desk, working: str, asked: str, reason: str | None) -> None:
    """A market or a stop order clashes with all, limits where they cross, trailing stops never; 403 names the other."""
    desk.place("buy 10 XYZ")
    other = desk.place(working)
    if reason is None:
        desk.place(asked)
        return
    assert desk.refusal(asked) == {
        "status": 403,
        "code": 40310000,
        "message": "potential wash trade detected. use complex orders",
        "existing_order_id": str(id_of(other)),
        "reject_reason": reason,
    }
    desk.cancel(other)
    desk.place(asked)


def test_legs_of_groups_are_exempt(desk: Desk) -> None:
    """With a bracket's stop at work a buy is accepted, and a bracket is accepted beside a resting sell."""
    desk.place("buy 5 XYZ", **BRACKET)
    assert desk.tell(desk.place("buy 5 XYZ")) == "filled 5 at 100"
    desk.place("sell 5 XYZ limit 110")
    assert desk.tell(desk.place("buy 5 XYZ", **BRACKET)) == "filled 5 at 100"


def test_a_market_order_that_waits_for_the_session_clashes_too(desk: Desk) -> None:
    """In the evening a queued market buy stands against every sell."""
    desk.place("buy 10 XYZ")
    desk.sim.run_to("2026-01-05T21:00:00Z")
    waiting = desk.place("buy 1 XYZ")
    refused = desk.refusal("sell 1 XYZ limit 500")
    assert (refused["existing_order_id"], refused["reject_reason"]) == (str(waiting.id), STOP)


def test_pairs_are_guarded_too(open_desk: OpenDesk) -> None:
    """A resting bid for bitcoin refuses a market sell, under either name."""
    desk = open_desk(BTC_USD="50000")
    desk.place("buy 0.1 BTC/USD gtc")
    desk.place("buy 0.1 BTC/USD limit 40000 gtc")
    for name in ("BTC/USD", "BTCUSD"):
        assert desk.refusal(f"sell 0.01 {name} gtc")["reject_reason"] == LIMIT
