"""The trailing window of bars that a strategy sees: appended in place, handed out as arrays without copying."""

import numpy as np

from holdfast.domain.bar import Bar
from holdfast.strategies.bars import Bars


class BarWindow:
    """The newest `length` bars of one symbol; here prices leave Decimal for the strategies' float64."""

    def __init__(self, length: int) -> None:
        self.length = length
        self._columns = np.zeros((5, 2 * length))
        self._times = np.zeros(2 * length, dtype="datetime64[us]")
        self._end = 0

    def append(self, bar: Bar) -> None:
        """Add the next bar."""
        if self._end == len(self._times):
            self._make_room()
        row = (float(bar.open), float(bar.high), float(bar.low), float(bar.close), float(bar.volume))
        self._columns[:, self._end] = row
        self._times[self._end] = np.datetime64(bar.time.replace(tzinfo=None), "us")
        self._end += 1

    def _make_room(self) -> None:
        self._columns[:, : self.length] = self._columns[:, -self.length :].copy()
        self._times[: self.length] = self._times[-self.length :].copy()
        self._end = self.length

    def bars(self) -> Bars:
        """Return the newest bars, at most `length`."""
        newest = slice(max(0, self._end - self.length), self._end)
        return Bars(self._times[newest], *self._columns[:, newest])
