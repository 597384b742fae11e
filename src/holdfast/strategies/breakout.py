"""Channel breakout (Donchian): buy a new high, leave at a new low."""

from dataclasses import dataclass

import numpy as np
import talib
from numpy.typing import NDArray

from holdfast.strategies.bars import Bars
from holdfast.strategies.base import no_opinion
from holdfast.strategies.rules import require_period


@dataclass(frozen=True, slots=True)
class Breakout:
    """A close beyond the channel of the previous `entry` highs or `exit` lows, in bars.

    Raises:
        ValueError: for a period below 2.
    """

    entry: int = 20
    exit: int = 10

    def __post_init__(self) -> None:
        require_period("entry", self.entry)
        require_period("exit", self.exit)

    @property
    def warmup(self) -> int:
        """The channel reaches back over the longer of the two periods."""
        return max(self.entry, self.exit)

    def signals(self, bars: Bars) -> NDArray[np.float64]:
        """Return +1 where close > the previous highs, 0 where close < the previous lows, NaN between.

        Highs and lows are compared as they are, without arithmetic, so no tolerance is needed.
        """
        ceiling = _previous(talib.MAX(bars.high, timeperiod=self.entry))
        floor = _previous(talib.MIN(bars.low, timeperiod=self.exit))
        wanted = no_opinion(len(bars))
        wanted[bars.close > ceiling] = 1.0
        wanted[bars.close < floor] = 0.0
        return wanted


def _previous(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move each value one bar later, so that a bar is not compared with itself."""
    moved = no_opinion(len(values))
    moved[1:] = values[:-1]
    return moved
