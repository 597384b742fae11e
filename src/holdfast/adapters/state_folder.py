"""The state folder: where everything lies, who holds it, and the account it belongs to.

`state/*.json` are symbols' files only; everything else lives in `state/.holdfast/`.
"""

import contextlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Self

from holdfast.adapters.disk import OS_DISK, Disk
from holdfast.adapters.durable_file import make_folder, replace_durably, sweep
from holdfast.adapters.folder_lock import FolderLock, Lock
from holdfast.adapters.steps import finish
from holdfast.domain.errors import UsageError
from holdfast.domain.symbols import file_stem, symbol_of_stem

_FOLDERS = ("journal", "backups", "aside", "reports")
_STAMP_SIZE_MAX = 1 << 16


@dataclass(frozen=True, slots=True)
class AccountStamp:
    """Whose memory this is: `broker` is sim or paper, `ending` what may be shown of the account's number."""

    broker: str
    account_id: str
    ending: str


@dataclass(frozen=True, slots=True)
class _SymbolFiles:
    state: Path
    backup: Path
    journal: Path


class StateFolder:
    """The paths of one state folder, its disk and its lock."""

    def __init__(self, root: Path, disk: Disk = OS_DISK, lock: Lock | None = None) -> None:
        self.root = root
        self.private = root / ".holdfast"
        self.disk = disk
        self._lock = lock or FolderLock(root, self.private / "holder.json")
        self._files: dict[str, _SymbolFiles] = {}

    @property
    def log(self) -> Path:
        """The log file."""
        return self.private / "holdfast.log"

    @cached_property
    def halt(self) -> Path:
        """The file that a person makes to stop every entry."""
        return self.root / "HALT"

    def state_file(self, symbol: str) -> Path:
        """The state file of `symbol`."""
        return self._files_of(symbol).state

    def backup_file(self, symbol: str) -> Path:
        """The version before the newest one."""
        return self._files_of(symbol).backup

    def journal_file(self, symbol: str) -> Path:
        """The symbol's journal."""
        return self._files_of(symbol).journal

    def _files_of(self, symbol: str) -> "_SymbolFiles":
        """Return the paths of a symbol, joined once: every save asks for all of them."""
        if symbol not in self._files:
            stem, private = file_stem(symbol), self.private
            self._files[symbol] = _SymbolFiles(
                self.root / f"{stem}.json", private / "backups" / f"{stem}.json", private / "journal" / f"{stem}.jsonl"
            )
        return self._files[symbol]

    @property
    def stamp_file(self) -> Path:
        """Where it stands whose memory this is."""
        return self.private / "account.json"

    @property
    def reports(self) -> Path:
        """What each reconcile found, a page each."""
        return self.private / "reports"

    def symbols(self) -> list[str]:
        """The symbols that have a file (or a folder in its place), sorted. Foreign names are left alone."""
        return self._symbols_in(self.root, ".json")

    def remembered(self) -> list[str]:
        """The symbols of which a file, a backup or a journal is left, sorted."""
        private = (("backups", ".json"), ("journal", ".jsonl"))
        found = [one for name, suffix in private for one in self._symbols_in(self.private / name, suffix)]
        return sorted({*self.symbols(), *found})

    def _symbols_in(self, folder: Path, suffix: str) -> list[str]:
        found = []
        for name in self._names(folder):
            if name.endswith(suffix):
                with contextlib.suppress(ValueError):
                    found.append(symbol_of_stem(name.removesuffix(suffix)))
        return sorted(found)

    def _names(self, folder: Path) -> list[str]:
        try:
            return self.disk.names(folder)
        except FileNotFoundError:
            return []

    def lock(self) -> Self:
        """Hold the folder for this process, and remove what a crash has left half written.

        Raises:
            LockedError: another process holds it; the message names it.
            UsageError: the folder cannot be used.
        """
        try:
            for folder in (self.root, *(self.private / name for name in _FOLDERS)):
                make_folder(self.disk, folder)
            self._lock.acquire()
            for folder in (self.root, self.private, *(self.private / name for name in _FOLDERS)):
                sweep(self.disk, folder)
        except OSError as error:
            self._lock.release()
            raise UsageError(f"the state folder {self.root} cannot be used: {error.strerror}") from error
        return self

    def running(self) -> int | None:
        """The process id of the bot that holds the folder now, or None."""
        return self._lock.holder()

    def lock_trouble(self) -> str | None:
        """Return why the lock is not ours any more, or None: the folder may have been moved or deleted."""
        return self._lock.trouble()

    def unlock(self) -> None:
        """Let the folder go."""
        self._lock.release()

    def stamp(self) -> AccountStamp | None:
        """The account that this memory belongs to; None for a fresh folder.

        Raises:
            UsageError: the stamp is unreadable, so whose memory this is cannot be known.
        """
        path = self.stamp_file
        try:
            return AccountStamp(**json.loads(self.disk.read(path, _STAMP_SIZE_MAX)))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):
            raise UsageError(f"{path} is unreadable: restore it, or move {self.root} away to start fresh") from None

    def write_stamp(self, stamp: AccountStamp) -> None:
        """Remember the account; only the supervisor calls this, after the check.

        Raises:
            UsageError: the folder cannot be written.
        """
        try:
            finish(replace_durably(self.disk, self.stamp_file, json.dumps(asdict(stamp)).encode()))
        except OSError as error:
            raise UsageError(f"the state folder {self.root} cannot be written: {error.strerror}") from error

    def archive(self, label: str, at: datetime) -> Path:
        """Move the whole memory of an account to `archive/<label>-<time>`; the simulator's data and the log stay.

        The stamp goes last: a crash on the way leaves the rest to the next start, which archives again.
        """
        folder = make_folder(self.disk, self.private / "archive" / f"{label}-{at:%Y%m%dT%H%M%S%f}")
        files = [self.root / name for name in self._names(self.root) if name.endswith(".json")]
        for group in ((*files, *(self.private / name for name in _FOLDERS)), (self.stamp_file,)):
            for path in filter(self.disk.exists, group):
                self.disk.rename(path, folder / path.name)
            for path in (folder, self.root, self.private):
                self.disk.sync_folder(path)
        for name in _FOLDERS:
            make_folder(self.disk, self.private / name)
        return folder
