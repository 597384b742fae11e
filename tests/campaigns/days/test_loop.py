"""The virtual loop: time that jumps, processes that die, order that is not promised."""

import asyncio
from contextvars import copy_context
from random import Random

import pytest

from campaigns.days import loop as module
from campaigns.days.loop import PROCESS, BusyLoopError, NothingScheduledError, Process, VirtualLoop, bury


def test_time_begins_at_zero_and_jumps() -> None:
    """An hour passes at once, and exactly."""
    loop = VirtualLoop()

    async def work() -> float:
        await asyncio.sleep(3600)
        async with asyncio.timeout(10):
            await asyncio.sleep(0.5)
        return loop.time()

    assert loop.run(work()) == 3600.5


def test_a_timeout_ends_what_takes_too_long() -> None:
    """`asyncio.timeout` works in virtual time."""
    loop = VirtualLoop()

    async def work() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await asyncio.sleep(3)
        return loop.time()

    assert loop.run(work()) == 2


def test_waiting_for_nothing_is_an_error() -> None:
    """A loop in which everybody waits and nothing is scheduled would hang: it says so."""
    loop = VirtualLoop()

    async def work() -> None:
        await loop.create_future()

    with pytest.raises(NothingScheduledError):
        loop.run(work())
    bury(loop.tasks, loop)


def test_a_loop_without_time_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Callbacks that follow each other for ever at one instant are found."""
    monkeypatch.setattr(module, "CALLBACKS_MAX", 100)
    loop = VirtualLoop()

    async def work() -> None:
        def again() -> None:
            loop.call_soon(again)

        again()
        await loop.create_future()

    with pytest.raises(BusyLoopError):
        loop.run(work())
    bury(loop.tasks, loop)


def test_the_order_at_one_instant_follows_the_seed() -> None:
    """What is ready together runs in an order that a seed gives and another seed gives otherwise."""

    def order(seed: int) -> list[int]:
        loop, seen = VirtualLoop(Random(seed)), list[int]()  # noqa: S311 - repeatable on purpose

        async def one(number: int) -> None:
            await asyncio.sleep(1)
            seen.append(number)

        async def work() -> None:
            await asyncio.gather(*(one(number) for number in range(20)))

        loop.run(work())
        return seen

    assert order(1) == order(1) != order(2)
    assert sorted(order(1)) == list(range(20))


def _in_process(loop: VirtualLoop, seen: list[str]) -> Process:
    process = Process("one")
    context = copy_context()
    context.run(PROCESS.set, process)

    async def life() -> None:
        try:
            for number in range(5):
                await asyncio.sleep(1)
                seen.append(f"{number} at {loop.time()}")
        finally:
            seen.append("finally")

    context.run(loop.create_task, life())
    return process


def test_a_killed_process_does_nothing_more() -> None:
    """No line of a killed process runs, not even its `finally`, until it is buried."""
    loop, seen = VirtualLoop(), list[str]()

    async def work() -> None:
        process = _in_process(loop, seen)
        await asyncio.sleep(2.5)
        process.is_dead = True
        await asyncio.sleep(10)
        assert seen == ["0 at 1.0", "1 at 2.0"]
        bury(process.tasks, loop)

    loop.run(work())
    assert seen[-1] == "finally"


def test_a_process_dies_at_the_step_that_was_chosen() -> None:
    """A process can be killed at any of its wake-ups."""
    loop, seen = VirtualLoop(), list[str]()

    async def work() -> None:
        process = _in_process(loop, seen)
        process.dies_at_step = 4

        def die() -> None:
            process.is_dead = True

        process.on_step_reached = die
        await asyncio.sleep(10)
        assert seen == ["0 at 1.0"]
        bury(process.tasks, loop)

    loop.run(work())


def test_a_stopped_process_goes_on_later() -> None:
    """What was due while a process was stopped comes when it goes on."""
    loop, seen = VirtualLoop(), list[str]()

    async def work() -> None:
        process = _in_process(loop, seen)
        await asyncio.sleep(1.5)
        process.is_stopped = True
        await asyncio.sleep(10)
        loop.go_on(process)
        await asyncio.sleep(10)

    loop.run(work())
    assert seen == ["0 at 1.0", "1 at 11.5", "2 at 12.5", "3 at 13.5", "4 at 14.5", "finally"]
