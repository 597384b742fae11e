"""The journal of each symbol: `.holdfast/journal/<SYMBOL>.jsonl`, append-only, from which its file can be rebuilt.

Written by the store, one line per save, and by `JournalFiles`, one line per thing that happened, for people.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from loguru import logger

from holdfast.adapters.journal_lines import fold, journal_lines, last_sequence, older, save_line, statuses
from holdfast.adapters.state_folder import StateFolder
from holdfast.adapters.steps import Steps

# With one older generation beside it, a symbol's journal never takes much more than twice this.
SIZE_MAX = 8 << 20


class StateJournal:
    """What saves have changed, line by line."""

    def __init__(self, folder: StateFolder) -> None:
        self._folder = folder
        # What the last line of a symbol leads to. Where it is not known, the next line is a whole document.
        self._last: dict[str, Mapping[str, Any]] = {}
        self._full: set[str] = set()

    def saved(self, symbol: str, document: Mapping[str, Any]) -> Steps[None]:
        """Append what a save has changed. A line that cannot be written is a warning: the file itself is safe."""
        path = self._folder.journal_file(symbol)
        before = self._last.pop(symbol, None)
        try:
            if symbol in self._full:
                before = None
                self._full.remove(symbol)
                self._folder.disk.rename(path, older(path))
                yield
            size = self._folder.disk.append(path, save_line(document, before))
            yield
        except OSError as error:
            logger.warning("{}: the journal {} could not be written: {}", symbol, path, error.strerror)
            return
        self._last[symbol] = document
        if size > SIZE_MAX:
            self._full.add(symbol)

    def forget(self, symbol: str) -> None:
        """Begin with a whole document again: a save has failed, and what is on the disk is not known."""
        self._last.pop(symbol, None)

    def newest(self, symbol: str) -> Mapping[str, Any] | None:
        """Return the newest document that the journal adds up to, or None."""
        return fold(self._lines(symbol))

    def last_sequence(self, symbol: str) -> int | None:
        """Return the number of the newest save that it tells of, or None."""
        try:
            return last_sequence(self._folder.disk, self._folder.journal_file(symbol))
        except OSError:
            return None

    def statuses(self, symbol: str) -> Iterator[tuple[str, str | None]]:
        """Return what the journal's status lines tell, status and reason, the newest first."""
        return statuses(self._lines(symbol))

    def _lines(self, symbol: str) -> list[bytes]:
        try:
            return journal_lines(self._folder.disk, self._folder.journal_file(symbol))
        except OSError:
            return []


class JournalFiles:
    """One JSON line per thing that happened: a decision, an order, a fill, a correction, a status."""

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
