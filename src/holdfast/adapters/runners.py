"""Who takes the store's steps: threads for real; a simulation brings a runner that takes them in the loop itself."""

import asyncio
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Protocol

from holdfast.adapters.steps import Result, Steps, finish

# fsync reaches its plateau at four threads; more only add latency.
FSYNC_THREADS = 4


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
