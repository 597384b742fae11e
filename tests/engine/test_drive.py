"""Drivers: replayed time in lockstep, the wall clock, and an end that comes when asked for."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import cast

import pytest
from loguru import logger

from builders import ACCOUNT, SESSION, at
from fakes.clock import ManualClock
from holdfast.domain.errors import Recoverable, UsageError
from holdfast.domain.session import Session
from holdfast.engine.drive import BAR_DELAY, Lockstep, RealTime, drive
from holdfast.engine.pacing import Instant
from holdfast.engine.portfolio import Portfolio
from holdfast.engine.purse import Purse
from holdfast.engine.supervisor import Supervisor


class Told:
    """A supervisor's surface that writes down what it is asked to do."""

    def __init__(self) -> None:
        self.log: list[tuple[object, ...]] = []
        self.feed = self.board = self
        self.sessions = [Session(at(60), at(390))]
        self.never_closes = False
        self.trouble: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def bring(self, symbols: frozenset[str], now: datetime) -> None:
        """Note it."""
        self.log.append(("bring", sorted(symbols), now))

    async def catch_up(self, now: datetime) -> None:
        """Note it."""
        self.log.append(("catch_up", now))

    async def settle(self) -> None:
        """Note it."""
        self.log.append(("settle",))

    async def keep_up(self) -> None:
        """Nothing runs out here."""

    def mark(self, now: datetime) -> None:
        """Note it."""
        self.log.append(("mark", now))

    async def fatal(self) -> None:
        """Wait for trouble."""
        await self.trouble


def told() -> tuple[Told, Supervisor]:
    """Return a listening supervisor, and the same one as the drivers know it."""
    one = Told()
    return one, cast("Supervisor", one)


class Pacer:
    """Three instants, the last one finished; fails as often as a test wants."""

    def __init__(self, log: list[tuple[object, ...]], failures: int = 0) -> None:
        self._log = log
        self._failures = failures

    async def next_instant(self, after: datetime | None) -> Instant:
        """Return the instant after that one."""
        if self._failures:
            self._failures -= 1
            raise Recoverable("the simulator does not answer")
        minute = 1 if after is None else round((after - at(0)).total_seconds() / 60) + 1
        finished = minute == 3
        reason = "the last bar is reached" if finished else None
        return Instant(at(minute), frozenset({"AAPL"}), session_open=True, finished=finished, reason=reason)

    async def through(self, time: datetime) -> None:
        """Note how far the bot has worked."""
        self._log.append(("through", time))


class ClosedPacer(Pacer):
    """The same instants, before the session."""

    async def next_instant(self, after: datetime | None) -> Instant:
        """Return the instant after that one, in a closed market."""
        instant = await super().next_instant(after)
        return replace(instant, session_open=False)


def run(work: Callable[[], Awaitable[None]]) -> None:
    """Run it in a loop."""

    async def main() -> None:
        await work()

    asyncio.run(main())


def test_each_instant_is_worked_through_before_the_next() -> None:
    """Time is set, bars are brought, orders settle, equity is marked, and only then the simulator goes on."""

    async def work() -> None:
        one, supervisor = told()
        driver = Lockstep(Pacer(one.log), lambda now: one.log.append(("time", now)), ManualClock().sleep)
        assert await driver.run(supervisor) == "the last bar is reached"
        first = [("time", at(1)), ("bring", ["AAPL"], at(1)), ("settle",), ("mark", at(1)), ("through", at(1))]
        assert one.log[:5] == first
        assert one.log[-1] == ("mark", at(3))
        assert [entry[1] for entry in one.log if entry[0] == "through"] == [at(1), at(2)]

    run(work)


@pytest.mark.parametrize(("never_closes", "told_times"), [(False, 1), (True, 0)])
def test_a_closed_market_is_told_once_in_lockstep_too(never_closes: bool, told_times: int) -> None:  # noqa: FBT001 - a table
    """Before the session, a replay says when the market opens, however many instants there are; with a pair never."""
    lines: list[str] = []

    async def work() -> None:
        one, supervisor = told()
        one.never_closes = never_closes
        closed = ClosedPacer(one.log)
        await Lockstep(closed, lambda _now: None, ManualClock().sleep).run(supervisor)

    sink = logger.add(lines.append, format="{message}")
    run(work)
    logger.remove(sink)
    assert sum("the market is closed; it opens at" in line for line in lines) == told_times


