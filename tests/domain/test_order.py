"""Orders: which statuses end one, and what may still fill."""

import pytest

from builders import a_record
from holdfast.domain.order import OrderStatus, Side

TERMINAL = {"filled", "canceled", "expired", "replaced", "rejected", "absent"}


@pytest.mark.parametrize("status", OrderStatus)
def test_only_an_ended_order_is_settled(status: OrderStatus) -> None:
    """Six statuses end an order; every other one may still fill."""
    assert status.is_terminal == (status.value in TERMINAL)
    assert a_record(status.value, 0).is_unsettled != status.is_terminal


@pytest.mark.parametrize(
    ("status", "filled", "left"),
    [
        ("new", 0, 10),
        ("partially_filled", 4, 6),
        ("pending_cancel", 4, 6),
        ("canceled", 4, 0),
        ("filled", 10, 0),
        ("intent", 0, 10),
    ],
)
def test_what_may_still_fill(status: str, filled: int, left: int) -> None:
    """The open quantity is what is not filled, until the order has ended."""
    assert a_record(status, filled).open_quantity == left


def test_a_side_has_a_sign() -> None:
    """A buy adds, a sell takes away."""
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)
