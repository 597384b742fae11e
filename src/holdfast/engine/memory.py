"""The ports to the bot's own memory: state files, journal, account stamp, the lock's word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from holdfast.domain.state import SymbolState
from holdfast.engine.findings import Findings


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no file. `backup` is the newest valid earlier version, if there ever was one."""

    backup: SymbolState | None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """There is a file that is not a valid state of this symbol, and why."""

    why: str
    backup: SymbolState | None


class StateStore(Protocol):
    """State files. Every method may raise OSError; a raised save may or may not have taken effect."""

    async def symbols(self) -> Sequence[str]:
        """Return the symbols that have a file, sorted."""
        ...

    async def load(self, symbol: str) -> SymbolState | Missing | Unreadable:
        """Read one file."""
        ...

    async def save(self, state: SymbolState) -> SymbolState:
        """Write durably; return the state as written, with its new sequence."""
        ...

    async def set_aside(self, symbol: str, *, is_copy: bool = False) -> str:
        """Move an unreadable file away, or copy a doubtful one; nothing is deleted. Return where it is now."""
        ...

    def trouble(self) -> str | None:
        """Return why nothing may be sent just now (lock lost), or None."""
        ...

    def entries_stopped(self) -> str | None:
        """Return why nothing new may be begun just now (a person's HALT, a full disk), or None."""
        ...


class Journal(Protocol):
    """What happened, append-only, per symbol. Written on the side: a lost line loses no money."""

    def note(self, symbol: str, kind: str, facts: Mapping[str, Any]) -> None:
        """Append one line."""
        ...


class Reports(Protocol):
    """What each reconcile found, for a person to read later. Written on the side, as the journal is."""

    async def keep(self, findings: Findings) -> None:
        """Keep one report; a failure is logged and harms nothing else."""
        ...
