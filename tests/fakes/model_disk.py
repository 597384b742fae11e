"""`ModelDisk`: files and folders in memory that know what is durable, and so every state a power cut could leave.

The model promises no more than POSIX does. Content is safe after `sync`, a name after `sync_folder`; of everything
else any part may be on the disk and any part not. Only a rename is one step.
"""

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from random import Random

Tree = dict[Path, "Inode"]
Hook = Callable[[str, Path], None]


@dataclass(eq=False, slots=True)
class Inode:
    """What a name stands for: a file with what it holds now and what is safe of it, or a folder."""

    content: bytearray = field(default_factory=bytearray)
    durable: bytes = b""
    is_folder: bool = False

    def could_hold(self) -> list[bytes]:
        """Return every kind of content that a power cut could leave."""
        now, safe = bytes(self.content), self.durable
        if now == safe:
            return [safe]
        kept = safe if now.startswith(safe) else b""
        rest = len(now) - len(kept)
        torn = now[: len(kept) + rest // 2]
        zeros = kept + bytes(rest)
        return list(dict.fromkeys((safe, kept, torn, torn + bytes(len(now) - len(torn)), zeros, now)))


@dataclass(frozen=True, slots=True)
class Effect:
    """A change of names that is not durable before all its folders are synced: gone, and come."""

    gone: Path | None
    come: Path | None
    inode: Inode
    folders: frozenset[Path]

    def on(self, tree: Tree) -> None:
        """Change the names of a tree."""
        if self.gone is not None:
            tree.pop(self.gone, None)
        if self.come is not None:
            tree[self.come] = self.inode


class ModelDisk:
    """A `Disk`. `before` and `after` are told of every call, and may raise: an error, or a crash."""

    def __init__(self, files: Mapping[Path, bytes] | None = None, folders: Iterable[Path] = ()) -> None:
        self.before: Hook = lambda _call, _path: None
        self.after: Hook = lambda _call, _path: None
        self._names: Tree = {path: Inode(bytearray(content), content) for path, content in (files or {}).items()}
        above = {parent for path in (*self._names, *folders) for parent in path.parents}
        self._names |= {path: Inode(is_folder=True) for path in (*folders, *above)}
        self._durable: Tree = dict(self._names)
        self._pending: list[Effect] = []
        self._open: dict[int, tuple[Path, Inode]] = {}
        self._next_file = 3

    # The calls of a Disk.

    def read(self, path: Path, size_max: int) -> bytes:
        """Return the content, at most `size_max` bytes of it."""
        self.before("read", path)
        return bytes(self._file(path).content[:size_max])

    def names(self, folder: Path) -> list[str]:
        """Return the names in a folder, sorted."""
        self.before("names", folder)
        self._folder(folder)
        return sorted(path.name for path in self._names if path.parent == folder and path != folder)

    def exists(self, path: Path) -> bool:
        """Whether there is anything under this name."""
        return path in self._names

    def create(self, path: Path) -> int:
        """Open a file for writing, emptied."""
        self.before("create", path)
        self._folder(path.parent)
        if path in self._names:
            inode = self._file(path)
            inode.content.clear()
        else:
            inode = Inode()
            self._change(None, path, inode)
        self._next_file += 1
        self._open[self._next_file] = (path, inode)
        self.after("create", path)
        return self._next_file

    def write(self, file: int, content: bytes) -> None:
        """Write all of `content`."""
        path, inode = self._open[file]
        self.before("write", path)
        inode.content += content
        self.after("write", path)

    def sync(self, file: int) -> None:
        """Make the content of an open file durable."""
        path, inode = self._open[file]
        self.before("sync", path)
        inode.durable = bytes(inode.content)
        self.after("sync", path)

    def close(self, file: int) -> None:
        """Let the descriptor go."""
        self._open.pop(file)

    def append(self, path: Path, line: bytes) -> int:
        """Add one line in one write, on a line of its own."""
        self.before("append", path)
        self._folder(path.parent)
        if path not in self._names:
            self._change(None, path, Inode())
        inode = self._file(path)
        if inode.content and not inode.content.endswith(b"\n"):
            inode.content += b"\n"
        inode.content += line
        self.after("append", path)
        return len(inode.content)

    def link(self, path: Path, new: Path) -> None:
        """Give a file a second name."""
        self.before("link", path)
        self._folder(new.parent)
        if new in self._names:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(new))
        self._change(None, new, self._file(path))
        self.after("link", path)

    def rename(self, path: Path, new: Path) -> None:
        """Move a name, and all names below it, in one step."""
        self.before("rename", path)
        self._folder(new.parent)
        if path not in self._names:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        below = [one for one in self._names if path in one.parents]
        self._change(path, new, self._names[path])
        for one in below:
            self._change(one, new / one.relative_to(path), self._names[one])
        self.after("rename", path)

    def unlink(self, path: Path) -> None:
        """Remove a name."""
        self.before("unlink", path)
        self._change(path, None, self._file(path))
        self.after("unlink", path)

    def make_folder(self, folder: Path) -> None:
        """Create one folder."""
        self.before("make_folder", folder)
        self._folder(folder.parent)
        if folder in self._names:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder))
        self._change(None, folder, Inode(is_folder=True))
        self.after("make_folder", folder)

    def sync_folder(self, folder: Path) -> None:
        """Make the names in a folder durable."""
        self.before("sync_folder", folder)
        self._folder(folder)
        left = []
        for effect in self._pending:
            rest = Effect(effect.gone, effect.come, effect.inode, effect.folders - {folder})
            if rest.folders:
                left.append(rest)
            else:
                rest.on(self._durable)
        self._pending = left
        self.after("sync_folder", folder)

    # What a power cut does.

    def settle(self) -> None:
        """Let time pass: everything written so far is on the disk."""
        for inode in self._names.values():
            inode.durable = bytes(inode.content)
        self._durable, self._pending = dict(self._names), []

    def crash_states(self) -> Iterator["ModelDisk"]:
        """Return a disk for every state that a power cut could leave at this moment."""
        for chosen in product((False, True), repeat=len(self._pending)):
            files, folders = self._left_by(chosen)
            for contents in product(*(inode.could_hold() for inode in files.values())):
                yield ModelDisk(dict(zip(files, contents, strict=True)), folders)

    def after_crash(self, random: Random) -> "ModelDisk":
        """Return a disk in one of those states."""
        files, folders = self._left_by([random.random() < 0.5 for _ in self._pending])
        return ModelDisk({path: random.choice(inode.could_hold()) for path, inode in files.items()}, folders)

    def after_kill(self) -> "ModelDisk":
        """Return a disk as a killed process leaves it: the system lives on and loses nothing."""
        folders = [path for path, inode in self._names.items() if inode.is_folder]
        alive = ModelDisk(folders=folders)
        alive._names, alive._durable, alive._pending = self._names, self._durable, self._pending
        return alive

    def _left_by(self, chosen: Iterable[bool]) -> tuple[Tree, list[Path]]:
        """Return the files and the folders that are there after these effects have come to the disk, others not."""
        tree = dict(self._durable)
        for effect, is_there in zip(self._pending, chosen, strict=True):
            if is_there:
                effect.on(tree)
        found = {path: inode for path, inode in tree.items() if all(parent in tree for parent in path.parents)}
        files = {path: inode for path, inode in found.items() if not inode.is_folder}
        return files, [path for path, inode in found.items() if inode.is_folder]

    def _change(self, gone: Path | None, come: Path | None, inode: Inode) -> None:
        effect = Effect(gone, come, inode, frozenset(path.parent for path in (gone, come) if path is not None))
        effect.on(self._names)
        self._pending.append(effect)

    def _file(self, path: Path) -> Inode:
        inode = self._names.get(path)
        if inode is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        if inode.is_folder:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        return inode

    def _folder(self, path: Path) -> None:
        inode = self._names.get(path)
        if inode is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        if not inode.is_folder:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
