"""Clocks behind the engine's Clock port: the wall clock, and the market time of a simulator."""

import asyncio
import time
from datetime import UTC, datetime


class WallClock:
    """Market time is the time on the wall."""

    def now(self) -> datetime:
        """Market time, aware UTC."""
        return datetime.now(UTC)

    def wall(self) -> datetime:
        """The wall clock, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Process seconds."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait process seconds."""
        await asyncio.sleep(seconds)


class MarketClock(WallClock):
    """Market time is what the simulator said last; between two instants it stands still."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Market time, aware UTC."""
        return self._now

    def set_time(self, now: datetime) -> None:
        """Take the simulator's word; market time never goes back."""
        self._now = max(self._now, now)
