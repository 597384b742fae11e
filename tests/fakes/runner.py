"""`InlineRunner`: the store's steps taken in the event loop itself, with a pause after each."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine

from holdfast.adapters.steps import Result, Steps, finish


async def _others_turn() -> None:
    await asyncio.sleep(0)


class InlineRunner:
    """A `Runner` without threads: in each pause other tasks have their turn, or the test strikes."""

    def __init__(self, pause: Callable[[], Awaitable[None]] = _others_turn) -> None:
        self._pause = pause
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def run(self, key: str, steps: Steps[Result]) -> Result:
        """Take all steps; they go on if the caller is cancelled, as those in a thread would."""
        return await asyncio.shield(self._take(key, steps))

    async def _take(self, key: str, steps: Steps[Result]) -> Result:
        async with self._locks[key]:
            while True:
                try:
                    next(steps)
                except StopIteration as done:
                    result: Result = done.value
                    return result
                await self._pause()

    def close(self) -> None:
        """There is nothing to end."""


class AtOnce:
    """A `Runner` that pauses nowhere: its coroutines end at their first step, so `result_of` needs no loop."""

    async def run(self, key: str, steps: Steps[Result]) -> Result:
        """Take all steps."""
        del key
        return finish(steps)

    def close(self) -> None:
        """There is nothing to end."""


def result_of(coroutine: Coroutine[None, None, Result]) -> Result:
    """Return what a coroutine that waits for nothing comes to."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    raise AssertionError("it waits for something")
