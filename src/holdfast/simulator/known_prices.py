"""Which prices are known at a moment: the newest bars, the close of the day before. Pure: the moment is an argument."""

import bisect
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from holdfast.domain.bar import Bar
from holdfast.domain.symbols import is_pair
from holdfast.simulator.asset_days import midnight_before, zone_of
from holdfast.simulator.calendar import trading_day
from holdfast.simulator.prices import PriceSource, close_time
from holdfast.simulator.timetable import Stretch

_LOOK_BACK = timedelta(days=15)


def last_bar(prices: PriceSource, symbol: str, stretch: Stretch, moment: datetime) -> Bar | None:
    """Return the newest bar of `stretch` that is known at `moment`."""
    bars = prices.bars(symbol, stretch)
    count = bisect.bisect_right(bars, moment, key=lambda bar: close_time(bar, prices.period, stretch))
    return bars[count - 1] if count else None


def newest_bars(prices: PriceSource, moment: datetime) -> Iterator[Bar]:
    """Yield the newest bar of each symbol, as far back as is worth looking."""
    missing = list(prices.instruments)
    for stretch in reversed(prices.history(moment - _LOOK_BACK, moment)):
        found = {symbol: last_bar(prices, symbol, stretch, moment) for symbol in missing}
        missing = [symbol for symbol, bar in found.items() if bar is None]
        yield from (bar for bar in found.values() if bar is not None)


def closing_bar(prices: PriceSource, symbol: str, moment: datetime) -> Bar | None:
    """Return the last bar of the day before the one that `moment` falls into.

    A stock's day ends with its session, even if trading goes on; a pair's at midnight UTC.
    """
    start = midnight_before(moment, zone_of(symbol)).astimezone(UTC)
    for stretch in reversed(prices.history(start - _LOOK_BACK, start)):
        end = start if is_pair(symbol) else stretch.session and stretch.session.close
        bar = last_bar(prices, symbol, stretch, end) if end else None
        if bar is not None:
            return bar
    return None


def is_quoted(prices: PriceSource, bar: Bar, stretch: Stretch, moment: datetime) -> bool:
    """Whether a bar of the running stretch still makes the quote: the closes of a stock's day forget it."""
    if is_pair(bar.symbol):
        return True
    if stretch.session is None:
        return False
    day = trading_day(stretch.session)
    known_at = close_time(bar, prices.period, stretch)
    return not any(known_at <= close <= moment for close in (day.close, day.post_close))
