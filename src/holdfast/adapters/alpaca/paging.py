"""All pages of a list that Alpaca gives in pieces: orders by time, activities by token.

Orders have no token: the next page starts a little before the last row's time, since `after` is exclusive and
several orders may share a time; rows seen twice are kept once, in their newer version.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from holdfast.adapters.alpaca.rows import list_of, moment
from holdfast.domain.errors import Recoverable

# Covers rows whose printed time is coarser than the one the server compares.
_OVERLAP = timedelta(milliseconds=1)


class Collected:
    """The raw rows of all pages so far, each id once."""

    def __init__(self) -> None:
        self._rows: dict[object, Any] = {}

    @property
    def rows(self) -> list[Any]:
        """Every row, in the order of first sight."""
        return list(self._rows.values())

    def add(self, page: object) -> int:
        """Take a page in; returns how many of its ids are new.

        Raises:
            Recoverable: if the page is no list.
        """
        before = len(self._rows)
        for raw in list_of(page):
            # A row without an id cannot be recognised again: it is kept under a key of its own.
            self._rows[row_id(raw) or (len(self._rows), "no id")] = raw
        return len(self._rows) - before


def row_id(raw: object) -> str | None:
    """Return the id of a raw row; None where it cannot be read."""
    found = raw.get("id") if isinstance(raw, Mapping) else None
    return found if isinstance(found, str) and found else None


def last_id(page: list[Any]) -> str:
    """Return the id of the last row that has one.

    Raises:
        Recoverable: if none has: the next page cannot be asked for.
    """
    for raw in reversed(page):
        found = row_id(raw)
        if found is not None:
            return found
    raise Recoverable("a full page without a single readable id: the next one cannot be asked for")


def next_after(page: list[Any]) -> datetime:
    """Return the `after` of the page that follows a full page of orders, oldest first.

    Raises:
        Recoverable: if no row of the page has a readable time.
    """
    for raw in reversed(page):
        for name in ("submitted_at", "created_at"):
            try:
                return moment(raw, name) - _OVERLAP
            except (ValueError, AttributeError, OverflowError):
                continue
    raise Recoverable("a full page without a single readable time: the next one cannot be asked for")
