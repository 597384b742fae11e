"""Moving-average crossover: long while the fast average of the close stands above the slow one."""

from dataclasses import dataclass

import numpy as np
import talib
from numpy.typing import NDArray

from holdfast.strategies.bars import Bars
from holdfast.strategies.base import no_opinion
from holdfast.strategies.rules import require_period

# TA-Lib keeps a running sum, so its last bits depend on where the window starts; closer than this is a tie.
TIE = 1e-9


@dataclass(frozen=True, slots=True)
class SmaCross:
    """Simple averages of `fast` and `slow` closes, in bars.

    Raises:
        ValueError: unless 2 <= fast < slow.
    """

    fast: int = 10
    slow: int = 30

    def __post_init__(self) -> None:
        require_period("fast", self.fast)
        require_period("slow", self.slow)
        if self.fast >= self.slow:
            raise ValueError(f"fast ({self.fast}) must be smaller than slow ({self.slow})")

    @property
    def warmup(self) -> int:
        """The slow average forgets everything older than its own period."""
        return self.slow

    def signals(self, bars: Bars) -> NDArray[np.float64]:
        """Return +1 where fast > slow, -1 where fast < slow, NaN at a tie and before both averages exist."""
        fast = talib.SMA(bars.close, timeperiod=self.fast)
        slow = talib.SMA(bars.close, timeperiod=self.slow)
        margin = TIE * np.abs(slow)
        wanted = no_opinion(len(bars))
        wanted[fast > slow + margin] = 1.0
        wanted[fast < slow - margin] = -1.0
        return wanted
