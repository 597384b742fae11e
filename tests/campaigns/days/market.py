"""The market of a day: its sessions, its bars, and the strategies that read their wishes out of the bars."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import numpy as np
from numpy.typing import NDArray

from campaigns.days.settings import Settings, Symbol, dice
from holdfast.domain.bar import Bar
from holdfast.domain.session import Session
from holdfast.exchange.hours import Hours, TradingDay
from holdfast.strategies.bars import Bars

EPOCH = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
# Little happens while the market is closed: nights are as short as everything that they must hold allows.
AROUND = timedelta(minutes=3)
NIGHT_MINUTES = (8, 14)
FAR = timedelta(days=30)
# The last digit of a bar's volume is what the strategy reads: flat, long, silent, half, short, and three accidents.
FLAT, LONG, SILENT, HALF, SHORT, RAISES, INFINITE, TOO_MANY = range(8)
# A wish that is already fulfilled makes a quiet bar, of which there are enough: each is followed by another one.
_WISHES = (FLAT, FLAT, LONG, LONG, LONG, HALF, SHORT, SILENT)
MEANING = {FLAT: 0.0, LONG: 1.0, SILENT: np.nan, HALF: 0.5, SHORT: -1.0, INFINITE: np.inf}


def moment(seconds: float) -> datetime:
    """Return the broker's time when the loop's is `seconds`."""
    return EPOCH + timedelta(seconds=seconds)


class Calendar:
    """The sessions of a day of the campaign: one, or more with short nights between, then nothing for a month."""

    def __init__(self, settings: Settings) -> None:
        random = dice(settings.seed, "calendar")
        parts = settings.nights + 1
        length = timedelta(minutes=max(6, settings.minutes // parts))
        begins, self.days = EPOCH + MINUTE, list[TradingDay]()
        for _part in range(parts):
            ends = begins + length
            self.days.append(TradingDay(begins - AROUND, begins, ends, ends + AROUND))
            begins = ends + timedelta(minutes=random.randint(*NIGHT_MINUTES))
        self.ends_s = (self.days[-1].close - EPOCH).total_seconds()
        # The last session goes on for the drain and the probe after the faults.
        last = self.days[-1]
        self.days[-1] = TradingDay(last.pre_open, last.open, last.close + FAR, last.post_close + FAR)
        later = last.open + 2 * FAR
        self._far = [TradingDay(later - AROUND, later, later + length, later + length + AROUND)]
        self._far.append(TradingDay(*(one + FAR for one in (later - AROUND, later, later + length, later + length))))
        self.sessions = [Session(day.open, day.close) for day in (*self.days, *self._far)]

    def hours(self, at: datetime) -> Hours:
        """Return the trading day around `at` and the next."""
        days = [*self.days, *self._far]
        index = next(number for number, day in enumerate(days) if at < day.post_close)
        return Hours(days[index], days[index + 1])

    def is_open(self, at: datetime) -> bool:
        """Whether a session is on."""
        return any(day.open <= at < day.close for day in self.days)

    def read(self, start: date, end: date) -> Sequence[Session]:
        """Answer a request for the sessions of these days."""
        return [one for one in self.sessions if start <= one.close.date() and one.open.date() <= end]


class Tape:
    """Draws one symbol's bars; each carries the wish of its minute."""

    def __init__(self, symbol: Symbol, settings: Settings) -> None:
        self._random = Random(f"{settings.seed}/tape/{symbol.name}")  # noqa: S311 - a simulation must repeat itself
        self._symbol = symbol
        self._accidents = settings.chance("strategy", 0.004)
        self._cents = self._random.randint(2_000, 30_000)
        self._wish = FLAT
        self.bars: list[Bar] = []

    def next(self, opened: datetime, wish: int | None = None) -> Bar:
        """Draw the bar of one minute; `wish` overrides what the strategy shall want after it."""
        random = self._random
        before = self._cents
        self._cents = max(200, before + random.randint(-1, 1) * max(1, before // random.choice((50, 300, 1000))))
        drawn = self._draw(random)
        low, high = sorted((before, self._cents))
        # What the end asks for finds a deep market.
        depth = random.randint(10, 4_000) if wish is None else 10**7
        volume = depth * 10 + (drawn if wish is None else wish)
        bar = Bar(
            self._symbol.name,
            opened,
            Decimal(before).scaleb(-2),
            Decimal(high).scaleb(-2),
            Decimal(low).scaleb(-2),
            Decimal(self._cents).scaleb(-2),
            Decimal(volume),
        )
        self.bars.append(bar)
        return bar

    def split(self, ratio: Decimal) -> None:
        """Rescale the price, as the exchange does with the holdings."""
        self._cents = max(200, int(self._cents / ratio))

    def _draw(self, random: Random) -> int:
        if self._accidents and random.random() < self._accidents:
            return random.choice((RAISES, INFINITE, TOO_MANY))
        if random.random() < self._symbol.restlessness:
            self._wish = random.choice([wish for wish in _WISHES if wish != self._wish])
        return self._wish


class ReadsVolume:
    """A strategy whose newest signal is written in the last digit of the newest bar's volume."""

    warmup = 1

    def signals(self, bars: Bars) -> NDArray[np.float64]:
        """Return one signal per bar."""
        wish = int(bars.volume[-1]) % 10
        if wish == RAISES:
            raise ValueError("the strategy has fallen over")
        found = np.full(len(bars) + (wish == TOO_MANY), np.nan)
        found[-1] = MEANING.get(wish, 0.0)
        return found
