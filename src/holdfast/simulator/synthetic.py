"""A market made from a seed: a random walk from day to day, swings and noise within the day.

One symbol's bars depend on the seed, the symbol and the date alone, so that adding a symbol changes no other, and
a session has the same bars whether market time skips the hours around it or not.
"""

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

import numpy as np

from holdfast.domain.bar import Bar
from holdfast.domain.errors import UsageError
from holdfast.domain.session import Session
from holdfast.domain.symbols import is_pair
from holdfast.exchange.instrument import Instrument
from holdfast.simulator.calendar import NEW_YORK, midnight, session_date, sessions_before, trading_day
from holdfast.simulator.catalogue import PAIRS, STOCKS, listing_of
from holdfast.simulator.minute_bars import Columns, Grain, MinuteBars
from holdfast.simulator.random_paths import Floats, candles, generator_of, lively_path, quiet_path
from holdfast.simulator.timetable import MarketHours, Stretch, Timetable

FIRST_DAY = date(2026, 1, 5)
HISTORY_SESSIONS = 10
_EPOCH = date(2000, 1, 1)
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)

# Shares of price: the day-to-day step, how far the walk may go, what a night does to a stock.
_DAILY_STEP, _DAILY_RANGE = 0.012, 0.35
_NIGHT = 0.004
_BASE_MIN, _BASE_MAX = 30.0, 340.0
_SHARES_PER_MINUTE, _SHARES_MIN, _QUIET_SHARES = 20_000, 100, 300.0
_STOCK_GRAIN = Grain(price=100, volume=1)

# Around these prices in USD the pairs walk; a pair's minute turns over some 20,000 USD.
_PAIR_LEVELS = {
    "AAVE/USD": 170.0,
    "AVAX/USD": 14.0,
    "BCH/USD": 590.0,
    "BTC/USD": 90_000.0,
    "DOGE/USD": 0.14,
    "DOT/USD": 2.2,
    "ETH/USD": 3_100.0,
    "LINK/USD": 13.5,
    "LTC/USD": 82.0,
    "SOL/USD": 135.0,
    "UNI/USD": 6.2,
    "XRP/USD": 2.1,
}
_PAIR_SPREAD = 0.15
_PAIR_USD_PER_MINUTE, _COIN_STEPS = 20_000.0, 10_000


