"""A virtual-time event loop: it starts at zero, jumps to the next timer, and runs what is ready in a seeded order.

Callbacks belong to the process in whose context they were made. A killed process runs nothing any more, a stopped
one runs it later. That nothing is scheduled is an error: in production the bot would hang for ever.
"""
# ruff: noqa: ANN401 - the signatures are asyncio's own

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from heapq import heappop, heappush
from random import Random
from typing import Any, TypeVar

Result = TypeVar("Result")
# What one instant may take before it counts as a loop that never ends.
CALLBACKS_MAX = 100_000


class NothingScheduledError(RuntimeError):
    """Somebody waits, and nothing can ever wake them."""


class BusyLoopError(RuntimeError):
    """Callbacks follow each other for ever without any time passing."""


class KilledError(BaseException):
    """Raised inside a blocking call of a process that has just been killed; nobody may catch it."""


class Process:
    """Who runs: the tasks of one incarnation of the bot. `dies_at_step` kills it at that wake-up, 0 never."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_dead = False
        self.is_stopped = False
        self.steps = 0
        self.dies_at_step = 0
        self.on_step_reached: Callable[[], None] = lambda: None
        self.held_back: list[Handle] = []
        self.tasks: list[asyncio.Task[Any]] = []

    async def gone(self) -> None:
        """Wait for ever: the process is dead, and this line of it never goes on."""
        await asyncio.get_running_loop().create_future()


PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


class Handle:
    """A callback to be called; what `call_soon` and `call_at` return."""

    __slots__ = ("args", "callback", "context", "due")

    def __init__(self, due: float, callback: Callable[..., Any], args: tuple[Any, ...], context: Context) -> None:
        self.due = due
        self.callback: Callable[..., Any] | None = callback
        self.args = args
        self.context = context

    def cancel(self) -> None:
        """Do not call it."""
        self.callback = None
        self.args = ()

    def cancelled(self) -> bool:
        """Whether it will not be called."""
        return self.callback is None

    def when(self) -> float:
        """The loop's time at which it is due."""
        return self.due


