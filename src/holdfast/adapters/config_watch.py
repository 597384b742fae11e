"""Notices that config.yaml was edited, by its content: renames, touches and editors' habits do not matter.

No thread and no clock: the caller polls, about once a second.
"""

import hashlib
from pathlib import Path

_SIZE_MAX = 256 * 1024


class ConfigWatch:
    """Watches one file, starting from the content that was loaded (`digest`: SHA-256 in hex).

    Without a digest it starts from the file as it is now.
    """

    def __init__(self, path: Path, digest: str | None = None) -> None:
        self._path = path
        self._known = digest or self._digest()
        self._candidate: str | None = None

    def changed(self) -> bool:
        """Return True once for each new content, when two polls in a row have found it the same.

        A file that is missing, unreadable or too large is no change: an editor may be about to put it back.
        """
        digest = self._digest()
        is_new = digest is not None and digest != self._known
        has_settled = is_new and digest == self._candidate
        self._candidate = digest if is_new else None
        if has_settled:
            self._known = digest
            self._candidate = None
        return has_settled

    def _digest(self) -> str | None:
        try:
            with self._path.open("rb") as file:
                content = file.read(_SIZE_MAX + 1)
        except (OSError, ValueError):
            return None
        return hashlib.sha256(content).hexdigest() if len(content) <= _SIZE_MAX else None
