"""Stock splits on given days: prices are made smaller from the split on, and history larger or as it was."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from math import prod

from pydantic import TypeAdapter

from holdfast.domain.bar import Bar
from holdfast.domain.errors import UsageError
from holdfast.domain.symbols import is_pair, parse_symbol
from holdfast.simulator.lazy_bars import LazyBars
from holdfast.simulator.prices import PriceSource
from holdfast.simulator.timetable import Stretch
from holdfast.simulator.trading_days import first_instant_of, next_first_instant

_CENT, _ONE = Decimal("0.01"), Decimal(1)
_WRITTEN = re.compile(r"([^:@]+):([0-9]{1,6}(?:\.[0-9]{1,6})?)@(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True, slots=True)
class PlannedSplit:
    """`ratio` new shares for each old one before the session of `day`, None the next one; below one it is a reverse."""

    symbol: str
    ratio: Decimal
    day: date | None


@dataclass(frozen=True, slots=True)
class Split:
    """`ratio` new shares for each old one from `at` on, the first instant of a stretch of market time."""

    symbol: str
    ratio: Decimal
    at: datetime


_SPLITS = TypeAdapter(list[Split])


def parse_split(text: str) -> PlannedSplit:
    """Read a split such as ``AAPL:4@2026-01-07`` (four shares for one) or ``T:0.1@2026-01-07`` (one for ten).

    Raises:
        ValueError: it is none.
    """
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a split: write SYMBOL:RATIO@DAY, e.g. AAPL:4@2026-01-07")
    return PlannedSplit(parse_symbol(match[1]), Decimal(match[2]), date.fromisoformat(match[3]))


class Splits:
    """The splits of one market, past and to come."""

    def __init__(self, splits: Iterable[Split] = ()) -> None:
        self._splits = sorted(splits, key=lambda split: split.at)

    def json_with(self, split: Split) -> str:
        """Write these splits and one more, as they are kept beside the account."""
        return _SPLITS.dump_json([*self._splits, split]).decode()

    def add(self, split: Split) -> None:
        """Take one more."""
        self._splits = sorted([*self._splits, split], key=lambda each: each.at)

    def __contains__(self, split: object) -> bool:
        """Whether this very split is known."""
        return split in self._splits

    def between(self, after: datetime, until: datetime) -> list[Split]:
        """Return the splits in (after, until], in order of time."""
        return [split for split in self._splits if after < split.at <= until]

    def ratio(self, symbol: str, until: datetime, after: datetime | None = None) -> Decimal:
        """Return how many shares one share of `symbol` has become by `until`, counted from `after` or the beginning."""
        ratios = (s.ratio for s in self._splits if s.symbol == symbol and s.at <= until and (not after or s.at > after))
        return prod(ratios, start=_ONE)


def splits_of(facts: Mapping[str, str]) -> Splits:
    """Read the splits that are written down beside an account, by `json_with`."""
    return Splits(_SPLITS.validate_json(facts["splits"]) if "splits" in facts else ())


def arrange(prices: PriceSource, plan: PlannedSplit, known: Splits, now: datetime) -> Split | None:
    """Return the split that is planned, or None if it is known already.

    Raises:
        UsageError: no such stock, no such session, or its day has begun.
    """
    if is_pair(plan.symbol) or plan.symbol not in prices.instruments:
        raise UsageError(f"{plan.symbol} is not a stock of this market: it cannot be split")
    if plan.ratio <= 0:
        raise UsageError(f"a split of {plan.symbol} needs a ratio above zero, not {plan.ratio}")
    at = next_first_instant(prices, now) if plan.day is None else first_instant_of(prices, plan.day)
    split = Split(plan.symbol, plan.ratio, at)
    if split in known:
        return None
    if at <= now:
        stands = f"the account stands at {now:%Y-%m-%d %H:%M} UTC"
        raise UsageError(f"{plan.symbol} cannot be split on {plan.day}: {stands}, and its time never goes back")
    return split


class SplitPrices:
    """A price source seen through splits. Without `as_of` each stretch has the prices that were paid in it.

    With it all of history is told in the shares of that moment.
    """

    def __init__(self, prices: PriceSource, splits: Splits, as_of: datetime | None = None) -> None:
        self.period = prices.period
        self.description = prices.description
        self.instruments = prices.instruments
        self.timetable = prices.timetable
        self.first_stretch = prices.first_stretch
        self.last_stretch = prices.last_stretch
        self.history = prices.history
        self.next_stretch = prices.next_stretch
        self.close_times = prices.close_times
        self._prices = prices
        self._splits = splits
        self._as_of = as_of

    def adjusted(self, now: datetime) -> "SplitPrices":
        """Return the same prices in the shares of `now`."""
        return SplitPrices(self._prices, self._splits, now)

    def bars(self, symbol: str, stretch: Stretch) -> Sequence[Bar]:
        """Return the bars of one symbol in one stretch, oldest first."""
        bars = self._prices.bars(symbol, stretch)
        ratio = self._splits.ratio(symbol, self._as_of or stretch.start)
        return bars if ratio == 1 else SplitBars(bars, ratio)


class SplitBars(LazyBars):
    """Bars in other shares: prices divided by `ratio` and rounded to the cent, volumes multiplied by it."""

    def __init__(self, bars: Sequence[Bar], ratio: Decimal) -> None:
        self._bars = bars
        self._ratio = ratio

    def __len__(self) -> int:
        """Return the number of bars."""
        return len(self._bars)

    def make(self, index: int) -> Bar:
        """Make one bar."""
        bar = self._bars[index]
        return Bar(
            symbol=bar.symbol,
            time=bar.time,
            open=self._price(bar.open),
            high=self._price(bar.high),
            low=self._price(bar.low),
            close=self._price(bar.close),
            volume=(bar.volume * self._ratio).quantize(_ONE, ROUND_HALF_UP),
        )

    def _price(self, price: Decimal) -> Decimal:
        # Rounding keeps the order of prices, so that a high stays a high.
        return max((price / self._ratio).quantize(_CENT, ROUND_HALF_UP), _CENT)
