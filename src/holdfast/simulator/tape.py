"""One session as the market lives it: which instants it has, and which bars close at each."""

import bisect
from datetime import datetime

from holdfast.domain.bar import Bar
from holdfast.domain.session import Session
from holdfast.simulator.calendar import PRE_OPEN
from holdfast.simulator.prices import PriceSource, close_time


class Tape:
    """The instants of `session`: five minutes before the open, every bar's close, and the session's close.

    It stands after `moment` and only moves forward.
    """

    def __init__(self, prices: PriceSource, session: Session, moment: datetime) -> None:
        self.session = session
        self._period = prices.period
        self._columns = [column for symbol in prices.instruments if (column := prices.bars(symbol, session))]
        self._next = [bisect.bisect_right(column, moment, key=self._closes) for column in self._columns]
        self._coming = [self._bar(row) for row in range(len(self._columns))]
        self._instants = sorted({session.open - PRE_OPEN, session.close, *prices.close_times(session)})

    def _closes(self, bar: Bar) -> datetime:
        return close_time(bar.time, self._period, self.session)

    def after(self, moment: datetime) -> datetime | None:
        """Return the first instant later than `moment`; None after the close."""
        index = bisect.bisect_right(self._instants, moment)
        return self._instants[index] if index < len(self._instants) else None

    def last_bars(self) -> list[Bar]:
        """Return the newest bar of each symbol that has closed so far in this session."""
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
