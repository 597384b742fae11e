"""What a strategy is. The contract stands here; each shipped strategy has a file of its own."""

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from holdfast.strategies.bars import Bars


@runtime_checkable
class Strategy(Protocol):
    """A pure function of bars. Live evaluates it over a trailing window and takes the last value."""

    @property
    def warmup(self) -> int:
        """How many bars must stand before a bar for its signal not to depend on where the window starts."""
        ...

    def signals(self, bars: Bars) -> NDArray[np.float64]:
        """Return one wanted exposure per bar: +1 long, 0 flat, -1 short, fractions between, NaN = no opinion.

        The value at i depends on ``bars[:i + 1]`` alone.
        """
        ...


def no_opinion(count: int) -> NDArray[np.float64]:
    """Return `count` signals that say nothing; a strategy writes its opinions over them."""
    return np.full(count, np.nan)
