"""One file, replaced whole: temp file, fsync, rename, fsync of the folder (I5).

Without the last step the newest version is gone after most power cuts, so all four are always taken.
"""

import contextlib
from functools import lru_cache
from pathlib import Path

from holdfast.adapters.disk import Disk
from holdfast.adapters.steps import Steps

_TEMPORARY = ".tmp"


@lru_cache(maxsize=512)
def _beside(path: Path) -> tuple[Path, Path]:
    """Return a file's temporary name and its folder: the same few files are replaced again and again."""
    return path.with_name(f".{path.name}{_TEMPORARY}"), path.parent


def replace_durably(disk: Disk, path: Path, content: bytes, *, backup: Path | None = None) -> Steps[None]:
    """Make `path` hold `content`, durably; the version before becomes `backup`, if one is named.

    Raises:
        OSError: the file is still the old version, or, after a failed fsync of the folder, perhaps the new one.
    """
    temporary, folder = _beside(path)
    file = disk.create(temporary)
    try:
        yield
        disk.write(file, content)
        yield
        disk.sync(file)
        yield
    finally:
        disk.close(file)
    if backup is not None:
        yield from _keep_backup(disk, path, backup)
    disk.rename(temporary, path)
    yield
    disk.sync_folder(folder)
    yield


def _keep_backup(disk: Disk, path: Path, backup: Path) -> Steps[None]:
    """Link the current version as the backup: its bytes are on disk already and are not written again."""
    staged, _folder = _beside(backup)
    with contextlib.suppress(FileNotFoundError):
        disk.unlink(staged)
        yield
    with contextlib.suppress(FileNotFoundError):
        disk.link(path, staged)
        yield
        disk.rename(staged, backup)
        yield


def move_durably(disk: Disk, path: Path, new: Path) -> Steps[None]:
    """Move a file to another folder, durably: where it comes to first, so that it is never in neither."""
    disk.rename(path, new)
    yield
    disk.sync_folder(new.parent)
    yield
    disk.sync_folder(path.parent)
    yield


def make_folder(disk: Disk, folder: Path) -> Path:
    """Create `folder` durably, owner only, with what is above it, where it is not there; return it."""
    if disk.exists(folder):
        return folder
    missing = [one for one in (folder, *folder.parents) if not disk.exists(one)]
    for one in reversed(missing):
        with contextlib.suppress(FileExistsError):
            disk.make_folder(one)
        disk.sync_folder(one.parent)
    return folder


def sweep(disk: Disk, folder: Path) -> None:
    """Remove the temporary files that a crash has left; what cannot be removed does no harm."""
    for name in disk.names(folder):
        if name.startswith(".") and name.endswith(_TEMPORARY):
            with contextlib.suppress(OSError):
                disk.unlink(folder / name)
