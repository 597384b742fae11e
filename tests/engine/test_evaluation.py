"""Asking a strategy, and refusing rubbish (F12)."""

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest
from numpy.typing import NDArray

from builders import a_bar, bars_of
from holdfast.engine.evaluation import SignalError, evaluate
from holdfast.strategies.bars import Bars

BARS = bars_of([a_bar(minute) for minute in range(3)])


class Saying:
    """A strategy that answers with whatever it was given."""

    warmup = 0

    def __init__(self, answer: Callable[[], object]) -> None:
        self._answer = answer

    def signals(self, bars: Bars) -> NDArray[np.float64]:
        """Return the answer."""
        del bars
        return self._answer()  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("answer", "signal"),
    [
        ([0, 0, 1], Decimal(1)),
        ([1, 1, 0], Decimal(0)),
        ([1, 1, -1.0], Decimal(-1)),
        ([0, 0, 1 / 3], Decimal("0.333333333")),
        ([0, 0, 0.1 + 0.2], Decimal("0.3")),
        ([np.inf, np.nan, 0.5], Decimal("0.5")),
        ([1, 1, np.nan], None),
        (np.ones(3, dtype=np.int8), Decimal(1)),
    ],
)
def test_the_last_signal_counts(answer: object, signal: Decimal | None) -> None:
    """The newest bar's signal is taken, rounded to nine places; NaN is no opinion."""
    assert evaluate(Saying(lambda: answer), BARS) == signal


@pytest.mark.parametrize(
    "answer",
    [[1, 1], [1, 1, 1, 1], 1, [[1, 1, 1]], [], [0, 0, np.inf], [0, 0, 1.5], [0, 0, -1.000001]],
)
def test_rubbish_is_an_error_with_words(answer: object) -> None:
    """A wrong length, an infinity or an exposure beyond one is refused."""
    with pytest.raises(SignalError, match="is needed"):
        evaluate(Saying(lambda: answer), BARS)


@pytest.mark.parametrize("answer", [None, "up", ["a", "b", "c"], {"signal": 1}])
def test_what_is_no_number_raises(answer: object) -> None:
    """An answer of the wrong kind raises or is no opinion, and never becomes a trade."""
    try:
        assert evaluate(Saying(lambda: answer), BARS) is None
    except (SignalError, ValueError, TypeError):
        return


def test_what_a_strategy_raises_comes_out() -> None:
    """The worker's supervisor deals with it, not the evaluation."""

    def fail() -> object:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        evaluate(Saying(fail), BARS)


def test_a_strategy_cannot_change_the_bars() -> None:
    """The arrays handed out are read-only: one strategy cannot spoil the window."""
    with pytest.raises(ValueError, match="read-only"):
        evaluate(Saying(lambda: BARS.close.__setitem__(0, 1.0)), BARS)
