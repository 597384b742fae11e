"""The state files behind the engine's StateStore port. Each save is durable before it returns (I1, I5)."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loguru import logger

from holdfast.adapters.durable_file import move_durably, replace_durably
from holdfast.adapters.state_codec import SIZE_MAX, UnreadableStateError, decode, encode
from holdfast.adapters.state_folder import StateFolder
from holdfast.adapters.steps import Runner, Steps, Threads, finish
from holdfast.domain import events
from holdfast.domain.errors import LockedError
from holdfast.domain.state import SymbolState
from holdfast.engine.memory import Missing, Unreadable

_JOURNAL_SIZE_MAX = _COPY_SIZE_MAX = 1 << 26


class StateFiles:
    """One JSON file per symbol, written in a few threads so that an fsync never blocks the event loop."""

    def __init__(self, folder: StateFolder, wall_clock: Callable[[], datetime], runner: Runner | None = None) -> None:
        self._folder = folder
        self._disk = folder.disk
        self._now = wall_clock
        self._runner = runner or Threads()

    async def symbols(self) -> Sequence[str]:
        """Return the symbols that have a file, sorted."""
        return self._folder.symbols()

    async def load(self, symbol: str) -> SymbolState | Missing | Unreadable:
        """Read one file.

        Raises:
            OSError: the file is there and cannot be read, e.g. a folder stands in its place.
        """
        return await self._runner.run(symbol, self._load(symbol))

    def read(self, symbol: str) -> SymbolState | Missing | Unreadable:
        """Read one file, in this thread."""
        return finish(self._load(symbol))

    def _load(self, symbol: str) -> Steps[SymbolState | Missing | Unreadable]:
        yield
        try:
            return decode(self._disk.read(self._folder.state_file(symbol), SIZE_MAX + 1), symbol)
        except FileNotFoundError:
            return Missing(self._backup(symbol))
        except UnreadableStateError as error:
            return Unreadable(str(error), self._backup(symbol))

    def _backup(self, symbol: str) -> SymbolState | None:
        """Return the newest valid earlier version; without one, what the journal says the symbol may do."""
        try:
            return decode(self._disk.read(self._folder.backup_file(symbol), SIZE_MAX + 1), symbol)
        except (OSError, UnreadableStateError):
            return _from_journal(symbol, self._folder)

    async def save(self, state: SymbolState) -> SymbolState:
        """Write durably and keep the version before; return the state as written."""
        saved = state.apply(events.Saved(self._now()))
        await self._runner.run(state.symbol, self._save(saved))
        return saved

    def _save(self, state: SymbolState) -> Steps[None]:
        trouble = self._folder.lock_trouble()
        if trouble:
            # The files there are somebody else's now.
            raise LockedError(f"{trouble}: stop this bot, its place was taken")
        path, backup = self._folder.state_file(state.symbol), self._folder.backup_file(state.symbol)
        yield from replace_durably(self._disk, path, encode(state), backup=backup)

    async def set_aside(self, symbol: str, *, is_copy: bool = False) -> str:
        """Move (or copy) the file to `.holdfast/aside/`, under a name that is free; return the new path."""
        path = self._folder.state_file(symbol)
        stamp = f"{self._now().astimezone(UTC):%Y%m%dT%H%M%S%f}"
        target = self._folder.private / "aside" / f"{path.stem}.{stamp}.json"
        steps = self._copy(path, target) if is_copy else move_durably(self._disk, path, target)
        await self._runner.run(symbol, steps)
        return str(target)

    def _copy(self, path: Path, target: Path) -> Steps[None]:
        yield from replace_durably(self._disk, target, self._disk.read(path, _COPY_SIZE_MAX))

    def trouble(self) -> str | None:
        """Return why nothing may be sent just now: the lock is lost."""
        return self._folder.lock_trouble()

    def is_halted(self) -> bool:
        """Whether `state/HALT` exists."""
        return self._disk.exists(self._folder.halt)

    def close(self) -> None:
        """Finish the writes under way."""
        self._runner.close()


def _from_journal(symbol: str, folder: StateFolder) -> SymbolState | None:
    """Return a state with the last status in the journal and the account it is of; None where neither stands there."""
    stamp = folder.stamp()
    try:
        lines = folder.disk.read(folder.journal_file(symbol), _JOURNAL_SIZE_MAX).splitlines()
    except OSError:
        return None
    for line in reversed(lines):
        try:
            entry = json.loads(line)
            if entry["kind"] == "status" and stamp is not None:
                said = events.StatusSet(entry["status"], entry["reason"])
                return SymbolState(symbol, account_id=stamp.account_id).apply(said)
        except (ValueError, KeyError, TypeError):
            continue
    return None


class JournalFiles:
    """One JSON line per thing that happened, in `.holdfast/journal/<SYMBOL>.jsonl`."""

    def __init__(self, folder: StateFolder, wall_clock: Callable[[], datetime]) -> None:
        self._folder = folder
        self._now = wall_clock

    def note(self, symbol: str, kind: str, facts: Mapping[str, Any]) -> None:
        """Append one line; a failure is logged and harms nothing else."""
        line = json.dumps({"at": self._now().isoformat(), "kind": kind, **facts}, default=str) + "\n"
        path = self._folder.journal_file(symbol)
        try:
            self._folder.disk.append(path, line.encode())
        except OSError as error:
            logger.warning("{}: the journal {} could not be written: {}", symbol, path, error.strerror)
