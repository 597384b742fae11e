"""Mean reversion on the relative strength index: buy what fell too far, leave when it has risen too far."""

import math
from dataclasses import dataclass

import numpy as np
import talib
from numpy.typing import NDArray

from holdfast.strategies.bars import Bars
from holdfast.strategies.base import no_opinion
from holdfast.strategies.rules import LONGEST_SMOOTHED_PERIOD, require_period

START_WEIGHT = 1e-12
# In RSI points: more than the start of the window can still move the index after the warm-up.
TIE = 1e-4
# Below this average move per bar, as a fraction of the price, the index only remembers how the window began.
STILL = 1e-6


@dataclass(frozen=True, slots=True)
class RsiReversion:
    """Wilder's RSI of the close over `period` bars; `oversold` enters, `overbought` leaves, both in 0 to 100.

    Raises:
        ValueError: unless 2 <= period and 0 < oversold < overbought < 100.
    """

    period: int = 14
    oversold: float = 30.0
    overbought: float = 70.0

    def __post_init__(self) -> None:
        require_period("period", self.period, longest=LONGEST_SMOOTHED_PERIOD)
        if not 0 < self.oversold < self.overbought < 100:  # noqa: PLR2004 - the scale of the index
            raise ValueError(
                f"oversold ({self.oversold:g}) must be smaller than overbought ({self.overbought:g}), "
                "both between 0 and 100"
            )

    @property
    def warmup(self) -> int:
        """Wilder's smoothing keeps (1 - 1/period) of the past per bar: the start must weigh less than 1e-12."""
        decay = math.log(1 - 1 / self.period)
        return self.period + math.ceil(math.log(START_WEIGHT) / decay)

    def signals(self, bars: Bars) -> NDArray[np.float64]:
        """Return +1 where RSI < oversold, 0 where RSI > overbought, NaN between and while the price stands still."""
        index = talib.RSI(bars.close, timeperiod=self.period)
        # With high = low = close the true range is |change|, so this is the index's own average move.
        move = talib.ATR(bars.close, bars.close, bars.close, timeperiod=self.period)
        moving = move > STILL * np.abs(bars.close)
        wanted = no_opinion(len(bars))
        wanted[moving & (index < self.oversold - TIE)] = 1.0
        wanted[moving & (index > self.overbought + TIE)] = 0.0
        return wanted
