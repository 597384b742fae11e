"""Who holds a state folder: `flock` on the folder itself, which dies with the process and which no deletion breaks.

A file beside it names the holder; its own lock says that the name is true.
"""

import errno
import fcntl
import json
import os
from pathlib import Path
from typing import Protocol
from weakref import WeakSet

from holdfast.adapters.disk import FILE_MODE, FOLDER_MODE
from holdfast.domain.errors import LockedError


class Lock(Protocol):
    """The right to write into one folder: at most one holder at a time."""

    def acquire(self) -> None:
        """Take it.

        Raises:
            LockedError: somebody else holds it; the message names them.
            OSError: the folder cannot be locked.
        """
        ...

    def trouble(self) -> str | None:
        """Return why it is not ours (any more), or None."""
        ...

    def holder(self) -> int | None:
        """Return the process id of whoever holds it now, or None."""
        ...

    def release(self) -> None:
        """Let it go."""
        ...


class FolderLock:
    """The real one. `root` must exist before it is acquired, and the folder of `announcement` too."""

    def __init__(self, root: Path, announcement: Path) -> None:
        self._root = root
        self._announcement = announcement
        self._descriptor: int | None = None
        self._holder: int | None = None

    def acquire(self) -> None:
        """Take it, say who holds it, and close the folder to everybody else."""
        self._descriptor = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        _HELD.add(self)
        try:
            owner = os.fstat(self._descriptor).st_uid
            if os.geteuid() not in (owner, 0):
                # Whoever owns it can put another file in any file's place. (Root may do that everywhere.)
                raise PermissionError(errno.EPERM, f"it belongs to another user (uid {owner}), who could change it")
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for folder in (self._root, self._announcement.parent):
                folder.chmod(FOLDER_MODE)
            self._announce()
        except BlockingIOError:
            self.release()
            raise LockedError(self._held_by_another()) from None
        except OSError:
            self.release()
            raise

    def _announce(self) -> None:
        """Write our process id where others look."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._holder = os.open(self._announcement, flags, FILE_MODE)
        fcntl.flock(self._holder, fcntl.LOCK_EX)
        os.ftruncate(self._holder, 0)
        os.write(self._holder, json.dumps({"pid": os.getpid()}).encode())

    def _held_by_another(self) -> str:
        return (
            f"another Holdfast (process {self._announced() or 'unknown'}) holds {self._root}: stop it first, "
            "or give this one a folder of its own with --state-dir"
        )

    def _announced(self) -> int | None:
        try:
            pid = json.loads(self._announcement.read_bytes())["pid"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return pid if isinstance(pid, int) else None

    def holder(self) -> int | None:
        """Return the process id of whoever holds it now, or None."""
        try:
            descriptor = os.open(self._announcement, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return self._announced()
        finally:
            os.close(descriptor)
        return None

    def trouble(self) -> str | None:
        """Return why it is not ours any more, or None: the folder may have been moved or deleted."""
        if self._descriptor is None:
            return "the state folder is not locked"
        try:
            mine, there = os.fstat(self._descriptor), self._root.stat()
        except OSError as error:
            return f"the state folder {self._root} is gone: {error.strerror}"
        same = (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)
        return None if same else f"{self._root} is not the folder that was locked any more"

    def release(self) -> None:
        """Let the folder go."""
        for descriptor in (self._holder, self._descriptor):
            if descriptor is not None:
                os.close(descriptor)
        self._holder = self._descriptor = None


_HELD: WeakSet[FolderLock] = WeakSet()


def _let_go_in_child() -> None:
    """A forked child inherits the descriptors; if it outlived a killed bot, the folder would stay held."""
    for lock in list(_HELD):
        lock.release()


os.register_at_fork(after_in_child=_let_go_in_child)
