"""A worker's inbox: what it is told, in order, and a way to wait until it has dealt with everything."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from holdfast.domain.bar import Bar
from holdfast.domain.order import OrderView
from holdfast.domain.reconcile import SymbolFacts
from holdfast.engine.reconciler import Ready


@dataclass(frozen=True, slots=True)
class BarClosed:
    """A bar is complete."""

    bar: Bar


@dataclass(frozen=True, slots=True)
class OrderNews:
    """The broker's view of one of our orders came over the stream."""

    view: OrderView


@dataclass(frozen=True, slots=True)
class LookUp:
    """Ask the broker about the unsettled orders now."""


def _unheard(_symbol: str, _ready: Ready) -> None:
    pass


@dataclass(frozen=True, slots=True)
class FactsRead:
    """A snapshot begun at process second `taken`, market time `at`, when the state had this `sequence`.

    `found` is told what came of it once that is durable; what is out of date comes to nothing.
    """

    facts: SymbolFacts
    sequence: int
    taken: float
    at: datetime
    found: Callable[[str, Ready], None] = _unheard


@dataclass(frozen=True, slots=True)
class StrangerTraded:
    """Somebody else traded this symbol just now: the position on file may be out of date."""


Message = StrangerTraded | BarClosed | OrderNews | LookUp | FactsRead


class Inbox:
    """First in, first out; closed while its worker rests, and for good when it is gone."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Message] = asyncio.Queue()
        self._open = 0
        self._is_closed = False

    @property
    def is_idle(self) -> bool:
        """Whether every message so far is dealt with."""
        return self._open == 0

    def put(self, message: Message) -> None:
        """Add a message; a closed inbox drops it."""
        if not self._is_closed:
            self._open += 1
            self._queue.put_nowait(message)

    async def get(self, timeout_s: float | None) -> Message:
        """Return the next message; LookUp when none came within `timeout_s` process seconds."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._queue.get()
        except TimeoutError:
            self.put(LookUp())
            return await self._queue.get()

    def done(self) -> None:
        """Say that the message taken last is dealt with."""
        self._open -= 1
        self._queue.task_done()

    async def idle(self) -> None:
        """Wait until every message so far is dealt with."""
        await self._queue.join()

    def reopen(self) -> None:
        """Take messages again."""
        self._is_closed = False

    def close(self) -> None:
        """Drop what is left and what comes until `reopen`, so that nobody waits for it."""
        self._is_closed = True
        while not self._queue.empty():
            self._queue.get_nowait()
            self.done()
