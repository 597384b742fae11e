"""Reading state files for people: plain JSON, no heavy import, so that `status` answers at once."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from holdfast.adapters.state_folder import StateFolder

STOPPED = ("halted", "quarantined")


def read_symbols(folder: StateFolder) -> dict[str, dict[str, Any]]:
    """Return every symbol's file as it stands, plus `waiting`; an unreadable one is a dict with `error`."""
    return {symbol: _read(folder.state_file(symbol)) for symbol in folder.symbols()}


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not valid JSON; the next start rebuilds it"
        return {"status": "unreadable", "status_reason": f"{path}: {reason}", "waiting": None}
    if not isinstance(document, dict):
        return {"status": "unreadable", "status_reason": f"{path}: it is not a state file", "waiting": None}
    return {**document, "waiting": _waiting(document)}


def _waiting(document: dict[str, Any]) -> dict[str, Any] | None:
    """Say for what a symbol in doubt waits, and for how many seconds at the most."""
    if document.get("status") != "in_doubt":
        return None
    until = document.get("waiting_until")
    left = None
    if isinstance(until, str):
        left = max(0, round((datetime.fromisoformat(until) - datetime.now(UTC)).total_seconds()))
    return {"for": document.get("status_reason"), "seconds_left": left}
