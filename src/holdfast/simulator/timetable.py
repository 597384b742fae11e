"""Which parts of real time the market lives through, and which it skips: three ways, one for each `MarketHours`."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from holdfast.domain.session import Session
from holdfast.simulator.calendar import (
    NEW_YORK,
    midnight,
    session_ending_after,
    session_of_date,
    sessions_between,
    trading_day,
)

_LEAD = timedelta(minutes=5)
_DAY = timedelta(days=1)


class MarketHours(StrEnum):
    """How market time runs: through regular sessions, through trading days from 04:00 to 20:00, or without a gap."""

    REGULAR = "regular"
    EXTENDED = "extended"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Market time without a gap, [start, end] in UTC, and the regular session in it, if there is one.

    Stretches follow each other. Where hours are skipped before one its `first_instant` is five minutes before the
    start: time to get ready, and to place orders that wait. Elsewhere it is the start.
    """

    first_instant: datetime
    start: datetime
    end: datetime
    session: Session | None

    def every(self, period: timedelta) -> list[datetime]:
        """Return the ends of all periods in the stretch, in order."""
        return [self.start + period * count for count in range(1, (self.end - self.start) // period + 1)]


class Timetable:
    """The endless row of stretches under one kind of hours."""

    def __init__(self, hours: MarketHours) -> None:
        self.hours = hours

    def of_session(self, session: Session) -> Stretch:
        """Return the stretch that holds a regular session."""
        if self.hours is MarketHours.REGULAR:
            return Stretch(session.open - _LEAD, session.open, session.close, session)
        if self.hours is MarketHours.EXTENDED:
            day = trading_day(session)
            return Stretch(day.pre_open - _LEAD, day.pre_open, day.post_close, session)
        return _calendar_day(session.open.astimezone(NEW_YORK).date())

    def ending_after(self, moment: datetime) -> Stretch:
        """Return the stretch that runs at `moment`, or else the next one; at its end a stretch is over."""
        if self.hours is MarketHours.ALWAYS:
            return _calendar_day(moment.astimezone(NEW_YORK).date())
        last = self.of_session(session_ending_after(moment - _DAY))
        while last.end <= moment:
            last = self.of_session(session_ending_after(last.end))
        return last

    def overlapping(self, start: datetime, end: datetime) -> list[Stretch]:
        """Return the stretches that overlap [start, end), in order."""
        if self.hours is MarketHours.ALWAYS:
            return list(_calendar_days(start, end))
        stretches = map(self.of_session, sessions_between(start - _DAY, end + _DAY))
        return [stretch for stretch in stretches if stretch.end > start and stretch.start < end]


@functools.cache
def _calendar_day(day: date) -> Stretch:
    return Stretch(midnight(day), midnight(day), midnight(day + _DAY), session_of_date(day))


def _calendar_days(start: datetime, end: datetime) -> Iterator[Stretch]:
    day = start.astimezone(NEW_YORK).date()
    while midnight(day) < end:
        yield _calendar_day(day)
        day += _DAY
