"""Copying a memory while its owner may be writing it: what a restart would find, and nothing is touched.

Files that are replaced whole are read whole, the old version or the new; one that changed while it was read is read
again. The copy is for trying a start on, and it is thrown away: it need not survive a crash.
"""

import os
import stat
from collections.abc import Container, Iterable
from contextlib import suppress
from pathlib import Path

from holdfast.adapters.state_folder import StateFolder

Mark = tuple[int, int, int]

_READS_MAX = 5


def copy_states(source: StateFolder, target: Path) -> dict[str, Mark | None]:
    """Copy the state files, HALT, the account's stamp and the backups; return a mark of each symbol's file."""
    marks = {symbol: _copy(source.state_file(symbol), source, target) for symbol in source.symbols()}
    for path in (source.halt, source.stamp_file):
        _copy(path, source, target)
    copy_folder(source, source.private / "backups", target)
    return marks


def copy_journals(source: StateFolder, target: Path, *, but: Iterable[str]) -> None:
    """Copy the journals of all symbols but these: a start reads one only where the file itself tells nothing."""
    copy_folder(source, source.private / "journal", target, but={source.journal_file(symbol).name for symbol in but})


def copy_folder(source: StateFolder, folder: Path, target: Path, *, but: Container[str] = ()) -> None:
    """Copy the files in a folder of the memory, but those named in `but` with their older generations."""
    with suppress(FileNotFoundError, NotADirectoryError):
        for path in sorted(folder.iterdir()):
            if path.name.removesuffix(".1") not in but:
                _copy(path, source, target)


def written_since(source: StateFolder, marks: dict[str, Mark | None]) -> frozenset[str]:
    """Return the symbols whose files are not those that were copied any more."""
    now = {symbol: _mark(source.state_file(symbol)) for symbol in {*marks, *source.symbols()}}
    return frozenset(symbol for symbol, mark in now.items() if marks.get(symbol) != mark)


def _copy(path: Path, source: StateFolder, target: Path) -> Mark | None:
    """Copy what has this name, whatever it is, so that a start meets the same; return its mark, None if it is gone."""
    copy = target / path.relative_to(source.root)
    copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark = _mark(path)
    for _ in range(_READS_MAX):
        if mark is None:
            return None
        with suppress(FileNotFoundError):
            _copy_once(path, copy)
        before, mark = mark, _mark(path)
        if mark == before:
            break
    return mark


def _copy_once(path: Path, copy: Path) -> None:
    mode = path.lstat().st_mode
    if copy.is_symlink() or copy.is_file():
        # Never written through: what an earlier reading left there may be a link out of the copy.
        copy.unlink()
    if stat.S_ISLNK(mode):
        copy.symlink_to(path.readlink())
    elif stat.S_ISDIR(mode):
        copy.mkdir(exist_ok=True)
    else:
        copy.touch(0o600)
        try:
            copy.write_bytes(path.read_bytes() if stat.S_ISREG(mode) else b"")
        except PermissionError:
            copy.chmod(0)


def _mark(path: Path) -> Mark | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size)
