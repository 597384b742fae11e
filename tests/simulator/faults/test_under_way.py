"""What ends by itself after some seconds, with a clock that is moved by hand."""

import asyncio
from collections.abc import Callable

from holdfast.simulator.faults.under_way import UnderWay


class Timer:
    """A call that was put off."""

    def __init__(self, due_s: float, action: Callable[[], None]) -> None:
        self.due_s = due_s
        self.action = action
        self.is_off = False

    def cancel(self) -> None:
        """Call it off."""
        self.is_off = True


class Clock:
    """Real seconds, moved by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.timers: list[Timer] = []

    def call_later(self, seconds: float, action: Callable[[], None]) -> Timer:
        """Put a call off."""
        self.timers.append(Timer(self.now_s + seconds, action))
        return self.timers[-1]

    def pass_(self, seconds: float) -> None:
        """Let time pass and make the calls that are due."""
        self.now_s += seconds
        due = [timer for timer in self.timers if timer.due_s <= self.now_s]
        self.timers = [timer for timer in self.timers if timer not in due]
        for timer in due:
            if not timer.is_off:
                timer.action()


def test_it_ends_when_its_time_has_come() -> None:
    """Not before; then once, and nothing is under way any more."""
    clock, done = Clock(), []
    under_way = UnderWay(clock.call_later)
    under_way.later(2, lambda: done.append("first"))
    under_way.later(3, lambda: done.append("second"))
    clock.pass_(1.9)
    assert (done, len(under_way)) == ([], 2)
    clock.pass_(0.1)
    assert (done, len(under_way)) == (["first"], 1)
    clock.pass_(9)
    assert (done, len(under_way)) == (["first", "second"], 0)


def test_hurrying_ends_everything_once() -> None:
    """All of it happens now, and not again when its time comes."""
    clock, done = Clock(), []
    under_way = UnderWay(clock.call_later)
    under_way.later(120, lambda: done.append("late"))
    under_way.hurry()
    clock.pass_(121)
    assert done == ["late"]


def test_what_is_called_off_never_happens() -> None:
    """Neither in time nor in a hurry."""
    clock, done = Clock(), []
    under_way = UnderWay(clock.call_later)
    call_off = under_way.later(1, lambda: done.append("no"))
    call_off()
    under_way.hurry()
    clock.pass_(2)
    assert (done, len(under_way)) == ([], 0)


def test_the_end_of_the_simulator_drops_everything() -> None:
    """What was to happen does not; whoever waits is told, also one who comes too late."""
    clock, done = Clock(), []
    under_way = UnderWay(clock.call_later)
    under_way.later(1, lambda: done.append("no"), lambda: done.append("dropped"))
    under_way.stop()
    under_way.later(1, lambda: done.append("no"), lambda: done.append("too late"))
    clock.pass_(2)
    assert done == ["dropped", "too late"]


def test_it_tells_when_the_last_thing_has_ended() -> None:
    """Once, and not while something is left."""
    clock, told = Clock(), []
    under_way = UnderWay(clock.call_later)
    under_way.changed = lambda: told.append(len(under_way))
    under_way.later(1, lambda: None)
    under_way.later(2, lambda: None)
    clock.pass_(1)
    assert told == []
    clock.pass_(1)
    assert told == [0]


def test_waiting_ends_in_time_and_by_the_end() -> None:
    """True when the time has passed, False when the simulator ends; a waiter that gives up leaves nothing behind."""

    async def script() -> list[object]:
        clock = Clock()
        under_way = UnderWay(clock.call_later)
        first = asyncio.ensure_future(under_way.wait(1))
        second = asyncio.ensure_future(under_way.wait(5))
        third = asyncio.ensure_future(under_way.wait(9))
        await asyncio.sleep(0)
        clock.pass_(1)
        third.cancel()
        await asyncio.wait({first, third})
        left = len(under_way)
        under_way.stop()
        return [await first, left, await second]

    assert asyncio.run(script()) == [True, 1, False]
