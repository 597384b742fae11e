"""Buy once, hold for ever: the yardstick for every other strategy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from holdfast.strategies.bars import Bars


@dataclass(frozen=True, slots=True)
class BuyAndHold:
    """Always long."""

    @property
    def warmup(self) -> int:
        """No bar is needed before the first signal."""
        return 0

    def signals(self, bars: Bars) -> NDArray[np.float64]:
        """Return +1 for every bar."""
        return np.ones(len(bars))
