"""The machine's disk: what is on it, what a kill leaves and what a power cut may leave. Lean, because days are many.

`fakes.model_disk` enumerates every crash state of one save; this one lives through thousands of saves and draws one.
"""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from random import Random

ROOT = Path("/state")
BALLAST = ROOT / ".holdfast" / "ballast"
# So many writes find room on a full disk once the ballast is thrown away.
ROOM = 60
# A file system writes its journal at least this often: older changes of names are safe.
COMMIT_S = 30.0


class Inode:
    """A file's content now, and what of it is safe."""

    __slots__ = ("content", "safe")

    def __init__(self, content: bytes = b"", safe: bytes = b"") -> None:
        self.content = content
        self.safe = safe

    def left(self, random: Random) -> bytes:
        """Return what a power cut leaves."""
        now, safe = self.content, self.safe
        if now == safe:
            return safe
        return random.choice((safe, now, b"", now[: len(now) // 2], bytes(len(now))))


class Change:
    """A name that has gone or come and is not safe before its folders are synced."""

    __slots__ = ("at", "come", "folders", "gone", "inode")

    def __init__(self, at: float, gone: str | None, come: str | None, inode: Inode, folders: list[str]) -> None:
        self.at = at
        self.gone = gone
        self.come = come
        self.inode = inode
        self.folders = folders

    def on(self, names: dict[str, Inode]) -> None:
        """Change the names of a tree."""
        if self.gone is not None:
            names.pop(self.gone, None)
        if self.come is not None:
            names[self.come] = self.inode


class MachineDisk:
    """The `Disk` of a simulated machine. `before` is told of every call and may raise OSError."""

    def __init__(self, now: Callable[[], float], before: Callable[[str, Path], None]) -> None:
        self._now = now
        self.before = before
        self._folders = {"/", str(ROOT)}
        self._names: dict[str, Inode] = {}
        self._safe: dict[str, Inode] = {}
        self._pending: list[Change] = []
        self._open: dict[int, tuple[Path, Inode]] = {}
        self.put(BALLAST, b"ballast")
        self._last_file = 2

    # The calls of a Disk

    def read(self, path: Path, size_max: int) -> bytes:
        """Return the content."""
        return self._file(path).content[:size_max]

    def read_end(self, path: Path, size_max: int) -> bytes:
        """Return the end of the content."""
        return self._file(path).content[-size_max:]

    def names(self, folder: Path) -> list[str]:
        """Return the names in a folder."""
        prefix = f"{folder}/"
        found = [name[len(prefix) :] for name in (*self._names, *self._folders) if name.startswith(prefix)]
        return sorted(name for name in found if "/" not in name)

    def exists(self, path: Path) -> bool:
        """Whether there is anything under this name."""
        name = str(path)
        return name in self._names or name in self._folders

    def create(self, path: Path) -> int:
        """Open a file for writing, emptied."""
        self.before("create", path)
        name = str(path)
        inode = self._names.get(name)
        if inode is None:
            inode = Inode()
            self._change(None, name, inode)
        else:
            inode.content = b""
        self._last_file += 1
        self._open[self._last_file] = (path, inode)
        return self._last_file

    def write(self, file: int, content: bytes) -> None:
        """Write all of `content`."""
        path, inode = self._open[file]
        self.before("write", path)
        inode.content += content

    def sync(self, file: int) -> None:
        """Make the content safe."""
        path, inode = self._open[file]
        self.before("sync", path)
        inode.safe = inode.content

    def close(self, file: int) -> None:
        """Let the descriptor go."""
        del self._open[file]

    def append(self, path: Path, line: bytes) -> int:
        """Add one line."""
        self.before("append", path)
        name = str(path)
        inode = self._names.get(name)
        if inode is None:
            inode = Inode()
            self._change(None, name, inode)
        torn = b"\n" if inode.content and not inode.content.endswith(b"\n") else b""
        inode.content += torn + line
        return len(inode.content)

    def link(self, path: Path, new: Path) -> None:
        """Give a file a second name."""
        self.before("link", path)
        if str(new) in self._names:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(new))
        self._change(None, str(new), self._file(path))

    def rename(self, path: Path, new: Path) -> None:
        """Move a name in one step."""
        self.before("rename", path)
        self._change(str(path), str(new), self._file(path))

    def unlink(self, path: Path) -> None:
        """Remove a name."""
        self.before("unlink", path)
        self._change(str(path), None, self._file(path))

    def make_folder(self, folder: Path) -> None:
        """Create one folder."""
        if str(folder) in self._folders:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder))
        self._folders.add(str(folder))

    def sync_folder(self, folder: Path) -> None:
        """Make the names in a folder safe."""
        self.before("sync_folder", folder)
        name, left, commit = str(folder), [], self._now() - COMMIT_S
        for change in self._pending:
            if name in change.folders:
                change.folders.remove(name)
            if change.folders and change.at > commit:
                left.append(change)
            else:
                change.on(self._safe)
        self._pending = left

    # What others see and do

    def survivors(self, path: Path) -> list[bytes | None]:
        """Return what could be found under `path` after a power cut now, leaving aside torn content; None: no file."""
        name = str(path)
        inodes = [self._safe.get(name)]
        touching = (one for one in self._pending if name in (one.come, one.gone))
        inodes += [one.inode if one.come == name else None for one in touching]
        return [content for one in inodes for content in ((one.safe, one.content) if one else (None,))]

    def now(self, path: Path) -> bytes | None:
        """Return what is under `path` as long as the machine runs."""
        inode = self._names.get(str(path))
        return None if inode is None else inode.content

    def put(self, path: Path, content: bytes | None) -> None:
        """Let another hand write or remove a file, safely; other links keep what they had, as with an editor."""
        name = str(path)
        self._pending = [one for one in self._pending if name not in (one.come, one.gone)]
        for names in (self._names, self._safe):
            names.pop(name, None)
            if content is not None:
                names[name] = Inode(content, content)

    def cut_power(self, random: Random) -> None:
        """Lose what is not safe: any of the pending changes may have come to the disk."""
        for change in self._pending:
            if random.random() < 0.5:
                change.on(self._safe)
        self._pending = []
        self._names = {}
        kept: dict[Inode, Inode] = {}
        for name, inode in self._safe.items():
            if inode not in kept:
                content = inode.left(random)
                kept[inode] = Inode(content, content)
            self._names[name] = kept[inode]
        self._safe = dict(self._names)

    def _change(self, gone: str | None, come: str | None, inode: Inode) -> None:
        folders = list(dict.fromkeys(name.rpartition("/")[0] for name in (gone, come) if name is not None))
        change = Change(self._now(), gone, come, inode, folders)
        change.on(self._names)
        self._pending.append(change)

    def _file(self, path: Path) -> Inode:
        inode = self._names.get(str(path))
        if inode is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return inode


class DiskFaults:
    """Makes calls fail: no space, EIO, a read-only folder."""

    def __init__(self, random: Random, chance: float, note: Callable[[str], None]) -> None:
        self._random = random
        self._note = note
        self._room = 0
        self.chance = chance
        self.is_full = False

    def before(self, call: str, path: Path) -> None:
        """Raise the error of this call, if it has one."""
        if self.is_full and call in ("write", "append", "create"):
            if not self._room:
                self._fail(errno.ENOSPC, path)
            self._room -= 1
        if call == "unlink" and path == BALLAST:
            self._room = ROOM
        if self.chance and self._random.random() < self.chance:
            self._fail(self._random.choice((errno.EIO, errno.ENOSPC, errno.EROFS)), path)

    def _fail(self, number: int, path: Path) -> None:
        self._note(f"disk_{errno.errorcode[number]}")
        raise OSError(number, os.strerror(number), str(path))
