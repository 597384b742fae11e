"""Bars of the past in any timeframe, page by page, and never one from the market's future."""

import base64
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import groupby, islice

from holdfast.domain.bar import Bar
from holdfast.domain.symbols import is_pair
from holdfast.exchange.refusal import malformed
from holdfast.simulator.asset_days import midnight_before, zone_of
from holdfast.simulator.calendar import session_ending_after
from holdfast.simulator.call import parse_moment
from holdfast.simulator.prices import PriceSource, close_time

_TIMEFRAME = re.compile(r"([0-9]{0,2})(Min|T|Hour|H|Day|D|Week|W|Month|M)")
_LENGTHS = {"T": timedelta(minutes=1), "H": timedelta(hours=1), "D": timedelta(days=1), "W": timedelta(weeks=1)}
_NAMES = {"Min": "T", "Hour": "H", "Day": "D", "Week": "W", "Month": "M"}
_MONTH = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Frame:
    """A bar's period: `count` units, where a unit is T, H, D, W or M."""

    count: int
    unit: str

    @property
    def length(self) -> timedelta:
        """Its length; a month counts as its shortest."""
        return self.count * _LENGTHS.get(self.unit, _MONTH)

    def start_of(self, moment: datetime, zone: tzinfo) -> datetime:
        """Return the open time of the bar that `moment` falls into, in UTC.

        Minutes and hours are aligned to the clock of `zone`, days to its midnight: Alpaca takes New York for stocks.
        """
        local, midnight = moment.astimezone(zone), midnight_before(moment, zone)
        if self.unit == "M":
            first_month = (local.month - 1) // self.count * self.count + 1
            return midnight.replace(month=first_month, day=1).astimezone(UTC)
        if self.unit == "W":
            return (midnight - timedelta(days=local.weekday())).astimezone(UTC)
        if self.unit == "D":
            return midnight.astimezone(UTC)
        return (midnight + (local - midnight) // self.length * self.length).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Query:
    """Which bars: those that open in [start, end] of `symbols`, in order or newest first, `limit` in all."""

    symbols: Sequence[str]
    frame: Frame
    start: datetime
    end: datetime
    limit: int
    is_newest_first: bool = False
    page_token: str | None = None


def parse_frame(text: str) -> Frame:
    """Read a timeframe such as `1Min`, `15Min`, `1Hour` or `1Day`.

    Raises:
        Refusal: 422 for anything else.
    """
    match = _TIMEFRAME.fullmatch(text)
    if match is None or match[1] in {"0", "00"}:
        raise malformed(f"invalid timeframe: {text}")
    return Frame(int(match[1] or 1), _NAMES.get(match[2], match[2]))


def page(prices: PriceSource, query: Query, now: datetime) -> tuple[list[Bar], str | None]:
    """Return one page of bars, sorted by symbol and then by time, and the token of the next page or None."""
    symbol_from, skip_to = _parse_token(query.page_token)
    rows: Iterator[Bar] = (
        bar
        for symbol in sorted(set(query.symbols))
        if symbol_from is None or symbol >= symbol_from
        for bar in _of_symbol(prices, symbol, query, now)
        if symbol != symbol_from or skip_to is None or _is_past(bar.time, skip_to, query)
    )
    bars = list(islice(rows, query.limit + 1))
    if len(bars) <= query.limit:
        return bars, None
    last = bars[query.limit - 1]
    return bars[: query.limit], base64.urlsafe_b64encode(f"{last.symbol}|{last.time.isoformat()}".encode()).decode()


def _is_past(time: datetime, skip_to: datetime, query: Query) -> bool:
    return time < skip_to if query.is_newest_first else time > skip_to


def _parse_token(token: str | None) -> tuple[str | None, datetime | None]:
    if not token:
        return None, None
    try:
        symbol, _, time = base64.urlsafe_b64decode(token).decode().partition("|")
        return symbol, parse_moment(time)
    except ValueError:
        raise malformed(f"invalid page_token: {token}") from None


def _of_symbol(prices: PriceSource, symbol: str, query: Query, now: datetime) -> Iterator[Bar]:
    """Yield one symbol's bars of the query, in its order, stretch by stretch."""
    if query.frame.length < prices.period:
        return
    zone = zone_of(symbol)
    start = query.frame.start_of(query.start, zone)
    raw = _raw_bars(prices, symbol, (start, min(query.end, now)), now, is_newest_first=query.is_newest_first)
    bars = raw if query.frame.length == prices.period else _aggregated(raw, query.frame, zone, prices.period)
    yield from (bar for bar in bars if query.start <= bar.time <= query.end)


def _raw_bars(
    prices: PriceSource, symbol: str, span: tuple[datetime, datetime], now: datetime, *, is_newest_first: bool
) -> Iterator[Bar]:
    start, end = span
    step = -1 if is_newest_first else 1
    day = timedelta(days=1)
    for stretch in prices.history(start - day, end + day)[::step]:
        bars = prices.bars(symbol, stretch)
        # Making a bar costs more than finding it: only those of the span are made.
        first, past = bisect_left(bars, start, key=_time), bisect_right(bars, end, key=_time)
        for index in range(first, past)[::step]:
            bar = bars[index]
            if close_time(bar, prices.period, stretch) <= now:
                yield bar


def _time(bar: Bar) -> datetime:
    return bar.time


def _aggregated(bars: Iterable[Bar], frame: Frame, zone: tzinfo, period: timedelta) -> Iterator[Bar]:
    for start, group in groupby(bars, key=lambda bar: frame.start_of(bar.time, zone)):
        parts = sorted(group, key=lambda bar: bar.time)
        # As on the consolidated tape: trades outside the session count for a day's volume, not for its prices.
        priced = [bar for bar in parts if frame.unit in "TH" or _is_in_session(bar, period)]
        if priced:
            yield Bar(
                symbol=priced[0].symbol,
                time=start,
                open=priced[0].open,
                high=max(bar.high for bar in priced),
                low=min(bar.low for bar in priced),
                close=priced[-1].close,
                volume=sum((bar.volume for bar in parts[1:]), parts[0].volume),
            )


def _is_in_session(bar: Bar, period: timedelta) -> bool:
    return is_pair(bar.symbol) or session_ending_after(bar.time).open < bar.time + period
