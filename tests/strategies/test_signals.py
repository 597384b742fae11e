"""The shipped strategies: values worked out by hand, and the properties that every strategy must have."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from holdfast.strategies.bars import Bars
from holdfast.strategies.base import Strategy
from holdfast.strategies.breakout import Breakout
from holdfast.strategies.buy_and_hold import BuyAndHold
from holdfast.strategies.catalogue import CATALOGUE
from holdfast.strategies.rsi_reversion import RsiReversion
from holdfast.strategies.sma_cross import SmaCross

NAN = float("nan")
SMALL = [SmaCross(2, 5), RsiReversion(3, 40, 60), Breakout(5, 3), BuyAndHold()]


def bars_from(
    closes: list[float] | NDArray[np.float64], highs: list[float] | None = None, lows: list[float] | None = None
) -> Bars:
    """Return minute bars with these closes; high and low are the close unless given."""
    close = np.array(closes, dtype=np.float64)
    time = np.datetime64("2026-11-20T14:30", "us") + np.arange(len(close)) * np.timedelta64(60, "s")
    high = close if highs is None else np.array(highs, dtype=np.float64)
    low = close if lows is None else np.array(lows, dtype=np.float64)
    return Bars(time, close, high, low, close, np.ones(len(close)))


@st.composite
def random_walks(draw: st.DrawFn, least: int, most: int) -> Bars:
    """Draw a walk in whole cents, so that exact ties happen, with quiet stretches and jumps."""
    length = draw(st.integers(least, most))
    seed = draw(st.integers(0, 2**32 - 1))
    step_cents = draw(st.sampled_from([1, 2, 50, 1000]))
    still_share = draw(st.sampled_from([0.0, 0.5, 0.98]))
    random = np.random.default_rng(seed)
    steps = random.integers(-step_cents, step_cents + 1, length) * (random.random(length) >= still_share)
    cents = np.maximum(10_000 + np.cumsum(steps), 100)
    spread = random.integers(0, step_cents + 1, (2, length))
    return bars_from(cents / 100, list((cents + spread[0]) / 100), list((cents - np.minimum(spread[1], 99)) / 100))


@pytest.mark.parametrize(
    ("closes", "expected"),
    [
        # Averages of 2 and 3: 1.5|-, 2.5|2, 3.5|3
        ([1, 2, 3, 4], [NAN, NAN, 1, 1]),
        # 3.5|-, 2.5|3, 1.5|2
        ([4, 3, 2, 1], [NAN, NAN, -1, -1]),
        # 5|5 is a tie: no opinion
        ([5, 5, 5], [NAN, NAN, NAN]),
        # 1|1.333, then 2|1.667, then 2|2 (a tie)
        ([2, 1, 1, 3, 1, 3, 2], [NAN, NAN, -1, 1, 1, -1, 1]),
        ([], []),
        ([1], [NAN]),
    ],
)
def test_sma_cross_follows_the_faster_average(closes: list[float], expected: list[float]) -> None:
    """The signal is the side of the slow average on which the fast one stands."""
    np.testing.assert_array_equal(SmaCross(2, 3).signals(bars_from(closes)), expected)


def test_a_difference_in_the_last_bits_is_a_tie() -> None:
    """Averages that differ by rounding alone are equal: 0.1 + 0.2 is 0.3."""
    closes = [0.3, 0.1 + 0.2, 0.3, 0.1 + 0.2, 0.1 + 0.2]
    assert np.isnan(SmaCross(2, 3).signals(bars_from(closes))).all()


@pytest.mark.parametrize(
    ("closes", "expected"),
    [
        # Period 2. Changes +1, +1: only gains, RSI 100. Then -4: gain (1+0)/2, loss (0+4)/2, RSI 20. Then +1:
        # gain (0.5+1)/2, loss (2+0)/2, RSI 42.9. Then +4: gain 2.375, loss 0.5, RSI 82.6.
        ([10, 11, 12, 8, 9, 13], [NAN, NAN, 0, 1, NAN, 0]),
        # Changes -1, -1: only losses, RSI 0.
        ([10, 9, 8], [NAN, NAN, 1]),
        # A price that stands still says nothing.
        ([10, 10, 10, 10], [NAN, NAN, NAN, NAN]),
        # Changes +3, -7: gain 1.5, loss 3.5, RSI 30 exactly: on the threshold is not below it.
        ([10, 13, 6], [NAN, NAN, NAN]),
        # The same in cents: floating point says 29.9999999999986, which is still 30.
        ([100, 100.03, 99.96], [NAN, NAN, NAN]),
        ([10], [NAN]),
    ],
)
def test_rsi_reversion_buys_low_and_leaves_high(closes: list[float], expected: list[float]) -> None:
    """The signal is +1 below `oversold`, 0 above `overbought`, and nothing between."""
    np.testing.assert_array_equal(RsiReversion(2, 30, 70).signals(bars_from(closes)), expected)


@pytest.mark.parametrize(
    ("highs", "lows", "closes", "expected"),
    [
        # Entry 3: the close must pass the previous three highs; bar 3 only reaches them.
        ([5, 6, 7, 7, 9], [4, 5, 6, 6, 7], [5, 6, 7, 7, 9], [NAN, NAN, NAN, NAN, 1]),
        # Exit 2: the close falls under the previous two lows; bar 3 only touches them.
        ([5, 5, 5, 5, 5], [4, 4, 3, 3, 2], [5, 5, 3, 3, 2], [NAN, NAN, 0, NAN, 0]),
        # Its own high does not count against a bar.
        ([5, 5, 5, 9], [4, 4, 4, 4], [5, 5, 5, 6], [NAN, NAN, NAN, 1]),
        ([5], [4], [5], [NAN]),
    ],
)
def test_breakout_compares_with_the_bars_before(
    highs: list[float], lows: list[float], closes: list[float], expected: list[float]
) -> None:
    """The signal is +1 above the previous highs, 0 below the previous lows, and nothing between."""
    np.testing.assert_array_equal(Breakout(3, 2).signals(bars_from(closes, highs, lows)), expected)


def test_buy_and_hold_is_always_long() -> None:
    """The yardstick wants its position from the first bar on."""
    assert BuyAndHold().signals(bars_from([3, 2, 1])).tolist() == [1, 1, 1]


@pytest.mark.parametrize("strategy", SMALL, ids=lambda each: type(each).__name__)
@given(bars=random_walks(0, 120), data=st.data())
def test_a_signal_depends_on_the_past_alone(strategy: Strategy, bars: Bars, data: st.DataObject) -> None:
    """The signals of the first k bars are the first k signals, and there is one per bar."""
    signals = strategy.signals(bars)
    assert len(signals) == len(bars)
    known = data.draw(st.integers(0, len(bars)))
    np.testing.assert_array_equal(strategy.signals(bars[:known]), signals[:known])


@pytest.mark.parametrize("strategy", SMALL, ids=lambda each: type(each).__name__)
@given(bars=random_walks(150, 400), data=st.data())
def test_the_start_of_the_window_is_forgotten(strategy: Strategy, bars: Bars, data: st.DataObject) -> None:
    """Once `warmup` bars stand before a bar, its signal is the same wherever the window starts."""
    start = data.draw(st.integers(0, len(bars) - strategy.warmup - 1))
    late = strategy.signals(bars[start:])
    np.testing.assert_array_equal(late[strategy.warmup :], strategy.signals(bars)[start + strategy.warmup :])


@pytest.mark.parametrize("factory", CATALOGUE.values(), ids=CATALOGUE.keys())
@given(bars=random_walks(0, 500))
def test_signals_are_exposures(factory: type[Strategy], bars: Bars) -> None:
    """Every shipped strategy with its defaults says -1, 0, +1 or nothing."""
    signals = factory().signals(bars)
    assert signals.dtype == np.float64
    assert set(signals[~np.isnan(signals)]) <= {-1.0, 0.0, 1.0}


@pytest.mark.parametrize("period", [2, 14, 500])
def test_wilders_warmup_forgets_to_one_in_a_trillion(period: int) -> None:
    """After the warm-up the start of an RSI window weighs less than 1e-12, one bar earlier it does not."""
    smoothed = RsiReversion(period).warmup - period
    assert (1 - 1 / period) ** smoothed <= 1e-12 * (1 + 1e-9)
    assert (1 - 1 / period) ** (smoothed - 1) > 1e-12


@pytest.mark.parametrize(
    ("factory", "arguments", "message"),
    [
        (SmaCross, {"fast": 30, "slow": 10}, r"fast \(30\) must be smaller than slow \(10\)"),
        (SmaCross, {"fast": 10, "slow": 10}, "must be smaller"),
        (SmaCross, {"fast": 0}, "fast must be from 2 to 5000 bars, not 0"),
        (SmaCross, {"slow": 10**9}, "slow must be from 2 to"),
        (RsiReversion, {"period": 1}, "period must be from 2 to 500"),
        (RsiReversion, {"oversold": 70.0, "overbought": 30.0}, r"oversold \(70\) must be smaller"),
        (RsiReversion, {"overbought": 100.0}, "between 0 and 100"),
        (RsiReversion, {"oversold": NAN}, "between 0 and 100"),
        (Breakout, {"entry": -5}, "entry must be"),
        (Breakout, {"exit": 1}, "exit must be"),
    ],
)
def test_senseless_parameters_are_refused(factory: type[Strategy], arguments: dict[str, float], message: str) -> None:
    """A strategy that could not work is not built, and the sentence names the parameter."""
    with pytest.raises(ValueError, match=message):
        factory(**arguments)
