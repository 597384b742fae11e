"""A market made from a seed: a random walk from day to day, swings and noise within the day.

One symbol's bars depend on the seed, the symbol and the date alone, so that adding a symbol changes no other.
"""

import functools
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import overload

import numpy as np
from numpy.typing import NDArray

from holdfast.domain.bar import Bar
from holdfast.domain.errors import UsageError
from holdfast.domain.session import Session
from holdfast.exchange.instrument import Instrument
from holdfast.simulator.calendar import session_date, session_ending_after, session_of_date, sessions_before
from holdfast.simulator.catalogue import CATALOGUE, listing_of
from holdfast.simulator.prices import sessions_overlapping

FIRST_DAY = date(2026, 1, 5)
HISTORY_SESSIONS = 10
_EPOCH = date(2000, 1, 1)
_MINUTE = timedelta(minutes=1)

# Shares of price: the day-to-day step, the gap at the open, one minute's noise, the height of a swing.
_DAILY_STEP, _DAILY_RANGE = 0.012, 0.35
_NOISE = 0.0005
_SWING_MIN, _SWING_MAX = 0.005, 0.010
_SWING_PERIOD_MIN, _SWING_PERIOD_MAX = 50.0, 110.0
_BASE_MIN, _BASE_MAX = 30.0, 340.0


class SyntheticPrices:
    """An endless market of 1-minute bars in real NYSE sessions, with ten sessions of history before the first."""

    period = _MINUTE
    last_session: Session | None = None

    def __init__(self, seed: int, symbols: Iterable[str] = (), first_day: date = FIRST_DAY) -> None:
        self._seed = seed
        self.instruments: Mapping[str, Instrument] = {**listing_of(symbols), **CATALOGUE}
        first = session_of_date(first_day)
        if first is None:
            raise UsageError(f"{first_day} is not a session of the New York Stock Exchange: choose a trading day")
        self.first_session = first
        self._history_start = sessions_before(first, HISTORY_SESSIONS)[0].open
        self._walk = functools.lru_cache(maxsize=2048)(self._walk_to)
        self._day_bars = functools.lru_cache(maxsize=8192)(self._make)

    @property
    def description(self) -> Mapping[str, str]:
        """Kind and seed."""
        return {"kind": "synthetic", "seed": str(self._seed), "first": self.first_session.open.isoformat()}

    def history(self, start: datetime, end: datetime) -> Sequence[Session]:
        """Return the sessions that overlap [start, end), none before the ten of history."""
        return sessions_overlapping(max(start, self._history_start), end)

    def next_session(self, moment: datetime) -> Session | None:
        """Return the session that is open at `moment`, or else the next one."""
        return session_ending_after(max(moment, self.first_session.open))

    def bars(self, symbol: str, session: Session) -> Sequence[Bar]:
        """Return one bar for every minute of the session; empty for a symbol that is not listed."""
        if symbol not in self.instruments:
            return ()
        return self._day_bars(symbol, session)

    def close_times(self, session: Session) -> Collection[datetime]:
        """Return the end of every minute of the session."""
        minutes = int((session.close - session.open) / _MINUTE)
        return [session.open + _MINUTE * count for count in range(1, minutes + 1)]

    def _make(self, symbol: str, session: Session) -> "MinuteBars":
        minutes = int((session.close - session.open) / _MINUTE)
        day = session_date(session)
        generator = _generator(f"{self._seed}|{symbol}|{day.isoformat()}")
        opened, closed = (self._level(symbol, each) for each in (day - timedelta(days=1), day))
        path = np.log(opened) + np.concatenate(([0.0], _day_path(generator, minutes, np.log(closed / opened))))
        return MinuteBars(symbol, session.open, *_candles(generator, np.exp(path)))

    def _level(self, symbol: str, day: date) -> float:
        """Return the price at the end of a calendar day: a walk around the symbol's base that cannot run away."""
        base, walk = self._walk(symbol, day.year)
        return float(base * np.exp(_DAILY_RANGE * np.tanh(walk[(day - _EPOCH).days] / _DAILY_RANGE)))

    def _walk_to(self, symbol: str, year: int) -> tuple[float, NDArray[np.float64]]:
        """Return a symbol's base price, and its walk since the epoch to the end of `year`, by calendar day."""
        generator = _generator(f"{self._seed}|{symbol}")
        base = np.exp(generator.uniform(np.log(_BASE_MIN), np.log(_BASE_MAX)))
        steps = generator.standard_normal((date(year, 12, 31) - _EPOCH).days + 1)
        return float(base), np.cumsum(steps) * _DAILY_STEP


def _generator(name: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(int.from_bytes(hashlib.sha256(name.encode()).digest())))


def _day_path(generator: np.random.Generator, minutes: int, move: float) -> NDArray[np.float64]:
    """Return the log price after each minute, relative to the open; it ends exactly at `move`.

    Two slow waves make trends that a moving average can follow and turns that an oscillator can catch.
    """
    clock = np.arange(1, minutes + 1)
    path = np.cumsum(generator.standard_normal(minutes)) * _NOISE
    for _ in range(2):
        period = generator.uniform(_SWING_PERIOD_MIN, _SWING_PERIOD_MAX)
        height = generator.uniform(_SWING_MIN, _SWING_MAX)
        phase = generator.uniform(0.0, 2.0 * np.pi)
        path += height * (np.sin(2.0 * np.pi * clock / period + phase) - np.sin(phase))
    return np.asarray(path + (move - path[-1]) * clock / minutes, dtype=np.float64)


def _candles(generator: np.random.Generator, path: NDArray[np.float64]) -> tuple[NDArray[np.int64], ...]:
    """Return open, high, low, close in cents and volume in shares from the prices between the minutes."""
    cents = np.maximum(np.rint(path * 100), 1).astype(np.int64)
    opens, closes = cents[:-1], cents[1:]
    minutes = len(opens)
    wicks = np.rint(np.abs(generator.standard_normal((2, minutes))) * _NOISE * 50 * path[:-1]).astype(np.int64)
    highs = np.maximum(opens, closes) + wicks[0]
    lows = np.maximum(np.minimum(opens, closes) - wicks[1], 1)
    from_noon = np.linspace(-1.0, 1.0, minutes)
    busy = 0.4 + 1.6 * from_noon**2
    volumes = np.rint(20_000 * busy * np.exp(0.4 * generator.standard_normal(minutes))).astype(np.int64) + 100
    return opens, highs, lows, closes, volumes


class MinuteBars(Sequence[Bar]):
    """One symbol's day, kept as whole cents; a `Bar` is made when it is asked for."""

    def __init__(self, symbol: str, opened: datetime, *columns: NDArray[np.int64]) -> None:
        self._symbol = symbol
        self._opened = opened.astimezone(UTC)
        self._rows = list(zip(*(column.tolist() for column in columns), strict=True))

    def __len__(self) -> int:
        """Return the minutes of the day."""
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Bar: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Bar]: ...
    def __getitem__(self, index: int | slice) -> Bar | Sequence[Bar]:
        """Return one bar, or a list of them for a slice."""
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        opened, high, low, close, volume = self._rows[index]
        return Bar(
            symbol=self._symbol,
            time=self._opened + _MINUTE * (index % len(self._rows)),
            open=Decimal(opened) / 100,
            high=Decimal(high) / 100,
            low=Decimal(low) / 100,
            close=Decimal(close) / 100,
            volume=Decimal(volume),
        )
