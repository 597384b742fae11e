"""`Bars` and its border to exact bars."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from builders import bars_of
from holdfast.domain.bar import Bar
from holdfast.strategies.bars import Bars

START = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)


def a_bar(minute: int, close: str = "100") -> Bar:
    """Return a flat bar `minute` minutes after the open."""
    price = Decimal(close)
    return Bar("AAPL", START + timedelta(minutes=minute), price, price, price, price, Decimal(1000))


def test_exact_bars_become_arrays() -> None:
    """Decimal prices become the nearest float64 and times become UTC microseconds."""
    bars = bars_of([a_bar(0, "187.12"), a_bar(1, "0.1")])
    assert bars.close.tolist() == [187.12, 0.1]
    assert bars.time[1] == np.datetime64("2026-11-20T14:31:00", "us")
    assert len(bars) == 2


def test_no_bars_make_empty_arrays() -> None:
    """An empty history is a `Bars` of length 0."""
    assert len(bars_of([])) == 0


def test_arrays_are_read_only() -> None:
    """A strategy cannot change the bars that another one reads, and the caller's array stays its own."""
    mine = np.ones(1)
    bars = Bars(np.array([START.replace(tzinfo=None)], "datetime64[us]"), mine, mine, mine, mine, mine)
    with pytest.raises(ValueError, match="read-only"):
        bars.close[0] = 2
    mine[0] = 3


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_refused(number: float) -> None:
    """One NaN would poison every later value of an indicator, so it does not get in."""
    good = np.ones(2)
    time = np.array([0, 1], "datetime64[us]")
    with pytest.raises(ValueError, match="close holds a number that is not finite"):
        Bars(time, good, good, good, np.array([1, number]), good)


def test_arrays_of_different_lengths_are_refused() -> None:
    """A column that is shorter than the times is an error that names it."""
    time = np.array([0, 1], "datetime64[us]")
    with pytest.raises(ValueError, match="volume has shape"):
        Bars(time, np.ones(2), np.ones(2), np.ones(2), np.ones(2), np.ones(1))


def test_times_must_increase() -> None:
    """A bar seen twice is refused, for it would count twice in an average."""
    with pytest.raises(ValueError, match="do not increase"):
        bars_of([a_bar(1), a_bar(1)])
