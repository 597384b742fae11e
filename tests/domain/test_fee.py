"""The fee of a purchase in coins: known by what is missing of it, and by nothing else."""

from dataclasses import replace
from decimal import Decimal

import pytest

from builders import Number, a_record, a_state
from holdfast.domain.fee import less_fee, may_be_fee


@pytest.mark.parametrize(
    ("symbol", "missing", "is_fee"),
    [
        ("BTC/USD", "0.0005", True),
        ("BTC/USD", "0.000500001", True),
        ("BTC/USD", "0.0003", True),
        ("BTC/USD", "0.002", False),
        ("BTC/USD", 0, False),
        ("BTC/USD", "-0.0005", False),
        ("AAPL", "0.0005", False),
    ],
)
def test_what_can_be_a_fee(symbol: str, missing: Number, is_fee: bool) -> None:  # noqa: FBT001 - a table
    """At most a quarter of a percent of what was bought, rounded up, and of pairs alone."""
    assert may_be_fee(symbol, Decimal("0.2"), Decimal(missing)) is is_fee


def test_a_fee_is_a_loss_at_the_price_paid() -> None:
    """The coins are gone at the average price; the unmanaged ones are not touched."""
    state = replace(a_state("0.2", a_record(quantity="0.2"), price=50_000, unmanaged=1), symbol="BTC/USD")
    after = less_fee(state, Decimal("1.1995")).position
    assert (after.quantity, after.unmanaged_quantity) == (Decimal("0.1995"), 1)
    assert (after.average_entry_price, after.realized_pl) == (50_000, -25)


def test_a_difference_that_is_no_fee_is_left_alone() -> None:
    """More than a fee can be is somebody else's doing; nothing missing is nothing to book."""
    state = replace(a_state("0.2", a_record(quantity="0.2")), symbol="BTC/USD")
    for total in ("0.19", "0.2", "0.3"):
        assert less_fee(state, Decimal(total)) is state
