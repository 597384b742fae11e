"""What takes real seconds: late requests, lags, slow answers. While something is under way lockstep stands still."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


class Handle(Protocol):
    """A call that was put off and can be called off."""

    def cancel(self) -> None:
        """Call it off."""
        ...


CallLater = Callable[[float, Callable[[], None]], Handle]
Action = Callable[[], None]


def _on_the_loop(seconds: float, action: Action) -> Handle:
    return asyncio.get_running_loop().call_later(seconds, action)


@dataclass(eq=False, slots=True)
class _Entry:
    action: Action
    dropped: Action
    handle: Handle | None = field(default=None)


class UnderWay:
    """Everything that ends by itself after some real seconds. `call_later` is the clock; the event loop's if not given.

    `changed` is called whenever the last thing has ended.
    """

    def __init__(self, call_later: CallLater = _on_the_loop) -> None:
        self.changed: Action = _nothing
        self._call_later = call_later
        self._entries: dict[_Entry, None] = {}
        self._is_stopped = False

    def __len__(self) -> int:
        """How many things are under way."""
        return len(self._entries)

    def later(self, seconds: float, action: Action, dropped: Action | None = None) -> Action:
        """Do `action` after `seconds`, or `dropped` if the simulator ends before; returns how to call it off."""
        entry = _Entry(action, dropped or _nothing)
        if self._is_stopped:
            entry.dropped()
            return _nothing
        self._entries[entry] = None
        entry.handle = self._call_later(seconds, lambda: self._end(entry, entry.action))
        return lambda: self._end(entry, _nothing)

    async def wait(self, seconds: float) -> bool:
        """Wait for `seconds`; False if the simulator ends before."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def finish(result: bool) -> Action:  # noqa: FBT001 - the future's value
            return lambda: None if done.done() else done.set_result(result)

        call_off = self.later(seconds, finish(True), finish(False))  # noqa: FBT003 - the future's value
        try:
            return await done
        finally:
            call_off()

    def hurry(self) -> None:
        """End everything now, as if its time had come."""
        for entry in list(self._entries):
            self._end(entry, entry.action)

    def stop(self) -> None:
        """Drop everything for good: the simulator ends."""
        self._is_stopped = True
        for entry in list(self._entries):
            self._end(entry, entry.dropped)

    def _end(self, entry: _Entry, how: Action) -> None:
        if entry not in self._entries:
            return
        del self._entries[entry]
        if entry.handle is not None:
            entry.handle.cancel()
        how()
        if not self._entries:
            self.changed()


def _nothing() -> None:
    return None
