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

# Names are whole paths as text: paths as objects would take most of a campaign's time.
Tree = dict[str, "Inode"]
Hook = Callable[[str, Path], None]


def _above(name: str) -> str:
    return name.rpartition("/")[0] or "/"


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

    gone: str | None
    come: str | None
    inode: Inode
    folders: frozenset[str]

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
        self.tree: Tree = {str(path): Inode(bytearray(content), content) for path, content in (files or {}).items()}
        for name in (*self.tree, *(f"{folder}/" for folder in folders)):
            while (name := _above(name)) not in self.tree:
                self.tree[name] = Inode(is_folder=True)
        self.durable: Tree = dict(self.tree)
        self.pending: list[Effect] = []
        self._open: dict[int, tuple[Path, Inode]] = {}
        self._next_file = 3

    # The calls of a Disk.

    def read(self, path: Path, size_max: int) -> bytes:
        """Return the content, at most `size_max` bytes of it."""
        self.before("read", path)
        return bytes(self._file(path).content[:size_max])

    def read_end(self, path: Path, size_max: int) -> bytes:
        """Return the last bytes of the content."""
        self.before("read", path)
        return bytes(self._file(path).content[-size_max:])

    def names(self, folder: Path) -> list[str]:
        """Return the names in a folder, sorted."""
        self.before("names", folder)
        self._folder(folder)
        within = str(folder)
        return sorted(name.rpartition("/")[2] for name in self.tree if _above(name) == within)

    def exists(self, path: Path) -> bool:
        """Whether there is anything under this name."""
        return str(path) in self.tree

    def create(self, path: Path) -> int:
        """Open a file for writing, emptied."""
        self.before("create", path)
        self._folder(path.parent)
        if str(path) in self.tree:
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
        if str(path) not in self.tree:
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
        if str(new) in self.tree:
            raise _error(errno.EEXIST, new)
        self._change(None, new, self._file(path))
        self.after("link", path)

    def rename(self, path: Path, new: Path) -> None:
        """Move a name, and all names below it, in one step."""
        self.before("rename", path)
        self._folder(new.parent)
        inode = self._inode(path)
        below = [name for name in self.tree if name.startswith(f"{path}/")]
        self._change(path, new, inode)
        for name in below:
            self._change(Path(name), new / Path(name).relative_to(path), self.tree[name])
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
        if str(folder) in self.tree:
            raise _error(errno.EEXIST, folder)
        self._change(None, folder, Inode(is_folder=True))
        self.after("make_folder", folder)

    def sync_folder(self, folder: Path) -> None:
        """Make the names in a folder durable."""
        self.before("sync_folder", folder)
        self._folder(folder)
        left = []
        for effect in self.pending:
            rest = Effect(effect.gone, effect.come, effect.inode, effect.folders - {str(folder)})
            if rest.folders:
                left.append(rest)
            else:
                rest.on(self.durable)
        self.pending = left
        self.after("sync_folder", folder)

    # What a power cut does.

    def settle(self) -> None:
        """Let time pass: everything written so far is on the disk."""
        for inode in self.tree.values():
            inode.durable = bytes(inode.content)
        self.durable, self.pending = dict(self.tree), []

    def crash_states(self) -> Iterator["ModelDisk"]:
        """Return a disk for every state that a power cut could leave at this moment."""
        for chosen in product((False, True), repeat=len(self.pending)):
            files, folders = self._left_by(chosen)
            for contents in product(*(inode.could_hold() for inode in files.values())):
                yield self._left(zip(files, contents, strict=True), folders)

    def after_crash(self, random: Random) -> "ModelDisk":
        """Return a disk in one of those states."""
        files, folders = self._left_by([random.random() < 0.5 for _ in self.pending])
        return self._left(((name, random.choice(inode.could_hold())) for name, inode in files.items()), folders)

    def fingerprint(self) -> object:
        """Return something that two disks share if they hold the same."""
        return frozenset((name, inode.is_folder or bytes(inode.content)) for name, inode in self.tree.items())

    def after_kill(self) -> "ModelDisk":
        """Return a disk as a killed process leaves it: the system lives on and loses nothing."""
        alive = type(self)()
        alive.tree, alive.durable, alive.pending = self.tree, self.durable, self.pending
        return alive

    def _left_by(self, chosen: Iterable[bool]) -> tuple[Tree, Tree]:
        """Return the files and the folders that are there after these effects have come to the disk, others not."""
        tree = dict(self.durable)
        for effect, is_there in zip(self.pending, chosen, strict=True):
            if is_there:
                effect.on(tree)
        files, folders = {}, {"/": tree["/"]}
        for name in sorted(tree):
            # What lies in a folder whose own name was lost is lost with it.
            if _above(name) in folders:
                (folders if tree[name].is_folder else files)[name] = tree[name]
        return files, folders

    def _left(self, files: Iterable[tuple[str, bytes]], folders: Tree) -> "ModelDisk":
        left = type(self)()
        left.tree = {**{name: Inode(bytearray(content), content) for name, content in files}, **folders}
        left.durable = dict(left.tree)
        return left

    def _change(self, gone: Path | None, come: Path | None, inode: Inode) -> None:
        folders = frozenset(_above(str(path)) for path in (gone, come) if path is not None)
        effect = Effect(gone and str(gone), come and str(come), inode, folders)
        effect.on(self.tree)
        self.pending.append(effect)

    def _inode(self, path: Path) -> Inode:
        inode = self.tree.get(str(path))
        if inode is None:
            raise _error(errno.ENOENT, path)
        return inode

    def _file(self, path: Path) -> Inode:
        inode = self._inode(path)
        if inode.is_folder:
            raise _error(errno.EISDIR, path)
        return inode

    def _folder(self, path: Path) -> None:
        if not self._inode(path).is_folder:
            raise _error(errno.ENOTDIR, path)


def _error(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))
