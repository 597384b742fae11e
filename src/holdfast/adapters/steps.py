"""How the store's work is done step by step: in a thread for real, in the event loop itself in a simulation.

Work is written as a generator that calls the disk and pauses (`yield`) after each call. Whoever takes the steps decides
what may happen in a pause: nothing, another task's turn, or a crash.
"""

import asyncio
from collections import defaultdict
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Protocol, TypeVar

Result = TypeVar("Result")
Steps = Generator[None, None, Result]

# fsync reaches its plateau at four threads; more only add latency.
FSYNC_THREADS = 4


def finish(steps: Steps[Result]) -> Result:
    """Take all steps, one right after the other, and return what they lead to."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: Result = done.value
            return result


class Runner(Protocol):
    """Takes steps without blocking the event loop; those of one `key` never mix with others of the same key.

    Cancelling the caller does not undo what is under way: it runs to its end before the next of its key begins.
    """

    async def run(self, key: str, steps: Steps[Result]) -> Result:
        """Take all steps and return what they lead to."""
        ...

    def close(self) -> None:
        """Finish what is under way."""
        ...


class Threads:
    """Takes steps in a few threads."""

    def __init__(self) -> None:
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)
        self._threads = ThreadPoolExecutor(FSYNC_THREADS, thread_name_prefix="state")

    async def run(self, key: str, steps: Steps[Result]) -> Result:
        """Take all steps in one thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._finish, key, steps)

    def _finish(self, key: str, steps: Steps[Result]) -> Result:
        with self._locks[key]:
            return finish(steps)

    def close(self) -> None:
        """Finish what is under way and end the threads."""
        self._threads.shutdown(wait=True)
