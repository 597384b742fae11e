"""Asking a strategy for its newest signal, and refusing rubbish."""

from decimal import Decimal

import numpy as np

from holdfast.strategies.bars import Bars
from holdfast.strategies.base import Strategy


class SignalError(Exception):
    """A strategy answered with something that is not one signal per bar."""


def evaluate(strategy: Strategy, bars: Bars) -> Decimal | None:
    """Return the exposure wanted after the last bar, -1 to +1; None for no opinion.

    Raises:
        SignalError: a wrong length, an infinity, or an exposure beyond 1.
        Exception: whatever the strategy itself raises.
    """
    signals = np.asarray(strategy.signals(bars), dtype=np.float64)
    if signals.shape != (len(bars),):
        raise SignalError(f"it answered with shape {signals.shape} for {len(bars)} bars: one signal per bar is needed")
    newest = float(signals[-1])
    if np.isnan(newest):
        return None
    if not abs(newest) <= 1:
        raise SignalError(f"its signal is {newest}: -1 to 1 is needed")
    return Decimal(repr(round(newest, 9)))
