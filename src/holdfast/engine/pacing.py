"""Lockstep: who says what time it is when bars are replayed. The simulator's client implements it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Instant:
    """One step of replayed time (aware UTC): the symbols that got a bar at it, and whether the market is open.

    `finished` is true for the last one; `reason` then says why there is no more.
    """

    time: datetime
    symbols: frozenset[str]
    session_open: bool
    finished: bool
    reason: str | None


class Pacer(Protocol):
    """Time that waits for its client: it does not run ahead of the last `through`."""

    async def next_instant(self, after: datetime | None) -> Instant:
        """Wait for an instant newer than `after` (None: the current one), or the finished one; cancellable."""
        ...

    async def through(self, time: datetime) -> None:
        """Say that everything up to `time` has been worked on."""
        ...
