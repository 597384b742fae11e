"""One symbol's minutes without a gap, kept as whole numbers in arrays; a `Bar` is made when it is asked for."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from holdfast.domain.bar import Bar
from holdfast.simulator.lazy_bars import LazyBars

_MINUTE = timedelta(minutes=1)
_NARROW = np.iinfo(np.int32)
Columns = NDArray[Any]
"""Whole numbers: rows open, high, low, close (in price steps) and volume (in volume steps), one column a minute."""


@dataclass(frozen=True, slots=True)
class Grain:
    """How finely a symbol is counted: whole steps to a dollar, and to a share or coin."""

    price: int
    volume: int


class MinuteBars(LazyBars):
    """Bars from `opened` on, one a minute."""

    def __init__(self, symbol: str, opened: datetime, columns: Columns, grain: Grain) -> None:
        self._symbol = symbol
        self._opened = opened.astimezone(UTC)
        self._rows: Columns = np.ascontiguousarray(columns.T)
        if columns.max(initial=0) <= _NARROW.max:
            self._rows = self._rows.astype(np.int32, copy=False)
        self._grain = grain
        self._price_steps, self._volume_steps = Decimal(grain.price), Decimal(grain.volume)

    def between(self, start: datetime, end: datetime) -> "MinuteBars":
        """Return the bars that open in [start, end)."""
        first, past = (max((moment - self._opened) // _MINUTE, 0) for moment in (start, end))
        opened = self._opened + first * _MINUTE
        return MinuteBars(self._symbol, opened, self._rows[first:past].T, self._grain)

    def __len__(self) -> int:
        """Return the number of minutes."""
        return len(self._rows)

    def make(self, index: int) -> Bar:
        """Make one bar."""
        opened, high, low, close, volume = map(Decimal, self._rows[index].tolist())
        steps = self._price_steps
        return Bar(
            symbol=self._symbol,
            time=self._opened + _MINUTE * (index % len(self)),
            open=opened / steps,
            high=high / steps,
            low=low / steps,
            close=close / steps,
            volume=volume / self._volume_steps,
        )
