"""Older state files, one step of the format at a time: document in, document out, nothing else read or written.

A step is frozen with the format that it leads to: it imports nothing of today's domain and is never changed again.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Document = dict[str, Any]

_SETTLED = frozenset({"filled", "canceled", "expired", "replaced", "rejected", "absent"})
_SETTLED_KEPT = 5


def migrate(document: Document, version: int) -> Document:
    """Return `document` in the format of `version`.

    Raises:
        LookupError, TypeError, ValueError, AttributeError: it is not what a file of its format holds.
    """
    while document["schema_version"] != version:
        step = MIGRATIONS[document["schema_version"]]
        document = {**step(document), "schema_version": document["schema_version"] + 1}
    return document


def _with_ledger(document: Document) -> Document:
    """1 -> 2: `ledger` says how far the books go; format 1 had it only between the lines.

    Format 1 dropped all settled orders but the last five, so with five on file older ones may be gone, each of them
    booked. With fewer on file nothing was ever dropped.
    """
    settled = [order for order in document["orders"] if order["status"] in _SETTLED]
    submitted = [order["submitted_at"] for order in settled if order["submitted_at"] is not None]
    reconciled_at = document["reconciled_at"]
    through = min(submitted, key=datetime.fromisoformat, default=reconciled_at)
    ledger = {
        "orders_through": through if len(settled) >= _SETTLED_KEPT else None,
        "activities_through": reconciled_at,
    }
    return {**document, "ledger": ledger}


MIGRATIONS: Mapping[int, Callable[[Document], Document]] = {1: _with_ledger}
