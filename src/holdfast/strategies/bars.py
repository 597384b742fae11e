"""`Bars`: one symbol's price history as numpy arrays, the form in which strategies and indicators see it.

The engine's `BarWindow` turns the exact bars of the domain into float64; nothing crosses back.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_PRICES = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """OHLCV of one symbol and timeframe, oldest first; all arrays have the same length and are read-only.

    `time` is the open of each period, datetime64[us] UTC; the others are float64, prices in USD, volume in
    shares. Every number is finite: one NaN would poison an indicator for all later bars.

    Raises:
        ValueError: for arrays of different lengths, numbers that are not finite, or times that do not increase.
    """

    time: NDArray[np.datetime64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]

    def __post_init__(self) -> None:
        self._freeze("time", np.asarray(self.time, dtype="datetime64[us]"))
        for name in _PRICES:
            column = np.ascontiguousarray(getattr(self, name), dtype=np.float64)
            if column.shape != self.time.shape or column.ndim != 1:
                raise ValueError(f"bars: {name} has shape {column.shape}, time has {self.time.shape}")
            if not np.isfinite(column).all():
                raise ValueError(f"bars: {name} holds a number that is not finite")
            self._freeze(name, column)
        if (self.time[1:] <= self.time[:-1]).any():
            raise ValueError("bars: the times do not increase")

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, part: slice) -> "Bars":
        """Return the bars of a slice, without a copy."""
        return Bars(self.time[part], *(getattr(self, name)[part] for name in _PRICES))

    def _freeze(self, name: str, column: NDArray[np.generic]) -> None:
        # A view, so that the caller's own array stays writable.
        view = column.view()
        view.flags.writeable = False
        object.__setattr__(self, name, view)
