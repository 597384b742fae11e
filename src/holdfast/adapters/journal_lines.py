"""The lines of a journal that saves have left: what they look like, and the versions that they add up to.

A save line holds either the whole document or the fields that changed since the save before. Nothing is written here,
and nothing heavy is imported, so that `holdfast state` answers at once.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast.adapters.checksum import canonical, checksum
from holdfast.adapters.disk import Disk

SAVE = "save"
# One whole document in so many saves: a line that is damaged later costs at most these.
WHOLE_EVERY = 200
# Two generations of a journal are bounded; a file that somebody else has made need not be.
READ_MAX = 1 << 26
# Holds the last saves of any symbol, whatever else was told between them.
_END = 1 << 17


@dataclass(frozen=True, slots=True)
class Version:
    """One save: its number, what it changed, and the document after it where the lines before it are all there."""

    at: str | None
    sequence: int
    changed: Mapping[str, Any]
    document: Mapping[str, Any] | None
    is_whole: bool


def journal_lines(disk: Disk, path: Path) -> list[bytes]:
    """Return the lines of a journal, those of its older generation first; none where there is no journal.

    Raises:
        OSError: there is one and it cannot be read.
    """
    lines: list[bytes] = []
    for generation in (older(path), path):
        try:
            lines += disk.read(generation, READ_MAX).split(b"\n")
        except FileNotFoundError:
            continue
    return lines


def last_sequence(disk: Disk, path: Path) -> int | None:
    """Return the number of the newest save that a journal tells of, from its end alone; None where it tells of none.

    Raises:
        OSError: there is one and it cannot be read.
    """
    try:
        lines = disk.read_end(path, _END).split(b"\n")
    except FileNotFoundError:
        return None
    entries = (parse_line(line) for line in reversed(lines))
    return next((entry["sequence"] for entry in entries if entry and entry.get("kind") == SAVE), None)


def older(path: Path) -> Path:
    """Return where the generation before goes; no symbol's own journal can have this name."""
    return path.with_name(f"{path.name}.1")


def save_line(document: Mapping[str, Any], before: Mapping[str, Any] | None) -> bytes:
    """Return the line of a save: what changed since `before`, or all of it."""
    sequence = document["sequence"]
    line: dict[str, Any] = {"at": document["saved_at"], "kind": SAVE, "sequence": sequence}
    if before is None or before["sequence"] + 1 != sequence or sequence % WHOLE_EVERY == 0:
        line["document"] = document
    else:
        line["set"] = {key: value for key, value in document.items() if key not in before or before[key] != value}
    # The text that is summed up is the text that is written: it is made once.
    text = canonical(line)
    return f'{text[:-1]},"checksum":"crc32:{zlib.crc32(text.encode()):08x}"}}\n'.encode()


def parse_line(line: bytes) -> dict[str, Any] | None:
    """Return what a line says, or None for one that is torn, damaged or empty."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict):
        return None
    is_whole = entry.get("kind") != SAVE or entry.get("checksum") == checksum(entry)
    return entry if is_whole else None


def versions(lines: Iterable[bytes]) -> Iterator[Version]:
    """Return every save in the order of the lines; what is damaged is passed over."""
    document: dict[str, Any] | None = None
    for line in lines:
        entry = parse_line(line)
        if entry is None or entry.get("kind") != SAVE:
            continue
        is_whole = "document" in entry
        before = document or {}
        document = _after(document, entry)
        if document is not None and document.get("checksum") != checksum(document):
            document = None
        changed = _changed(document or {}, before) if is_whole else entry["set"]
        yield Version(entry["at"], entry["sequence"], changed, document, is_whole)


def _changed(document: Mapping[str, Any], before: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in document.items() if key not in before or before[key] != value}


def fold(lines: Iterable[bytes]) -> Mapping[str, Any] | None:
    """Return the newest document that the lines add up to, or None."""
    newest: dict[str, Any] | None = None
    document: dict[str, Any] | None = None
    for line in lines:
        entry = parse_line(line)
        if entry is not None and entry.get("kind") == SAVE:
            # Each line has proved itself; whether they fit together the reader of the last one checks.
            document = _after(document, entry)
            newest = document or newest
    return newest


def _after(document: dict[str, Any] | None, entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the document after a save; None where a save in between is missing, until the next whole one."""
    if "document" in entry:
        whole: dict[str, Any] = entry["document"]
        return whole
    if document is None or document.get("sequence") != entry["sequence"] - 1:
        return None
    return {**document, **entry["set"]}


def statuses(lines: Iterable[bytes]) -> Iterator[tuple[str, str | None]]:
    """Return what the status lines tell, status and reason, the newest first."""
    for line in reversed(list(lines)):
        entry = parse_line(line)
        if entry is not None and entry.get("kind") == "status" and "status" in entry:
            yield entry["status"], entry.get("reason")
