"""Where the simulator's prices come from: the protocol, and the source that replays recorded bars."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol

from holdfast.domain.bar import Bar
from holdfast.domain.errors import UsageError
from holdfast.domain.session import Session
from holdfast.exchange.instrument import Instrument
from holdfast.simulator.calendar import session_ending_after, session_of_date, sessions_between
from holdfast.simulator.catalogue import listing_of

_DAY = timedelta(days=1)


class PriceSource(Protocol):
    """Bars by symbol and session. `period` is the length of one bar.

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
    def first_session(self) -> Session:
        """The session in which a new account starts."""
        ...

    @property
    def last_session(self) -> Session | None:
        """The last session with bars; None if there is always one more."""
        ...

    def history(self, start: datetime, end: datetime) -> Sequence[Session]:
        """Return the sessions with bars that overlap [start, end), in order."""
        ...

    def next_session(self, moment: datetime) -> Session | None:
        """Return the first session with bars that closes after `moment`; None when they are used up."""
        ...

    def bars(self, symbol: str, session: Session) -> Sequence[Bar]:
        """Return the bars of one symbol in one session, oldest first; empty if there are none."""
        ...

    def close_times(self, session: Session) -> Collection[datetime]:
        """Return every moment at which a bar of the session becomes known."""
        ...


def close_time(bar_time: datetime, period: timedelta, session: Session) -> datetime:
    """Return when a bar becomes known: a period after its open, at the session's close at the latest."""
    if period >= _DAY:
        return session.close
    return min(bar_time + period, session.close)


class RecordedPrices:
    """Replays recorded bars. Those that fall outside every NYSE session are left out and counted."""

    def __init__(self, bars_by_symbol: Mapping[str, Sequence[Bar]]) -> None:
        self.period = _period(bars_by_symbol)
        self._bars: dict[tuple[str, datetime], list[Bar]] = {}
        self._sessions: list[Session] = []
        self.bars_outside_sessions = 0
        self._read(bars_by_symbol)
        if not self._sessions:
            raise UsageError("no bar of the folder falls into a session of the New York Stock Exchange")
        self.instruments: Mapping[str, Instrument] = listing_of(sorted(bars_by_symbol))
        self.first_session = self._sessions[0]
        self.last_session: Session | None = self._sessions[-1]

    def _read(self, bars_by_symbol: Mapping[str, Sequence[Bar]]) -> None:
        sessions: dict[datetime, Session] = {}
        for symbol, bars in bars_by_symbol.items():
            for bar in sorted(bars, key=lambda bar: bar.time):
                session = self._session_of(bar.time)
                if session is None:
                    self.bars_outside_sessions += 1
                    continue
                sessions[session.open] = session
                self._bars.setdefault((symbol, session.open), []).append(bar)
        self._sessions = [sessions[opened] for opened in sorted(sessions)]

    def _session_of(self, moment: datetime) -> Session | None:
        if self.period >= _DAY:
            # A daily bar is stamped with midnight: in New York as Alpaca does, or in UTC as many files do.
            is_utc_midnight = moment.hour == 0 and moment.minute == 0
            return session_of_date(moment.date() if is_utc_midnight else (moment - timedelta(hours=4)).date())
        session = session_ending_after(moment)
        return session if moment + self.period > session.open else None

    @property
    def description(self) -> Mapping[str, str]:
        """Kind, symbols, and the span of the bars."""
        return {
            "kind": "recorded",
            "symbols": ",".join(self.instruments),
            "first": self._sessions[0].open.isoformat(),
            "last": self._sessions[-1].close.isoformat(),
        }

    def history(self, start: datetime, end: datetime) -> Sequence[Session]:
        """Return the sessions with bars that overlap [start, end)."""
        return [session for session in self._sessions if session.close > start and session.open < end]

    def next_session(self, moment: datetime) -> Session | None:
        """Return the first session with bars that closes after `moment`."""
        return next((session for session in self._sessions if session.close > moment), None)

    def bars(self, symbol: str, session: Session) -> Sequence[Bar]:
        """Return the recorded bars of one symbol in one session."""
        return self._bars.get((symbol, session.open), [])

    def close_times(self, session: Session) -> Collection[datetime]:
        """Return the moments at which a recorded bar of the session closes."""
        columns = (self.bars(symbol, session) for symbol in self.instruments)
        return {close_time(bar.time, self.period, session) for column in columns for bar in column}


def _period(bars_by_symbol: Mapping[str, Sequence[Bar]]) -> timedelta:
    """Return the most common distance between neighbouring bars; one minute where there are too few."""
    distances: Counter[timedelta] = Counter()
    for bars in bars_by_symbol.values():
        times = sorted(bar.time for bar in bars)
        distances.update(later - earlier for earlier, later in pairwise(times))
    distances.pop(timedelta(0), None)
    return min(distances.most_common(1)[0][0], _DAY) if distances else timedelta(minutes=1)


def sessions_overlapping(start: datetime, end: datetime) -> Sequence[Session]:
    """Return the real sessions that overlap [start, end), in order."""
    return [session for session in sessions_between(start - _DAY, end) if session.close > start]
