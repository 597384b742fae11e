"""`MemoryStore` and `MemoryJournal`: the bot's memory on a disk that can fail on demand."""

import asyncio
import errno
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from builders import NOON
from holdfast.domain import events
from holdfast.domain.state import SymbolState
from holdfast.engine.findings import Findings
from holdfast.engine.memory import Missing, Unreadable

Content = SymbolState | Unreadable


class MemoryStore:
    """State files as a dict. `disk` is what would survive a crash at this very moment."""

    def __init__(self, *states: SymbolState, now: datetime = NOON) -> None:
        self.disk: dict[str, Content] = {state.symbol: state for state in states}
        self.backups: dict[str, SymbolState] = {}
        self.aside: list[tuple[str, Content]] = []
        self.written: list[SymbolState] = []
        self.failing: set[str] = set()
        self.failing_after: set[str] = set()
        self.unloadable: set[str] = set()
        self.is_lock_lost = False
        self.halt = False
        self._now = now

    async def symbols(self) -> Sequence[str]:
        """Return the symbols that have a file, sorted."""
        return sorted(self.disk)

    async def load(self, symbol: str) -> SymbolState | Missing | Unreadable:
        """Read one file; those in `unloadable` cannot be read at all."""
        await asyncio.sleep(0)
        if symbol in self.unloadable:
            raise IsADirectoryError(errno.EISDIR, "Is a directory", f"{symbol}.json")
        return self.disk.get(symbol, Missing(self.backups.get(symbol)))

    async def save(self, state: SymbolState) -> SymbolState:
        """Write. In `failing` a save raises without effect, in `failing_after` it raises after it has taken effect."""
        await asyncio.sleep(0)
        if state.symbol in self.failing:
            raise OSError(errno.ENOSPC, "No space left on device", f"{state.symbol}.json")
        saved = state.apply(events.Saved(self._now))
        before = self.disk.get(state.symbol)
        if isinstance(before, SymbolState):
            self.backups[state.symbol] = before
        self.disk[state.symbol] = saved
        self.written.append(saved)
        if state.symbol in self.failing_after:
            raise OSError(errno.EIO, "Input/output error", "state")
        return saved

    async def set_aside(self, symbol: str, *, is_copy: bool = False) -> str:
        """Move an unreadable file away, or copy a doubtful one."""
        self.aside.append((symbol, self.disk[symbol] if is_copy else self.disk.pop(symbol)))
        return f"aside/{symbol}"

    def trouble(self) -> str | None:
        """Return why nothing may be sent just now."""
        return "the lock is lost" if self.is_lock_lost else None

    def entries_stopped(self) -> str | None:
        """Return why nothing new may be begun."""
        return "the file HALT stops every entry" if self.halt else None

    def state(self, symbol: str = "AAPL") -> SymbolState:
        """Return what the file says; a test that asks for an unreadable one fails."""
        content = self.disk[symbol]
        assert isinstance(content, SymbolState), content
        return content


class MemoryJournal:
    """The journal as a list of (symbol, kind, facts)."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, Mapping[str, Any]]] = []

    def note(self, symbol: str, kind: str, facts: Mapping[str, Any]) -> None:
        """Append one line."""
        self.lines.append((symbol, kind, dict(facts)))

    def kinds(self, symbol: str = "AAPL") -> list[str]:
        """Return the kinds of this symbol's lines, in order."""
        return [kind for name, kind, _facts in self.lines if name == symbol]


class MemoryReports:
    """The pages of the reconciler as a list."""

    def __init__(self) -> None:
        self.kept: list[Findings] = []

    async def keep(self, findings: Findings) -> None:
        """Keep one page."""
        self.kept.append(findings)
