"""`ManualClock`: time that stands still until a test moves it."""

import asyncio
from datetime import datetime, timedelta

from builders import at


class ManualClock:
    """Market time and process seconds start at 15:01:01 UTC and at 1000 s; `advance` moves both."""

    def __init__(self, now: datetime | None = None) -> None:
        self._now = now or at(1, 1)
        self._seconds = 1000.0
        self._jump = timedelta(0)
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Market time."""
        return self._now

    def monotonic(self) -> float:
        """Process seconds."""
        return self._seconds

    def wall(self) -> datetime:
        """The wall clock."""
        return self._now + self._jump

    async def sleep(self, seconds: float) -> None:
        """Wait until a test has moved the time so far."""
        woken = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._seconds + seconds, woken))
        await woken

    def advance(self, seconds: float) -> None:
        """Move market time, process seconds and the wall clock, and wake who slept until then."""
        self._now += timedelta(seconds=seconds)
        self._seconds += seconds
        due = [woken for until, woken in self._sleepers if until <= self._seconds]
        self._sleepers = [one for one in self._sleepers if one[0] > self._seconds]
        for woken in due:
            if not woken.done():
                woken.set_result(None)

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back, as a person or a time server does; process seconds do not move."""
        self._jump += timedelta(seconds=seconds)

    @property
    def sleeping(self) -> list[float]:
        """How many seconds from now the sleepers wake, sorted."""
        return sorted(until - self._seconds for until, woken in self._sleepers if not woken.done())