class SyntheticPrices:
    """An endless market of 1-minute bars, with ten sessions of history before the first.

    Stocks trade in real NYSE sessions and, thinly, in the extended hours around them; crypto pairs around the
    clock, as far as `hours` let the market's time run. Without a gap in it, the pairs of the catalogue are listed.
    """

    period = _MINUTE
    last_stretch: Stretch | None = None

    def __init__(
        self,
        seed: int,
        symbols: Iterable[str] = (),
        first_day: date = FIRST_DAY,
        hours: MarketHours = MarketHours.REGULAR,
    ) -> None:
        self._seed = seed
        self.timetable = Timetable(hours)
        pairs = PAIRS if hours is MarketHours.ALWAYS else {}
        self.instruments: Mapping[str, Instrument] = {**listing_of(symbols), **STOCKS, **pairs}
        self.first_stretch = self.timetable.ending_after(midnight(first_day))
        if _date(self.first_stretch) != first_day:
            raise UsageError(f"{first_day} is not a session of the New York Stock Exchange: choose a trading day")
        first_session = sessions_before(self.first_stretch.start, HISTORY_SESSIONS)[0]
        self._history_start = self.timetable.of_session(first_session).start
        self._walk = functools.lru_cache(maxsize=8192)(self._walk_in)
        self._stretch_bars = functools.lru_cache(maxsize=8192)(self._make)

    @property
    def description(self) -> Mapping[str, str]:
        """Kind and seed."""
        return {"kind": "synthetic", "seed": str(self._seed), "first": self.first_stretch.start.isoformat()}

    def history(self, start: datetime, end: datetime) -> Sequence[Stretch]:
        """Return the stretches that overlap [start, end), none before the ten sessions of history."""
        return self.timetable.overlapping(max(start, self._history_start), end)

    def next_stretch(self, moment: datetime) -> Stretch | None:
        """Return the stretch that runs at `moment`, or else the next one."""
        return self.timetable.ending_after(max(moment, self.first_stretch.start))

    def bars(self, symbol: str, stretch: Stretch) -> Sequence[Bar]:
        """Return one bar for every minute in which the symbol trades; empty for one that is not listed."""
        if symbol not in self.instruments:
            return ()
        return self._stretch_bars(symbol, stretch)

    def close_times(self, stretch: Stretch) -> Collection[datetime]:
        """Return the end of every minute."""
        return stretch.every(_MINUTE)

    def _make(self, symbol: str, stretch: Stretch) -> Sequence[Bar]:
        if is_pair(symbol):
            day = self._pair_day(symbol, _date(stretch))
            return day.between(stretch.start, stretch.end)
        session = stretch.session
        if session is None:
            return ()
        columns = self._session(symbol, session)
        if self.timetable.hours is MarketHours.REGULAR:
            return MinuteBars(symbol, session.open, columns, _STOCK_GRAIN)
        around = (self._pre_market(symbol, session), columns, self._post_market(symbol, session))
        return MinuteBars(symbol, trading_day(session).pre_open, np.concatenate(around, axis=1), _STOCK_GRAIN)

    # Stocks

    def _session(self, symbol: str, session: Session) -> Columns:
        day, minutes = session_date(session), (session.close - session.open) // _MINUTE
        generator = self._generator(symbol, day)
        opened, closed = self._level(symbol, day - _DAY), self._level(symbol, day)
        path = _prices(opened, lively_path(generator, minutes, np.log(closed / opened)))
        from_noon = np.linspace(-1.0, 1.0, minutes)
        busy = _SHARES_PER_MINUTE * (0.4 + 1.6 * from_noon**2)
        return candles(generator, path, _STOCK_GRAIN.price, busy, _SHARES_MIN)

    def _pre_market(self, symbol: str, session: Session) -> Columns:
        """From where the night has left the price to the session's open."""
        before = session_date(session) - _DAY
        minutes = (session.open - trading_day(session).pre_open) // _MINUTE
        started, opened = self._night_level(symbol, before), self._level(symbol, before)
        return self._quiet(symbol, f"{before + _DAY}|pre", minutes, started, opened)

    def _post_market(self, symbol: str, session: Session) -> Columns:
        """From the session's close to where the next calendar day's pre-market begins."""
        day = session_date(session)
        minutes = (trading_day(session).post_close - session.close) // _MINUTE
        return self._quiet(symbol, f"{day}|post", minutes, self._level(symbol, day), self._night_level(symbol, day))

    def _quiet(self, symbol: str, name: str, minutes: int, started: float, ended: float) -> Columns:
        generator = self._generator(symbol, name)
        path = _prices(started, quiet_path(generator, minutes, np.log(ended / started)))
        return candles(generator, path, _STOCK_GRAIN.price, _QUIET_SHARES, 1)

    # Pairs

    def _pair_day(self, symbol: str, day: date) -> MinuteBars:
        """Return a calendar day of New York, 23 to 25 hours: it begins where the day before has ended."""
        start, end = midnight(day), midnight(day + _DAY)
        generator = self._generator(symbol, day)
        opened, closed = self._level(symbol, day - _DAY), self._level(symbol, day)
        path = _prices(opened, lively_path(generator, (end - start) // _MINUTE, np.log(closed / opened)))
        grain = Grain(int(1 / self.instruments[symbol].price_step), _COIN_STEPS)
        busy = _PAIR_USD_PER_MINUTE / opened * grain.volume
        return MinuteBars(symbol, start, candles(generator, path, grain.price, busy, 1), grain)

    # From day to day

    def _level(self, symbol: str, day: date) -> float:
        """Return the price at the end of a calendar day: a walk around the symbol's base that cannot run away."""
        base, walk = self._walk(symbol, day.year)
        return float(base * np.exp(_DAILY_RANGE * np.tanh(walk[day.timetuple().tm_yday - 1] / _DAILY_RANGE)))

    def _night_level(self, symbol: str, day: date) -> float:
        """Return the price that a calendar day's post-market leaves behind."""
        shock = self._generator(symbol, f"{day}|night").standard_normal()
        return float(self._level(symbol, day) * np.exp(_NIGHT * shock))

    def _walk_in(self, symbol: str, year: int) -> tuple[float, Floats]:
        """Return a symbol's base price, and for each day of `year` its walk since the epoch."""
        generator = generator_of(f"{self._seed}|{symbol}")
        base = np.exp(generator.uniform(*np.log(_base_range(symbol))))
        steps = generator.standard_normal((date(year, 12, 31) - _EPOCH).days + 1)
        walk = np.cumsum(steps) * _DAILY_STEP
        return float(base), walk[(date(year, 1, 1) - _EPOCH).days :].copy()

    def _generator(self, symbol: str, name: date | str) -> np.random.Generator:
        return generator_of(f"{self._seed}|{symbol}|{name}")


def _date(stretch: Stretch) -> date:
    return stretch.start.astimezone(NEW_YORK).date()


def _prices(opened: float, path: Floats) -> Floats:
    """Return the USD prices between the minutes of a path of relative log prices, the first included."""
    return np.asarray(np.exp(np.log(opened) + np.concatenate(([0.0], path))), dtype=np.float64)


def _base_range(symbol: str) -> tuple[float, float]:
    level = _PAIR_LEVELS.get(symbol)
    return (_BASE_MIN, _BASE_MAX) if level is None else (level * (1 - _PAIR_SPREAD), level * (1 + _PAIR_SPREAD))
