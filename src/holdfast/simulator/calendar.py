"""Real NYSE sessions, half days and holidays included, and the trading days around them.

The library behind them is slow to import: lazily.
"""

import bisect
import functools
import warnings
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from holdfast.domain.session import Session
from holdfast.exchange.hours import TradingDay

NEW_YORK = ZoneInfo("America/New_York")
FIRST_DAY = "1970-01-01"
LAST_DAY = "2039-12-31"
_PRE_MARKET, _POST_MARKET_END = time(4), time(20)


@functools.cache
def all_sessions() -> Sequence[Session]:
    """Return every session of the years that the simulator knows, in order; costs a second the first time."""
    with warnings.catch_warnings():
        # exchange_calendars 4.13 has not caught up with pandas 3.1.
        warnings.simplefilter("ignore")
        from exchange_calendars.exchange_calendar_xnys import XNYSExchangeCalendar  # noqa: PLC0415 - slow

        schedule = XNYSExchangeCalendar(start=FIRST_DAY, end=LAST_DAY).schedule
        opens = [moment.to_pydatetime() for moment in schedule["open"]]
        closes = [moment.to_pydatetime() for moment in schedule["close"]]
    pairs = zip(opens, closes, strict=True)
    return tuple(Session(opened.astimezone(UTC), closed.astimezone(UTC)) for opened, closed in pairs)


def midnight(day: date) -> datetime:
    """Return the start of a New York calendar day in UTC; such a day has 23 to 25 hours."""
    return _at(day, time())


def session_date(session: Session) -> date:
    """Return the New York date of a session."""
    return session.open.astimezone(NEW_YORK).date()


def trading_day(session: Session) -> TradingDay:
    """Return a session's day: pre-market from 04:00, post-market to 20:00 New York, on half days too."""
    day = session_date(session)
    return TradingDay(_at(day, _PRE_MARKET), session.open, session.close, _at(day, _POST_MARKET_END))


def session_ending_after(moment: datetime) -> Session:
    """Return the session that is open at `moment`, or else the next one."""
    sessions = all_sessions()
    return sessions[bisect.bisect_right(sessions, moment, key=lambda session: session.close)]


def session_opening_after(moment: datetime) -> Session:
    """Return the first session that opens later than `moment`."""
    sessions = all_sessions()
    return sessions[bisect.bisect_right(sessions, moment, key=lambda session: session.open)]


def session_of_date(day: date) -> Session | None:
    """Return the session of a New York date; None on a day without one."""
    session = session_ending_after(midnight(day))
    return session if session_date(session) == day else None


def sessions_between(start: datetime, end: datetime) -> Sequence[Session]:
    """Return the sessions that open in [start, end), in order."""
    sessions = all_sessions()
    first = bisect.bisect_left(sessions, start, key=lambda session: session.open)
    last = bisect.bisect_left(sessions, end, key=lambda session: session.open)
    return sessions[first:last]


def sessions_before(moment: datetime, count: int) -> Sequence[Session]:
    """Return the last `count` sessions that open before `moment`, in order."""
    sessions = all_sessions()
    index = bisect.bisect_left(sessions, moment, key=lambda session: session.open)
    return sessions[max(0, index - count) : index]


def _at(day: date, wall_time: time) -> datetime:
    return datetime.combine(day, wall_time, NEW_YORK).astimezone(UTC)
