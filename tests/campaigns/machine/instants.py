"""`InstantLoop`: an event loop whose time is a `ManualClock`: it runs what is ready at this instant, then returns."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any

from fakes.clock import ManualClock

# Below this a step of time would be lost in rounding.
STEP_S_MIN = 1e-6
ROUNDS_MAX = 50


class _Selector(selectors.DefaultSelector):
    """Waits for nothing: when no callback is ready, the instant is over."""

    def __init__(self, loop: "InstantLoop") -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None or timeout > 0:
            self._loop.next_timer_s = timeout
            self._loop.stop()
        return super().select(0)


class InstantLoop(asyncio.SelectorEventLoop):
    """Runs everything that can happen at one instant; `advance` goes from one due timer to the next."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(_Selector(self))
        self._manual = clock
        self.next_timer_s: float | None = None

    def time(self) -> float:
        """Process seconds of the manual clock."""
        return self._manual.monotonic()

    def settle(self) -> None:
        """Run until nothing more can happen without time passing."""
        self.next_timer_s = None
        self.run_forever()

    def advance(self, seconds: float) -> None:
        """Let time pass, stopping wherever somebody wanted to be woken."""
        end = self.time() + seconds
        self.settle()
        while (left := end - self.time()) > STEP_S_MIN:
            due = [*self._manual.sleeping[:1], *([] if self.next_timer_s is None else [self.next_timer_s])]
            self._manual.advance(max(STEP_S_MIN, min([left, *due])))
            self.settle()

    def finish(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - whatever the work returns
        """Run one piece of work that needs no time; return its result."""
        task = self.create_task(work)
        self.settle()
        assert task.done(), "this must end within the instant"
        return task.result()

    def abandon(self) -> None:
        """Cancel everything, as the end of a process does; nothing is tidied up."""
        for _ in range(ROUNDS_MAX):
            tasks = asyncio.all_tasks(self)
            if not tasks:
                return
            for task in tasks:
                task.cancel()
            self.settle()
