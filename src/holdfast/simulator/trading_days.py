"""The trading days that a market with certain prices has ahead of it. Pure: the moment is an argument."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from holdfast.domain.errors import UsageError
from holdfast.exchange.hours import TradingDay
from holdfast.simulator.calendar import session_of_date, trading_day
from holdfast.simulator.prices import PriceSource
from holdfast.simulator.timetable import Stretch

# On a half day the post-market begins at one.
_EVENING_MAX = timedelta(hours=7)


def stretches_ahead(prices: PriceSource, moment: datetime) -> Iterator[Stretch]:
    """Yield the stretches that end after `moment`: those with prices, and then without end those of the calendar."""
    while True:
        stretch = prices.next_stretch(moment) or prices.timetable.ending_after(moment)
        yield stretch
        moment = stretch.end


def days_ahead(prices: PriceSource, moment: datetime) -> Iterator[TradingDay]:
    """Yield the trading days that are not over at `moment`, without end."""
    for stretch in stretches_ahead(prices, moment - _EVENING_MAX):
        if stretch.session is not None:
            day = trading_day(stretch.session)
            if day.post_close > moment:
                yield day


def first_instant_of(prices: PriceSource, day: date) -> datetime:
    """Return the first instant of a trading day's market time.

    Raises:
        UsageError: nothing is traded on that day.
    """
    session = session_of_date(day)
    if session is None:
        raise UsageError(f"{day} is not a session of the New York Stock Exchange: choose a trading day")
    return prices.timetable.of_session(session).first_instant


def next_first_instant(prices: PriceSource, moment: datetime) -> datetime:
    """Return the first instant of the first trading day that begins after `moment`."""
    ahead = stretches_ahead(prices, moment)
    return next(each.first_instant for each in ahead if each.session is not None and each.first_instant > moment)
