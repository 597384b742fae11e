"""Reading state files for people: plain JSON, no heavy import, so that `status` answers at once."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from holdfast.adapters.checksum import checksum
from holdfast.adapters.journal_lines import journal_lines, versions
from holdfast.adapters.state_folder import StateFolder
from holdfast.domain.errors import Fatal, UsageError

STOPPED = ("halted", "quarantined")


def read_symbols(folder: StateFolder) -> dict[str, dict[str, Any]]:
    """Return every symbol's file as it stands, plus `waiting`; an unreadable one says so in its status."""
    return {symbol: _read(folder.state_file(symbol)) for symbol in folder.symbols()}


def known_or_refused(folder: StateFolder, symbol: str) -> str:
    """Return a symbol of which anything is left in the folder.

    Raises:
        UsageError: nothing is; the message names those of which something is.
    """
    known = folder.remembered()
    if symbol not in known:
        raise UsageError(f"there is no state of {symbol}; known: {', '.join(known) or 'none; type holdfast run first'}")
    return symbol


def read_one(folder: StateFolder, symbol: str, *, is_backup: bool = False) -> dict[str, Any]:
    """Return a symbol's file, or its backup, as it stands.

    Raises:
        UsageError: the symbol is not known.
        Fatal: the file is not there, cannot be read, or does not prove itself.
    """
    known_or_refused(folder, symbol)
    path = folder.backup_file(symbol) if is_backup else folder.state_file(symbol)
    try:
        return _proved(path)
    except FileNotFoundError:
        hint = f"holdfast state history {symbol} shows what the journal remembers"
        raise Fatal(f"there is no {'backup' if is_backup else 'state file'} {path}: {hint}") from None
    except OSError as error:
        raise Fatal(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise Fatal(f"{path} is edited or damaged: holdfast state verify {symbol} says what is left") from None


def journal_of(folder: StateFolder, symbol: str) -> list[bytes]:
    """Return the lines of a symbol's journal.

    Raises:
        UsageError: the symbol is not known.
        Fatal: it has no journal, or it cannot be read.
    """
    known_or_refused(folder, symbol)
    path = folder.journal_file(symbol)
    try:
        lines = journal_lines(folder.disk, path)
    except OSError as error:
        raise Fatal(f"the journal {path} cannot be read: {error.strerror}") from None
    if not lines:
        raise Fatal(f"there is no journal {path}: the next save of {symbol} begins one")
    return lines


def version_numbered(folder: StateFolder, symbol: str, sequence: int) -> dict[str, Any]:
    """Return the version of this number from the journal.

    Raises:
        Fatal: the journal does not hold it; the message says what it holds.
    """
    found = {one.sequence: one.document for one in versions(journal_of(folder, symbol)) if one.document is not None}
    if sequence not in found:
        held = f"it holds {min(found)} to {max(found)}" if found else "it holds none that is whole"
        raise Fatal(f"the journal of {symbol} has no save {sequence}: {held}")
    return dict(found[sequence] or {})


def _proved(path: Path) -> dict[str, Any]:
    """Return a file's document. Only what carries its own proof is shown as the truth: its shape is the bot's too."""
    document = json.loads(path.read_bytes())
    if not isinstance(document, dict) or document.get("checksum") != checksum(document):
        raise ValueError("edited or damaged")
    return document


def _read(path: Path) -> dict[str, Any]:
    try:
        document = _proved(path)
    except OSError as error:
        return _unreadable(f"{path}: {error.strerror}")
    except (ValueError, RecursionError):
        return _unreadable(f"{path}: edited or damaged; the next holdfast run rebuilds it from the broker")
    return {**document, "waiting": _waiting(document)}


def _unreadable(reason: str) -> dict[str, Any]:
    return {"status": "unreadable", "status_reason": reason, "waiting": None}


def _waiting(document: dict[str, Any]) -> dict[str, Any] | None:
    """Say for what a symbol in doubt waits, and for how many seconds at the most."""
    if document.get("status") != "in_doubt":
        return None
    until = document.get("waiting_until")
    left = None
    if isinstance(until, str):
        left = max(0, round((datetime.fromisoformat(until) - datetime.now(UTC)).total_seconds()))
    return {"for": document.get("status_reason"), "seconds_left": left}
