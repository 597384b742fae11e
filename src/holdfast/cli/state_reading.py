"""Reading state files for people: plain JSON, no heavy import, so that `status` answers at once."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from holdfast.adapters.checksum import checksum
from holdfast.adapters.state_folder import StateFolder

STOPPED = ("halted", "quarantined")


def read_symbols(folder: StateFolder) -> dict[str, dict[str, Any]]:
    """Return every symbol's file as it stands, plus `waiting`; an unreadable one says so in its status."""
    return {symbol: _read(folder.state_file(symbol)) for symbol in folder.symbols()}


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        return _unreadable(f"{path}: {error.strerror}")
    except ValueError:
        document = None
    # Only what carries its own proof is shown as the truth: then its shape is the bot's too.
    if not isinstance(document, dict) or document.get("checksum") != checksum(document):
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
