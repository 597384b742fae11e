"""The file-system calls of the state store, one method each: what a simulated disk replaces, delays and makes fail.

Which calls make a save, and in which order, is not known here (`durable_file` knows it); the lock is `folder_lock`.
"""

import os
from pathlib import Path
from typing import Protocol

FOLDER_MODE = 0o700
FILE_MODE = 0o600
_PIECE = 1 << 16
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
# Reading is asked for too: the last byte tells whether the line before is whole.
_APPEND = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe in a file's place must not block the bot.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Disk(Protocol):
    """Files and folders. Every method may raise OSError; a crash may strike before, inside and after each.

    Nothing is durable before `sync` (content) and `sync_folder` (names). After a failed `sync` the same descriptor is
    never synced again: the kernel may have dropped what it could not write, and would say that all is well.
    """

    def read(self, path: Path, size_max: int) -> bytes:
        """Return the content, at most `size_max` bytes of it. A symbolic link is an error (ELOOP)."""
        ...

    def read_end(self, path: Path, size_max: int) -> bytes:
        """Return the last bytes of the content, at most `size_max`. A symbolic link is an error (ELOOP)."""
        ...

    def names(self, folder: Path) -> list[str]:
        """Return the names in a folder, sorted."""
        ...

    def exists(self, path: Path) -> bool:
        """Whether there is anything under this name."""
        ...

    def create(self, path: Path) -> int:
        """Open a file for writing, emptied, for the owner only; return its descriptor."""
        ...

    def write(self, file: int, content: bytes) -> None:
        """Write all of `content`."""
        ...

    def sync(self, file: int) -> None:
        """Make the content of an open file durable."""
        ...

    def close(self, file: int) -> None:
        """Let the descriptor go."""
        ...

    def append(self, path: Path, line: bytes) -> int:
        """Add one line in one write, on a line of its own also after a torn one; return the size after it."""
        ...

    def link(self, path: Path, new: Path) -> None:
        """Give a file a second name, which must be free."""
        ...

    def rename(self, path: Path, new: Path) -> None:
        """Move a name in one step; what had the new name before is gone."""
        ...

    def unlink(self, path: Path) -> None:
        """Remove a name."""
        ...

    def make_folder(self, folder: Path) -> None:
        """Create one folder, for the owner only; FileExistsError if the name is taken."""
        ...

    def sync_folder(self, folder: Path) -> None:
        """Make the names in a folder durable."""
        ...


class OsDisk:
    """The real one."""

    def read(self, path: Path, size_max: int) -> bytes:
        """Return the content, at most `size_max` bytes of it."""
        file = os.open(path, _READ)
        try:
            return _read(file, size_max)
        finally:
            os.close(file)

    def read_end(self, path: Path, size_max: int) -> bytes:
        """Return the last bytes of the content."""
        file = os.open(path, _READ)
        try:
            os.lseek(file, max(0, os.fstat(file).st_size - size_max), os.SEEK_SET)
            return _read(file, size_max)
        finally:
            os.close(file)

    def names(self, folder: Path) -> list[str]:
        """Return the names in a folder, sorted."""
        return sorted(path.name for path in folder.iterdir())

    def exists(self, path: Path) -> bool:
        """Whether there is anything under this name."""
        return os.path.lexists(path)

    def create(self, path: Path) -> int:
        """Open a file for writing, emptied."""
        return os.open(path, _WRITE, FILE_MODE)

    def write(self, file: int, content: bytes) -> None:
        """Write all of `content`."""
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(file, rest) :]

    def sync(self, file: int) -> None:
        """Make the content of an open file durable."""
        os.fsync(file)

    def close(self, file: int) -> None:
        """Let the descriptor go."""
        os.close(file)

    def append(self, path: Path, line: bytes) -> int:
        """Add one line in one write, on a line of its own."""
        file = os.open(path, _APPEND, FILE_MODE)
        try:
            size = os.fstat(file).st_size
            is_torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
            content = b"\n" + line if is_torn else line
            self.write(file, content)
        finally:
            os.close(file)
        return size + len(content)

    def link(self, path: Path, new: Path) -> None:
        """Give a file a second name."""
        os.link(path, new, follow_symlinks=False)

    def rename(self, path: Path, new: Path) -> None:
        """Move a name in one step."""
        path.replace(new)

    def unlink(self, path: Path) -> None:
        """Remove a name."""
        path.unlink()

    def make_folder(self, folder: Path) -> None:
        """Create one folder."""
        folder.mkdir(FOLDER_MODE)

    def sync_folder(self, folder: Path) -> None:
        """Make the names in a folder durable."""
        file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def _read(file: int, size_max: int) -> bytes:
    pieces, left = [], size_max
    while left and (piece := os.read(file, min(left, _PIECE))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


OS_DISK = OsDisk()
