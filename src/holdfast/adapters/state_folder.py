"""The state folder: where everything lies, who holds it, and the account it belongs to.

`state/*.json` are symbols' files only; everything else lives in `state/.holdfast/`.
"""

import contextlib
import fcntl
import json
import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from holdfast.adapters.durable_file import FILE_MODE, FOLDER_MODE, make_folder, replace_durably
from holdfast.domain.errors import LockedError, UsageError
from holdfast.domain.symbols import file_stem, symbol_of_stem

_HOLDER = "holder.json"
_MEMORY = ("journal", "backups", "aside", "account.json")


@dataclass(frozen=True, slots=True)
class AccountStamp:
    """Whose memory this is: `broker` is sim or paper, `ending` what may be shown of the account's number."""

    broker: str
    account_id: str
    ending: str


class StateFolder:
    """The paths of one state folder, and its lock: `flock` on the folder itself, which dies with the process."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.private = root / ".holdfast"
        self._descriptor: int | None = None
        self._holder: int | None = None

    @property
    def log(self) -> Path:
        """The log file."""
        return self.private / "holdfast.log"

    @property
    def halt(self) -> Path:
        """The file that a person makes to stop every entry."""
        return self.root / "HALT"

    def state_file(self, symbol: str) -> Path:
        """The state file of `symbol`."""
        return self.root / f"{file_stem(symbol)}.json"

    def backup_file(self, symbol: str) -> Path:
        """The version before the newest one."""
        return self.private / "backups" / f"{file_stem(symbol)}.json"

    def journal_file(self, symbol: str) -> Path:
        """The symbol's journal."""
        return self.private / "journal" / f"{file_stem(symbol)}.jsonl"

    def symbols(self) -> list[str]:
        """The symbols that have a file (or a folder in its place), sorted. Foreign names are left alone."""
        found = []
        for path in self.root.glob("*.json"):
            with contextlib.suppress(ValueError):
                found.append(symbol_of_stem(path.stem))
        return sorted(found)

    def lock(self) -> Self:
        """Hold the folder for this process.

        Raises:
            LockedError: another process holds it; the message names it.
            UsageError: the folder cannot be used.
        """
        try:
            make_folder(self.root)
            for name in ("", "journal", "backups", "aside"):
                make_folder(self.private / name)
            for folder in (self.root, self.private):
                folder.chmod(FOLDER_MODE)
            descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise UsageError(f"the state folder {self.root} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise LockedError(self._held_by_another()) from None
        self._descriptor = descriptor
        self._announce()
        return self

    def _announce(self) -> None:
        """Write our process id where others look; its own lock says that it is true."""
        self._holder = os.open(self.private / _HOLDER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        fcntl.flock(self._holder, fcntl.LOCK_EX)
        os.ftruncate(self._holder, 0)
        os.write(self._holder, json.dumps({"pid": os.getpid()}).encode())

    def _held_by_another(self) -> str:
        return (
            f"another Holdfast (process {self._announced() or 'unknown'}) holds {self.root}: stop it first, "
            "or give this one a folder of its own with --state-dir"
        )

    def _announced(self) -> int | None:
        try:
            pid = json.loads((self.private / _HOLDER).read_bytes())["pid"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return pid if isinstance(pid, int) else None

    def running(self) -> int | None:
        """The process id of the bot that holds the folder now, or None."""
        try:
            descriptor = os.open(self.private / _HOLDER, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return self._announced()
        finally:
            os.close(descriptor)
        return None

    def lock_trouble(self) -> str | None:
        """Return why the lock is not ours any more, or None: the folder may have been moved or deleted."""
        if self._descriptor is None:
            return "the state folder is not locked"
        try:
            mine, there = os.fstat(self._descriptor), self.root.stat()
        except OSError as error:
            return f"the state folder {self.root} is gone: {error.strerror}"
        same = (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)
        return None if same else f"{self.root} is not the folder that was locked any more"

    def unlock(self) -> None:
        """Let the folder go."""
        for descriptor in (self._holder, self._descriptor):
            if descriptor is not None:
                os.close(descriptor)
        self._holder = self._descriptor = None

    def stamp(self) -> AccountStamp | None:
        """The account that this memory belongs to; None for a fresh folder.

        Raises:
            UsageError: the stamp is unreadable, so whose memory this is cannot be known.
        """
        path = self.private / "account.json"
        try:
            return AccountStamp(**json.loads(path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):
            raise UsageError(f"{path} is unreadable: restore it, or move {self.root} away to start fresh") from None

    def write_stamp(self, stamp: AccountStamp) -> None:
        """Remember the account; only the supervisor calls this, after the check."""
        content = {"broker": stamp.broker, "account_id": stamp.account_id, "ending": stamp.ending}
        replace_durably(self.private / "account.json", json.dumps(content).encode())

    def archive(self, label: str, at: datetime) -> Path:
        """Move the whole memory of an account to `archive/<label>-<time>`; the simulator's data and the log stay."""
        folder = make_folder(self.private / "archive" / f"{label}-{at:%Y%m%dT%H%M%S%f}")
        for path in [*self.root.glob("*.json"), *(self.private / name for name in _MEMORY)]:
            if path.exists():
                shutil.move(path, folder / path.name)
        for name in ("journal", "backups", "aside"):
            make_folder(self.private / name)
        return folder
