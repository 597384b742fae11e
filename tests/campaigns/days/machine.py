"""The rest of the machine: its clocks, the kernel's lock on the state folder, and who takes the store's steps."""

from collections import deque
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

from campaigns.days.loop import Process, VirtualLoop
from holdfast.adapters.steps import Steps
from holdfast.domain.errors import LockedError


class Machine:
    """The computer's wall clock can be set; process seconds cannot."""

    def __init__(self) -> None:
        self.wall_offset = timedelta(0)


class LockTable:
    """Who holds the state folder, as the kernel knows it; a dead process holds nothing."""

    def __init__(self) -> None:
        self.holder: Process | None = None
        self.is_moved = False


class VirtualLock:
    """The `Lock` of the state folder as one process sees it."""

    def __init__(self, table: LockTable, process: Process) -> None:
        self._table = table
        self._process = process

    def acquire(self) -> None:
        """Take it."""
        holder = self._table.holder
        if holder is not None and not holder.is_dead and not self._table.is_moved:
            raise LockedError(f"another Holdfast (process {holder.name}) holds the folder")
        self._table.holder = self._process
        self._table.is_moved = False

    def trouble(self) -> str | None:
        """Return why it is not ours any more, or None."""
        if self._table.holder is not self._process:
            return "the state folder is not locked"
        return "the folder is not the one that was locked any more" if self._table.is_moved else None

    def holder(self) -> int | None:
        """Return a process id if somebody holds it."""
        return 1 if self._table.holder is not None and not self._table.holder.is_dead else None

    def release(self) -> None:
        """Let it go."""
        if self._table.holder is self._process:
            self._table.holder = None


class NoLock(VirtualLock):
    """No lock at all, as a planted bug has it."""

    def acquire(self) -> None:
        """Take what is not there."""

    def trouble(self) -> str | None:
        """Never any."""
        return None


class LoopRunner:
    """Takes the steps of the store's work in the event loop; `before_step` says whether a kill came before one."""

    def __init__(self, loop: VirtualLoop, random: Random, before_step: Callable[[str], bool], *, is_slow: bool) -> None:
        self._loop = loop
        self._random = random
        self._before_step = before_step
        self._is_slow = is_slow
        self._queues: dict[str, deque[tuple[Steps[Any], Any]]] = {}

    async def run(self, key: str, steps: Steps[Any]) -> Any:  # noqa: ANN401 - whatever the steps lead to
        """Take all steps and return what they lead to."""
        future = self._loop.create_future()
        queue = self._queues.setdefault(key, deque())
        queue.append((steps, future))
        if len(queue) == 1:
            self._loop.call_later(self._pause(), self._take, key)
        return await future

    def _pause(self) -> float:
        random = self._random.random()
        return random * 300 if self._is_slow and random < 0.01 else 0.0002 + random * 0.002

    def _take(self, key: str) -> None:
        queue = self._queues[key]
        steps, future = queue[0]
        while True:
            if self._before_step(key):
                return
            try:
                next(steps)
            except StopIteration as done:
                if not future.done():
                    future.set_result(done.value)
                break
            except Exception as error:  # noqa: BLE001 - as a thread hands it to its future
                if not future.done():
                    future.set_exception(error)
                break
            if self._is_slow and self._random.random() < 0.1:
                self._loop.call_later(self._pause(), self._take, key)
                return
        queue.popleft()
        if queue:
            self._loop.call_later(self._pause(), self._take, key)

    def close(self) -> None:
        """Nothing to end."""
