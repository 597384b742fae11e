"""What moves the bot along: replayed time in lockstep with a simulator, or the wall clock at a real broker."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

from loguru import logger

from holdfast.domain.errors import Recoverable
from holdfast.domain.session import Session, next_session
from holdfast.engine.pacing import Pacer
from holdfast.engine.portfolio import Portfolio
from holdfast.engine.ports import Clock
from holdfast.engine.supervisor import Supervisor

# A minute's bar reaches the stream and the history a few seconds after the minute.
BAR_DELAY = timedelta(seconds=4)
NAP_S_MAX = 30.0
Answer = TypeVar("Answer")


class Driver(Protocol):
    """Runs until there is nothing more to trade; returns why."""

    async def run(self, supervisor: Supervisor) -> str:
        """Move the bot along."""
        ...


class ClosedMarket:
    """Says once for each closing when the market opens again."""

    def __init__(self) -> None:
        self._said: datetime | None = None

    def say(self, now: datetime, sessions: Sequence[Session]) -> None:
        """Tell people that the bot waits, and until when."""
        coming = next_session(sessions, now)
        if coming is None or coming.open == self._said:
            return
        self._said = coming.open
        wait = timedelta(seconds=round((coming.open - now).total_seconds()))
        logger.info("the market is closed; it opens at {:%Y-%m-%d %H:%M} UTC, in {}; waiting", coming.open, wait)


class Lockstep:
    """Each instant is worked through before the next one comes, so that a replay decides the same on any machine."""

    def __init__(
        self, pacer: Pacer, set_time: Callable[[datetime], None], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._pacer = pacer
        self._set_time = set_time
        self._sleep = sleep
        self._closed = ClosedMarket()

    async def run(self, supervisor: Supervisor) -> str:
        """Work through the instants until the last."""
        after: datetime | None = None
        while True:
            instant = await self._patiently(partial(self._pacer.next_instant, after))
            self._set_time(instant.time)
            await supervisor.keep_up()
            if not (instant.session_open or instant.finished or supervisor.never_closes):
                self._closed.say(instant.time, supervisor.sessions)
            await supervisor.feed.bring(instant.symbols, instant.time)
            await supervisor.settle()
            supervisor.board.mark(instant.time)
            if instant.finished:
                return instant.reason or "the simulated market has ended"
            after = instant.time
            await self._patiently(partial(self._pacer.through, after))

    async def _patiently(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask until there is an answer: a simulator that is away comes back with its account whole."""
        wait_s = 0.5
        while True:
            try:
                return await ask()
            except Recoverable as error:
                logger.warning("{}; asking again in {:.0f} s", error, wait_s)
                await self._sleep(wait_s)
                wait_s = min(2 * wait_s, NAP_S_MAX)


class RealTime:
    """The wall clock: waits for the session, and after each minute asks for what the stream did not bring."""

    def __init__(self, clock: Clock, portfolio: Portfolio) -> None:
        self._clock = clock
        self._portfolio = portfolio
        self._closed = ClosedMarket()

    async def run(self, supervisor: Supervisor) -> str:
        """Run until cancelled."""
        while True:
            now = self._clock.now()
            await supervisor.keep_up()
            if not self._portfolio.is_open(now - BAR_DELAY):
                self._closed.say(now, self._portfolio.sessions)
                await self._clock.sleep(NAP_S_MAX)
                continue
            due = _next_bar(now)
            await self._clock.sleep((due - now).total_seconds())
            now = self._clock.now()
            await supervisor.feed.catch_up(now)
            supervisor.board.mark(now)


def _next_bar(now: datetime) -> datetime:
    """Return the moment after which the bar of the running minute should have arrived."""
    minute = (now - BAR_DELAY).replace(second=0, microsecond=0) + timedelta(minutes=1)
    return minute + BAR_DELAY


async def drive(driver: Driver, supervisor: Supervisor, stop: asyncio.Event) -> str:
    """Run `driver` until it ends or `stop` is set; return why it ended.

    Raises:
        Fatal: what a child or the reconciler met that only a person can mend.
    """
    tasks = [asyncio.ensure_future(work) for work in (driver.run(supervisor), supervisor.fatal(), stop.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        running, fatal, _stopping = tasks
        if fatal.done():
            fatal.result()
        return str(running.result()) if running.done() else "stopped"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
