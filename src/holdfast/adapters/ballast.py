"""Room kept for the worst day: a file that is thrown away when the disk is full, so that exits can still be written."""

import contextlib
import errno
import os
from typing import Self

from loguru import logger

from holdfast.adapters.state_folder import StateFolder

_FULL = (errno.ENOSPC, errno.EDQUOT)


class Ballast:
    """`.holdfast/ballast`, made at the start. Once it is gone, nothing new may be begun before there is room again."""

    # Replaced files do not grow: it is room for thousands of journal lines.
    size = 1 << 20

    def __init__(self, folder: StateFolder) -> None:
        self._disk = folder.disk
        self._path = folder.private / "ballast"
        self.is_gone = False

    def take(self) -> Self:
        """Make the file where it is not there; a disk without room for it counts as full."""
        if self._disk.exists(self._path):
            return self
        try:
            file = self._disk.create(self._path)
            try:
                # Random bytes, because some file systems keep no room for zeros.
                self._disk.write(file, os.urandom(self.size))
            finally:
                self._disk.close(file)
        except OSError as error:
            self._throw(error)
        return self

    def made_room(self, error: OSError) -> bool:
        """Whether a save that failed with this may be made anew: the disk was full, and room could be made."""
        return error.errno in _FULL and not self.is_gone and self._throw(error)

    def _throw(self, error: OSError) -> bool:
        self.is_gone = True
        logger.error(
            "{}: {}: entries stop, exits go on in the room that was kept for them; make room, then start again",
            self._path.parent.parent,
            error.strerror,
        )
        with contextlib.suppress(OSError):
            self._disk.unlink(self._path)
            return True
        return False
