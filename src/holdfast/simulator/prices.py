"""Where the simulator's prices come from: the protocol, and the source that replays recorded bars."""

import bisect
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol

from holdfast.domain.bar import Bar
from holdfast.domain.errors import UsageError
from holdfast.domain.symbols import is_pair
from holdfast.exchange.instrument import Instrument
from holdfast.simulator.calendar import session_of_date
from holdfast.simulator.catalogue import listing_of
from holdfast.simulator.timetable import MarketHours, Stretch, Timetable

_DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)


class PriceSource(Protocol):
    """Bars by symbol and stretch of market time. `period` is the length of one bar.

    The same source gives the same bars for ever: the simulator stores none, it asks again.
    """

    @property
    def period(self) -> timedelta:
        """Length of one bar."""
        ...

    @property
    def description(self) -> Mapping[str, str]:
        """What tells this source from another, to be remembered beside the account."""
        ...

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """Everything that is listed, by symbol."""
        ...

    @property
    def timetable(self) -> Timetable:
        """Which parts of real time these prices cover."""
        ...

    @property
    def first_stretch(self) -> Stretch:
        """The stretch in which a new account starts."""
        ...

    @property
    def last_stretch(self) -> Stretch | None:
        """The last stretch with bars; None if there is always one more."""
        ...

    def history(self, start: datetime, end: datetime) -> Sequence[Stretch]:
        """Return the stretches with bars that overlap [start, end), in order."""
        ...

    def next_stretch(self, moment: datetime) -> Stretch | None:
        """Return the first stretch with bars that ends after `moment`; None when they are used up."""
        ...

    def bars(self, symbol: str, stretch: Stretch) -> Sequence[Bar]:
        """Return the bars of one symbol in one stretch, oldest first; empty if there are none."""
        ...

    def close_times(self, stretch: Stretch) -> Collection[datetime]:
        """Return every moment of the stretch at which the market's time stops, for a bar or for its own sake."""
        ...


def close_time(bar: Bar, period: timedelta, stretch: Stretch) -> datetime:
    """Return when a bar of `stretch` becomes known: a period after its open, at the stretch's end at the latest.

    A stock's daily bar is known at the session's close.
    """
    if period >= _DAY and stretch.session is not None and not is_pair(bar.symbol):
        return stretch.session.close
    return min(bar.time + period, stretch.end)


class RecordedPrices:
    """Replays recorded bars. Those that fall outside the market's hours are left out and counted."""

    def __init__(self, bars_by_symbol: Mapping[str, Sequence[Bar]], hours: MarketHours = MarketHours.REGULAR) -> None:
        self.period = _period(bars_by_symbol)
        self.timetable = Timetable(hours)
        self._bars: dict[tuple[str, datetime], list[Bar]] = {}
        self.bars_outside_hours = 0
        self._stretches = self._read(bars_by_symbol)
        if not self._stretches:
            raise UsageError(f"no bar of the folder falls into the market's hours ({hours})")
        self.instruments: Mapping[str, Instrument] = listing_of(sorted(bars_by_symbol))
        self.first_stretch = self._stretches[0]
        self.last_stretch: Stretch | None = self._stretches[-1]

    def _read(self, bars_by_symbol: Mapping[str, Sequence[Bar]]) -> list[Stretch]:
        found: dict[datetime, Stretch] = {}
        for symbol, bars in bars_by_symbol.items():
            for bar in sorted(bars, key=lambda bar: bar.time):
                stretch = self._stretch_of(bar)
                if stretch is None:
                    self.bars_outside_hours += 1
                    continue
                found[stretch.start] = stretch
                self._bars.setdefault((symbol, stretch.start), []).append(bar)
        if found and self.timetable.hours is MarketHours.ALWAYS:
            return self.timetable.overlapping(min(found), max(each.end for each in found.values()))
        return [found[start] for start in sorted(found)]

    def _stretch_of(self, bar: Bar) -> Stretch | None:
        if is_pair(bar.symbol):
            # The stretch in which it closes: days of crypto end at midnight UTC, inside one of New York.
            stretch = self.timetable.ending_after(bar.time + self.period - _TICK)
        elif self.period >= _DAY:
            return self._stretch_of_daily(bar)
        else:
            stretch = self.timetable.ending_after(bar.time)
        return stretch if bar.time + self.period > stretch.start else None

    def _stretch_of_daily(self, bar: Bar) -> Stretch | None:
        """A daily bar is stamped with midnight: in New York as Alpaca does, or in UTC as many files do."""
        is_utc_midnight = bar.time.hour == 0 and bar.time.minute == 0
        session = session_of_date(bar.time.date() if is_utc_midnight else (bar.time - timedelta(hours=4)).date())
        return self.timetable.of_session(session) if session else None

    @property
    def description(self) -> Mapping[str, str]:
        """Kind, symbols, and the span of the bars."""
        return {
            "kind": "recorded",
            "symbols": ",".join(self.instruments),
            "first": self._stretches[0].start.isoformat(),
            "last": self._stretches[-1].end.isoformat(),
        }

    def history(self, start: datetime, end: datetime) -> Sequence[Stretch]:
        """Return the stretches with bars that overlap [start, end)."""
        first = bisect.bisect_right(self._stretches, start, key=_end)
        return [stretch for stretch in self._stretches[first:] if stretch.start < end]

    def next_stretch(self, moment: datetime) -> Stretch | None:
        """Return the first stretch with bars that ends after `moment`."""
        index = bisect.bisect_right(self._stretches, moment, key=_end)
        return self._stretches[index] if index < len(self._stretches) else None

    def bars(self, symbol: str, stretch: Stretch) -> Sequence[Bar]:
        """Return the recorded bars of one symbol in one stretch."""
        return self._bars.get((symbol, stretch.start), [])

    def close_times(self, stretch: Stretch) -> Collection[datetime]:
        """Return the moments at which a recorded bar closes; the end of every period where time never rests."""
        columns = (self.bars(symbol, stretch) for symbol in self.instruments)
        closes = {close_time(bar, self.period, stretch) for column in columns for bar in column}
        return closes.union(stretch.every(self.period)) if self.timetable.hours is MarketHours.ALWAYS else closes


def _end(stretch: Stretch) -> datetime:
    return stretch.end


def _period(bars_by_symbol: Mapping[str, Sequence[Bar]]) -> timedelta:
    """Return the most common distance between neighbouring bars; one minute where there are too few."""
    distances: Counter[timedelta] = Counter()
    for bars in bars_by_symbol.values():
        times = sorted(bar.time for bar in bars)
        distances.update(later - earlier for earlier, later in pairwise(times))
    distances.pop(timedelta(0), None)
    return min(distances.most_common(1)[0][0], _DAY) if distances else timedelta(minutes=1)