def test_a_simulator_that_is_away_is_asked_again() -> None:
    """A pacer that does not answer is waited for, longer each time, and the replay goes on where it was."""

    async def work() -> None:
        one, supervisor = told()
        naps: list[float] = []

        async def sleep(seconds: float) -> None:
            naps.append(seconds)

        await Lockstep(Pacer(one.log, failures=3), lambda _now: None, sleep).run(supervisor)
        assert naps == [0.5, 1.0, 2.0]

    run(work)


def a_portfolio(*sessions: Session) -> Portfolio:
    """Return a portfolio with this calendar."""
    return Portfolio(Purse(ACCOUNT.cash), sessions, lambda: None)


async def turns() -> None:
    """Let other tasks run."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_the_wall_clock_asks_after_each_minute() -> None:
    """In an open session what the stream did not bring is asked for a few seconds after each minute."""

    async def work() -> None:
        clock = ManualClock(at(1, 30))
        one, supervisor = told()
        task = asyncio.create_task(RealTime(clock, a_portfolio(SESSION)).run(supervisor))
        await turns()
        assert clock.sleeping == [30 + BAR_DELAY.total_seconds()]
        clock.advance(34)
        await turns()
        assert one.log == [("catch_up", at(2, 4)), ("mark", at(2, 4))]
        assert clock.sleeping == [60]
        task.cancel()

    run(work)


def test_a_closed_market_is_waited_for() -> None:
    """Outside the sessions nothing is asked; the last minute's bar still is."""

    async def work() -> None:
        clock = ManualClock(SESSION.close + BAR_DELAY)
        one, supervisor = told()
        task = asyncio.create_task(RealTime(clock, a_portfolio(SESSION)).run(supervisor))
        await turns()
        assert (one.log, len(clock.sleeping)) == ([], 1)
        task.cancel()
        clock = ManualClock(SESSION.close + BAR_DELAY / 2)
        task = asyncio.create_task(RealTime(clock, a_portfolio(SESSION)).run(supervisor))
        await turns()
        clock.advance(BAR_DELAY.total_seconds() / 2)
        await turns()
        assert one.log[0] == ("catch_up", SESSION.close + BAR_DELAY)
        task.cancel()

    run(work)


def test_with_a_pair_the_wall_clock_never_waits_for_a_session() -> None:
    """After the close each minute's bars are asked for as before."""

    async def work() -> None:
        clock = ManualClock(SESSION.close + 2 * BAR_DELAY)
        one, supervisor = told()
        portfolio = Portfolio(Purse(ACCOUNT.cash), [SESSION], lambda: None, never_closes=True)
        task = asyncio.create_task(RealTime(clock, portfolio).run(supervisor))
        await turns()
        clock.advance(60)
        await turns()
        assert [entry[0] for entry in one.log] == ["catch_up", "mark"]
        task.cancel()

    run(work)


class Waiting:
    """A driver that runs until it is told how to end."""

    def __init__(self, end: "asyncio.Future[str]") -> None:
        self._end = end

    async def run(self, supervisor: Supervisor) -> str:
        """Wait for the end."""
        del supervisor
        return await self._end


@pytest.mark.parametrize("cause", ["driver", "stop", "error", "fatal"])
def test_a_drive_ends_with_its_cause(cause: str) -> None:
    """The market's end, a stop, an error and a fatal finding each end the drive in their own way."""

    async def work() -> None:
        one, supervisor = told()
        stop, end = asyncio.Event(), asyncio.get_running_loop().create_future()
        running = asyncio.create_task(drive(Waiting(end), supervisor, stop))
        await turns()
        assert not running.done()
        match cause:
            case "driver":
                end.set_result("the last bar is reached")
                assert await running == "the last bar is reached"
            case "stop":
                stop.set()
                assert await running == "stopped"
                assert end.cancelled()
            case "error":
                end.set_exception(ValueError("broken"))
                with pytest.raises(ValueError, match="broken"):
                    await running
            case "fatal":
                one.trouble.set_exception(UsageError("another account"))
                with pytest.raises(UsageError, match="another account"):
                    await running

    run(work)
