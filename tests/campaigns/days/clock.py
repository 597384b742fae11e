"""The bot's clock in virtual time: market time and the wall are one, as with a real broker, and can jump."""

import asyncio
from datetime import datetime, timedelta

from campaigns.days.loop import VirtualLoop
from campaigns.days.machine import Machine
from campaigns.days.market import EPOCH


class VirtualClock:
    """What every incarnation is handed as the Clock port."""

    def __init__(self, loop: VirtualLoop, machine: Machine) -> None:
        self._loop = loop
        self._machine = machine

    def now(self) -> datetime:
        """Market time, aware UTC: at a real broker the time on the wall."""
        return EPOCH + timedelta(seconds=self._loop.time()) + self._machine.wall_offset

    def wall(self) -> datetime:
        """The wall clock, aware UTC."""
        return self.now()

    def monotonic(self) -> float:
        """Process seconds."""
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Wait virtual seconds."""
        await asyncio.sleep(seconds)
