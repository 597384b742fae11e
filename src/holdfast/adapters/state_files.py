"""The state files behind the engine's StateStore port. Each save is durable before it returns (I1, I5)."""

import errno
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from holdfast.adapters.ballast import Ballast
from holdfast.adapters.durable_file import move_durably, replace_durably
from holdfast.adapters.runners import Runner, Threads
from holdfast.adapters.state_codec import (
    SIZE_MAX,
    UnreadableStateError,
    checked,
    decode,
    document_of,
    parse,
    state_of,
    to_bytes,
    version_of,
)
from holdfast.adapters.state_folder import StateFolder
from holdfast.adapters.state_journal import StateJournal
from holdfast.adapters.steps import Steps, finish
from holdfast.domain import events
from holdfast.domain.errors import LockedError
from holdfast.domain.state import SCHEMA_VERSION, SymbolState
from holdfast.engine.memory import Missing, Unreadable

Loaded = SymbolState | Missing | Unreadable
_COPY_SIZE_MAX = 1 << 26


class StateFiles:
    """One JSON file per symbol, written in a few threads so that an fsync never blocks the event loop."""

    def __init__(
        self,
        folder: StateFolder,
        wall_clock: Callable[[], datetime],
        runner: Runner | None = None,
        ballast: Ballast | None = None,
    ) -> None:
        self._folder = folder
        self._ballast = ballast
        self._disk = folder.disk
        self._now = wall_clock
        self._runner = runner or Threads()
        self._journal = StateJournal(folder)
        # Files of an older format, by symbol: their bytes are kept when the first save replaces them.
        self._older: dict[str, tuple[int, bytes]] = {}
        # The symbols whose last save did not end well.
        self._unsure: set[str] = set()
        # The symbols whose file this process has met: from then on nobody else may write it.
        self._met: set[str] = set()

    async def symbols(self) -> Sequence[str]:
        """Return the symbols that have a file, sorted."""
        return self._folder.symbols()

    async def load(self, symbol: str) -> Loaded:
        """Read one file.

        Raises:
            OSError: the file is there and cannot be read, e.g. a folder stands in its place.
        """
        return await self._runner.run(symbol, self._load(symbol))

    def read(self, symbol: str) -> Loaded:
        """Read one file, in this thread."""
        return finish(self._load(symbol))

    def _load(self, symbol: str) -> Steps[Loaded]:
        yield
        self._older.pop(symbol, None)
        try:
            return self._newest(symbol)
        except FileNotFoundError:
            return Missing(self._backup(symbol))
        except UnreadableStateError as error:
            return Unreadable(str(error), self._backup(symbol))

    def _newest(self, symbol: str) -> SymbolState:
        """Read the file; one that is older than what the rest of the memory knows was put back, and is not believed."""
        state = self._current(symbol)
        if symbol not in self._met:
            backup = self._from_backup(symbol)
            written = max(self._journal.last_sequence(symbol) or 0, backup.sequence if backup else 0)
            if written > state.sequence:
                raise UnreadableStateError(f"it is version {state.sequence}, and version {written} was written")
            self._met.add(symbol)
        return state

    def _current(self, symbol: str) -> SymbolState:
        try:
            content = self._disk.read(self._folder.state_file(symbol), SIZE_MAX + 1)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise UnreadableStateError("it is a symbolic link, and only a file is believed") from None
            raise
        document = parse(content, symbol)
        state, version = state_of(document), version_of(document)
        if version < SCHEMA_VERSION:
            self._older[symbol] = (version, content)
        return state

    def _backup(self, symbol: str) -> SymbolState | None:
        """Return the newest valid earlier version: the backup, or what the journal adds up to if that is newer.

        The backup is one save behind the file and the journal none, so after the loss of a file the journal usually
        knows more: a halt that only the newest save held must not be forgotten. Both prove themselves by their
        checksums; where both say the same number, the backup was a state file once and is taken. Where neither is
        whole, the journal's last status line still says what the symbol may do.
        """
        found = [one for one in (self._from_backup(symbol), self._from_journal(symbol)) if one is not None]
        return max(found, key=lambda state: state.sequence, default=None) or self._last_status(symbol)

    def _from_backup(self, symbol: str) -> SymbolState | None:
        try:
            return decode(self._disk.read(self._folder.backup_file(symbol), SIZE_MAX + 1), symbol)
        except (OSError, UnreadableStateError):
            return None

    def _from_journal(self, symbol: str) -> SymbolState | None:
        document = self._journal.newest(symbol)
        try:
            return state_of(checked(dict(document), symbol)) if document is not None else None
        except UnreadableStateError:
            return None

    def _last_status(self, symbol: str) -> SymbolState | None:
        for told in self._journal.statuses(symbol):
            with suppress(ValueError):
                stamp = self._folder.stamp()
                return (
                    SymbolState(symbol, account_id=stamp.account_id).apply(events.StatusSet(*told)) if stamp else None
                )
        return None

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
        document = document_of(state)
        try:
            yield from self._keep_older(state.symbol)
            yield from self._replace(state.symbol, to_bytes(document))
        except BaseException:
            self._journal.forget(state.symbol)
            raise
        # The journal comes after the file, so that it never tells of a version that was not there. A crash before this
        # line leaves it one save behind, as the backup is, until the next start's first save, a whole document. It
        # comes before the answer, so that the loss of a file alone loses nothing that was acknowledged. It is not
        # synced: a power cut takes lines from its end, and what the promise needs is in the file.
        yield from self._journal.saved(state.symbol, document)

    def _replace(self, symbol: str, content: bytes) -> Steps[None]:
        try:
            yield from self._written(symbol, content)
        except OSError as error:
            if self._ballast is None or not self._ballast.made_room(error):
                raise
            # From the first step, with a new descriptor: nothing of the failed save is used.
            yield from self._written(symbol, content)

    def _written(self, symbol: str, content: bytes) -> Steps[None]:
        path, backup = self._folder.state_file(symbol), self._folder.backup_file(symbol)
        if symbol in self._unsure:
            # A failed save may stand under the file's name until the power goes. As a backup it would outlive that.
            self._disk.sync_folder(path.parent)
            yield
        self._unsure.add(symbol)
        yield from replace_durably(self._disk, path, content, backup=backup)
        self._unsure.discard(symbol)

    def _keep_older(self, symbol: str) -> Steps[None]:
        """Keep a file of an older format, as it was, before this version's save takes its place."""
        if symbol in self._older:
            version, content = self._older[symbol]
            yield from replace_durably(self._disk, self._aside(symbol, f"v{version}."), content)
            del self._older[symbol]

    def _aside(self, symbol: str, mark: str = "") -> Path:
        """Return a free name in `.holdfast/aside/`."""
        start = f"{self._folder.state_file(symbol).stem}.{mark}{self._now().astimezone(UTC):%Y%m%dT%H%M%S%f}"
        folder = self._folder.private / "aside"
        names = (folder / f"{start}{f'-{number}' if number else ''}.json" for number in count())
        return next(name for name in names if not self._disk.exists(name))

    async def set_aside(self, symbol: str, *, is_copy: bool = False) -> str:
        """Move (or copy) the file to `.holdfast/aside/`, under a name that is free; return the new path."""
        path = self._folder.state_file(symbol)
        target = self._aside(symbol)
        steps = self._copy(path, target) if is_copy else move_durably(self._disk, path, target)
        await self._runner.run(symbol, steps)
        return str(target)

    def _copy(self, path: Path, target: Path) -> Steps[None]:
        yield from replace_durably(self._disk, target, self._disk.read(path, _COPY_SIZE_MAX))

    def trouble(self) -> str | None:
        """Return why nothing may be sent just now: the lock is lost."""
        return self._folder.lock_trouble()

    def entries_stopped(self) -> str | None:
        """Return why nothing new may be begun: `state/HALT` exists, or the disk was full."""
        if self._disk.exists(self._folder.halt):
            return "the file HALT in the state folder stops every entry: remove it to trade again"
        if self._ballast is not None and self._ballast.is_gone:
            return "the disk was full, which stops every entry: make room, then start again"
        return None

    def close(self) -> None:
        """Finish the writes under way."""
        self._runner.close()
