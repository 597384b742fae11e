"""Trading sessions: when the market is open. The calendar itself comes from the broker."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Session:
    """One regular session, half-open [open, close), timezone-aware UTC."""

    open: datetime
    close: datetime


def session_at(sessions: Sequence[Session], now: datetime) -> Session | None:
    """Return the session that is open at `now`, or None when the market is closed."""
    return next((session for session in sessions if session.open <= now < session.close), None)


def next_session(sessions: Sequence[Session], now: datetime) -> Session | None:
    """Return the first session that opens after `now`; None when the calendar holds no such day."""
    return min((session for session in sessions if session.open > now), key=lambda s: s.open, default=None)