class VirtualLoop(asyncio.AbstractEventLoop):
    """Runs coroutines in virtual time. With `shuffle`, what is ready at one instant runs in a random order."""

    def __init__(self, shuffle: Random | None = None) -> None:
        self._now = 0.0
        self._ready: list[Handle] = []
        self._timers: list[tuple[float, int, Handle]] = []
        self._count = 0
        self._shuffle = shuffle
        self._base = copy_context()
        self._is_running = False
        self.is_over = False
        self.wakeups = 0
        self.tasks: list[asyncio.Task[Any]] = []
        self.thread_delay_s: Callable[[], float] = lambda: 0.001

    # Time and callbacks

    def time(self) -> float:
        """Seconds since the loop began."""
        return self._now

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> Handle:  # type: ignore[override]
        """Call it at this instant, after what is running."""
        handle = Handle(self._now, callback, args, context or copy_context())
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]

    def call_later(
        self,
        delay: float,
        callback: Callable[..., Any],
        *args: Any,
        context: Context | None = None,
    ) -> Handle:  # type: ignore[override]
        """Call it after `delay` virtual seconds."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> Handle:  # type: ignore[override]
        """Call it at `when`."""
        handle = Handle(when, callback, args, context or copy_context())
        self._count += 1
        heappush(self._timers, (when, self._count, handle))
        return handle

    def outside(self, delay: float, callback: Callable[..., Any], *args: Any) -> Handle:
        """Call it after `delay` seconds on behalf of the world: whoever is killed meanwhile, it happens."""
        return self.call_at(self._now + delay, callback, *args, context=self._base)

    # Tasks and futures

    def create_future(self) -> asyncio.Future[Any]:
        """Return a new future."""
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Coroutine[Any, Any, Result], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[Result]:  # type: ignore[override]
        """Run a coroutine as a task of the running process."""
        task = asyncio.Task(coro, loop=self, name=name or "task", context=context)
        process = (context or copy_context()).get(PROCESS)
        (process.tasks if process else self.tasks).append(task)
        return task

    def run_in_executor(self, executor: object, func: Callable[..., Result], *args: Any) -> asyncio.Future[Result]:  # type: ignore[override]
        """Run a blocking function at one instant, a little later; its caller's cancellation does not stop it."""
        del executor
        future = self.create_future()
        self.call_later(self.thread_delay_s(), self._work, future, func, args)
        return future

    def _work(self, future: asyncio.Future[Result], func: Callable[..., Result], args: tuple[Any, ...]) -> None:
        try:
            result = func(*args)
        except KilledError:
            return
        except Exception as error:  # noqa: BLE001 - as an executor's future does
            if not future.done():
                future.set_exception(error)
        else:
            if not future.done():
                future.set_result(result)

    # What asyncio asks of a loop

    def get_debug(self) -> bool:
        """Never."""
        return False

    def is_running(self) -> bool:
        """Whether `run` is under way."""
        return self._is_running

    def is_closed(self) -> bool:
        """Never."""
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Say nothing: what matters is seen by the checker."""

    # Running

    def run(self, work: Coroutine[Any, Any, Result]) -> Result | None:
        """Run until `work` is done and return its result; None if somebody set `is_over` before.

        Raises:
            NothingScheduledError: it waits for what cannot come.
            BusyLoopError: it goes on for ever at one instant.
        """
        asyncio._set_running_loop(self)  # noqa: SLF001 - exported for event loops
        self._is_running = True
        try:
            main = self.create_task(work)
            while not main.done() and not self.is_over:
                if not self._ready:
                    self._jump()
                self._turn()
            return main.result() if main.done() else None
        finally:
            self._is_running = False
            asyncio._set_running_loop(None)  # noqa: SLF001

    def _jump(self) -> None:
        """Go to the next timer; all that are due then become ready."""
        timers, ready = self._timers, self._ready
        while timers and timers[0][2].callback is None:
            heappop(timers)
        if not timers:
            raise NothingScheduledError(f"at {self._now:.3f} s everybody waits and nothing is scheduled")
        now = timers[0][0]
        if now > self._now:
            self._now = now
            self._instant = 0
        while timers and timers[0][0] <= now:
            ready.append(heappop(timers)[2])

    _instant = 0

    def _turn(self) -> None:
        batch, self._ready = self._ready, []
        if self._shuffle is not None and len(batch) > 1:
            self._shuffle.shuffle(batch)
        self._instant += len(batch)
        if self._instant > CALLBACKS_MAX:
            raise BusyLoopError(f"more than {CALLBACKS_MAX} callbacks at {self._now:.3f} s")
        for handle in batch:
            if handle.callback is None:
                continue
            process = handle.context.get(PROCESS)
            if process is not None:
                if process.is_dead:
                    continue
                if process.is_stopped:
                    process.held_back.append(handle)
                    continue
                process.steps += 1
                if process.steps == process.dies_at_step:
                    process.on_step_reached()
                    continue
            self.wakeups += 1
            handle.context.run(handle.callback, *handle.args)

    def go_on(self, process: Process) -> None:
        """Let a stopped process run again, with what was due meanwhile."""
        process.is_stopped = False
        self._ready += process.held_back
        process.held_back = []


def bury(tasks: list[asyncio.Task[Any]], loop: VirtualLoop) -> None:
    """Unwind tasks that will never run again, so that no collector does it at a moment of its own.

    What they begin while they unwind belongs to `loop`, also after its end, and is unwound with them.
    """
    before = asyncio._get_running_loop()  # noqa: SLF001 - exported for event loops
    asyncio._set_running_loop(loop)  # noqa: SLF001
    try:
        _unwind(tasks)
    finally:
        asyncio._set_running_loop(before)  # noqa: SLF001
    tasks.clear()


def _unwind(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        if task.done():
            continue
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001 - asyncio's own switch
        coroutine = task.get_coro()
        for _attempt in range(20):
            # A coroutine that awaits while it unwinds says so with a RuntimeError and wants to be closed again.
            with contextlib.suppress(RuntimeError):
                coroutine.close()  # type: ignore[union-attr]
                break
