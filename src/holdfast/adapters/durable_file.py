"""One file, replaced whole: temp file, fsync, rename, fsync of the folder (I5).

Without the last step the newest version is gone after most power cuts, so all four are always taken.
"""

import contextlib
import os
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600


def replace_durably(path: Path, content: bytes, *, backup: Path | None = None) -> None:
    """Make `path` hold `content`, durably; the version before becomes `backup`, if one is named.

    Raises:
        OSError: the file is still the old version, or, after a failed fsync of the folder, perhaps the new one.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if backup is not None:
        _keep_backup(path, backup)
    temporary.replace(path)
    fsync_folder(path.parent)


def _keep_backup(path: Path, backup: Path) -> None:
    """Link the current version as the backup: its bytes are on disk already and are not written again."""
    staged = backup.with_name(f".{backup.name}.tmp")
    with contextlib.suppress(FileNotFoundError):
        staged.unlink()
    with contextlib.suppress(FileNotFoundError):
        os.link(path, staged)
        staged.replace(backup)


def fsync_folder(folder: Path) -> None:
    """Make the folder's names durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> Path:
    """Create `folder`, owner only, if it is not there; return it."""
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    return folder
