"""One stretch of market time as the market lives it: which instants it has, and which bars close at each."""

import bisect
from datetime import datetime

from holdfast.domain.bar import Bar
from holdfast.simulator.calendar import trading_day
from holdfast.simulator.prices import PriceSource, close_time
from holdfast.simulator.timetable import Stretch


class Tape:
    """The instants of `stretch`: the one before its start, every bar's close, its end, and its trading day's borders.

    It stands after `moment` and only moves forward.
    """

    def __init__(self, prices: PriceSource, stretch: Stretch, moment: datetime) -> None:
        self.stretch = stretch
        self._period = prices.period
        self._columns = [column for symbol in prices.instruments if (column := prices.bars(symbol, stretch))]
        self._next = [bisect.bisect_right(column, moment, key=self._closes) for column in self._columns]
        self._coming = [self._bar(row) for row in range(len(self._columns))]
        self._instants = sorted({stretch.first_instant, *prices.close_times(stretch), *_borders(stretch)})

    def _closes(self, bar: Bar) -> datetime:
        return close_time(bar, self._period, self.stretch)

    def after(self, moment: datetime) -> datetime | None:
        """Return the first instant later than `moment`; None after the end."""
        index = bisect.bisect_right(self._instants, moment)
        return self._instants[index] if index < len(self._instants) else None

    def last_bars(self) -> list[Bar]:
        """Return the newest bar of each symbol that has closed so far in this stretch."""
        pairs = zip(self._columns, self._next, strict=True)
        return [column[index - 1] for column, index in pairs if index]

    def advance(self, moment: datetime) -> list[Bar]:
        """Move on to `moment` and return the bars that have closed since, the newest one of each symbol."""
        closed = []
        for row in range(len(self._columns)):
            newest = None
            while (bar := self._coming[row]) is not None and self._closes(bar) <= moment:
                newest = bar
                self._next[row] += 1
                self._coming[row] = self._bar(row)
            if newest is not None:
                closed.append(newest)
        return closed

    def _bar(self, row: int) -> Bar | None:
        column, index = self._columns[row], self._next[row]
        return column[index] if index < len(column) else None


def _borders(stretch: Stretch) -> list[datetime]:
    """Return the moments at which orders change their state, whether a bar closes there or not."""
    if stretch.session is None:
        return [stretch.end]
    day = trading_day(stretch.session)
    # An opening is no instant of its own: what waits for it is filled when its first bar closes.
    return [*(moment for moment in (day.close, day.post_close) if moment < stretch.end), stretch.end]
