"""The state files behind the engine's StateStore port. Each save is durable before it returns (I1, I5)."""

import asyncio
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Lock
from typing import Any, TypeVar

from loguru import logger

from holdfast.adapters.durable_file import FILE_MODE, replace_durably
from holdfast.adapters.state_codec import UnreadableStateError, decode, encode
from holdfast.adapters.state_folder import StateFolder
from holdfast.domain import events
from holdfast.domain.errors import LockedError
from holdfast.domain.state import SymbolState
from holdfast.engine.memory import Missing, Unreadable

# fsync reaches its plateau at four threads; more only add latency.
FSYNC_THREADS = 4
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
Result = TypeVar("Result")


class StateFiles:
    """One JSON file per symbol, written in a few threads so that an fsync never blocks the event loop."""

    def __init__(self, folder: StateFolder, wall_clock: Callable[[], datetime]) -> None:
        self._folder = folder
        self._now = wall_clock
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)
        self._threads = ThreadPoolExecutor(FSYNC_THREADS, thread_name_prefix="state")

    async def _in_thread(self, work: Callable[..., Result], *args: Any) -> Result:  # noqa: ANN401 - forwards any call
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)

    async def symbols(self) -> Sequence[str]:
        """Return the symbols that have a file, sorted."""
        return self._folder.symbols()

    async def load(self, symbol: str) -> SymbolState | Missing | Unreadable:
        """Read one file.

        Raises:
            OSError: the file is there and cannot be read, e.g. a folder stands in its place.
        """
        return await self._in_thread(self.read, symbol)

    def read(self, symbol: str) -> SymbolState | Missing | Unreadable:
        """Read one file, in this thread."""
        try:
            return decode(self._folder.state_file(symbol).read_bytes(), symbol)
        except FileNotFoundError:
            return Missing(self._backup(symbol))
        except UnreadableStateError as error:
            return Unreadable(str(error), self._backup(symbol))

    def _backup(self, symbol: str) -> SymbolState | None:
        """Return the newest valid earlier version; without one, what the journal says the symbol may do."""
        try:
            return decode(self._folder.backup_file(symbol).read_bytes(), symbol)
        except (OSError, UnreadableStateError):
            return _from_journal(symbol, self._folder)

    async def save(self, state: SymbolState) -> SymbolState:
        """Write durably and keep the version before; return the state as written."""
        saved = state.apply(events.Saved(self._now()))
        await self._in_thread(self._write, saved)
        return saved

    def _write(self, state: SymbolState) -> None:
        path, backup = self._folder.state_file(state.symbol), self._folder.backup_file(state.symbol)
        # A save whose caller was cancelled is still being written: the next one of the symbol waits for it.
        trouble = self._folder.lock_trouble()
        if trouble:
            # The files there are somebody else's now.
            raise LockedError(f"{trouble}: stop this bot, its place was taken")
        with self._locks[state.symbol]:
            replace_durably(path, encode(state), backup=backup)

    async def set_aside(self, symbol: str, *, is_copy: bool = False) -> str:
        """Move (or copy) the file to `.holdfast/aside/`, under a name that is free; return the new path."""
        path = self._folder.state_file(symbol)
        stamp = f"{self._now().astimezone(UTC):%Y%m%dT%H%M%S%f}"
        target = self._folder.private / "aside" / f"{path.stem}.{stamp}.json"
        await self._in_thread(shutil.copy2 if is_copy else os.replace, path, target)
        return str(target)

    def trouble(self) -> str | None:
        """Return why nothing may be sent just now: the lock is lost."""
        return self._folder.lock_trouble()

    def is_halted(self) -> bool:
        """Whether `state/HALT` exists."""
        return self._folder.halt.exists()

    def close(self) -> None:
        """Finish the writes under way and end the threads."""
        self._threads.shutdown(wait=True)


def _from_journal(symbol: str, folder: StateFolder) -> SymbolState | None:
    """Return a state with the last status in the journal and the account it is of; None where neither stands there."""
    stamp = folder.stamp()
    try:
        lines = folder.journal_file(symbol).read_text(errors="replace").splitlines()
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
            with os.fdopen(os.open(path, _APPEND, FILE_MODE), "a") as file:
                file.write(line)
        except OSError as error:
            logger.warning("{}: the journal {} could not be written: {}", symbol, path, error.strerror)
