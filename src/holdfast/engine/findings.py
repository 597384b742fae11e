"""What a reconcile found, in words: one pure place behind the terminal's tables, a pipe's lines, JSON and the report.

Nothing is read, written or styled here; whoever shows a `Section` decides how a table looks.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from holdfast.domain.broker_facts import BrokerPosition
from holdfast.domain.decimals import plain
from holdfast.domain.state import Correction, Status

STANDINGS = "Does not trade freely"
# Below this the market's time and the wall clock are the same to a person.
_APART = timedelta(minutes=1)


class Occasion(StrEnum):
    """What made the reconciler run."""

    START = "at a start"
    COMMAND = "by holdfast reconcile"
    RUNNING = "while running"


@dataclass(frozen=True, slots=True)
class Section:
    """One table: a heading, the names of its columns, and its rows, all of them plain text."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """A symbol that may not do all it should: its status, why, and for how many seconds at the most it waits."""

    symbol: str
    status: Status
    why: str
    wait_s: float | None = None

    @property
    def wait(self) -> str:
        """The wait for people, or nothing."""
        return "" if self.wait_s is None else seconds(self.wait_s)


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that one reconcile has to tell. `taken_at` is market time; `seconds` says how long it took."""

    occasion: Occasion
    taken_at: datetime
    summary: str
    calls: int
    seconds: float
    corrections: tuple[tuple[str, Correction], ...] = ()
    standings: tuple[Standing, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    unmanaged: tuple[BrokerPosition, ...] = ()

    @property
    def doubts(self) -> tuple[Standing, ...]:
        """The symbols that wait for the broker's word."""
        return tuple(one for one in self.standings if one.status is Status.IN_DOUBT)

    @property
    def unexplained(self) -> bool:
        """Whether there is a symbol in doubt, or one whose file cannot be read or written."""
        return bool(self.doubts or self.failed)


def seconds(number: float) -> str:
    """Return a time for people; a wait never looks over before it is."""
    return f"{number:.2f} s" if 0 < number < 1 else f"{number:.0f} s"


def lines(found: Findings, *, is_dry: bool = False) -> Iterator[str]:
    """Say all of it, one thing in one line."""
    for symbol, correction in found.corrections:
        yield told(symbol, correction, is_dry=is_dry)
    for one in found.standings:
        status = "not explained" if one.status is Status.IN_DOUBT else one.status.value
        yield f"{one.symbol}: {status}: {one.why}" + (f" (waits up to {one.wait})" if one.wait else "")
    for symbol, why in found.failed:
        yield f"{symbol}: not explained: {why}"
    yield from left_alone(found.unmanaged)
    yield footer(found)


def told(symbol: str, one: Correction, *, is_dry: bool = False) -> str:
    """Return one correction in one line."""
    verb = "would correct" if is_dry else "corrected"
    return f"{symbol}: {verb} {one.field}: was {one.was}, is {one.now}: {one.why}"


def left_alone(positions: Iterable[BrokerPosition]) -> Iterator[str]:
    """Name each holding that is none of the bot's business."""
    for one in positions:
        yield f"{one.symbol}: {plain(one.quantity)} in the account and not in config.yaml: left alone"


def footer(found: Findings) -> str:
    """Return the counts and the time it took, in one line."""
    return f"{found.summary} in {found.seconds:.2f} s"


def sections(found: Findings, *, is_dry: bool = False) -> Iterator[Section]:
    """Return the same as tables; what has no row is left out."""
    corrections = ((symbol, one.field, one.was, one.now, one.why) for symbol, one in found.corrections)
    title = "Would be corrected" if is_dry else "Corrected"
    yield from _section(title, ("symbol", "field", "was", "is", "why"), corrections)
    standings = [(one.symbol, one.status.value, one.wait, one.why) for one in found.standings]
    failed = [(symbol, "failed", "", why) for symbol, why in found.failed]
    yield from _section(STANDINGS, ("symbol", "status", "waits up to", "why"), (*standings, *failed))
    holdings = ((one.symbol, plain(one.quantity)) for one in found.unmanaged)
    yield from _section("Not in config.yaml, left alone", ("symbol", "quantity"), holdings)


def _section(title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[Section]:
    found = tuple(rows)
    if found:
        yield Section(title, columns, found)


def as_data(found: Findings) -> dict[str, Any]:
    """Return the same for machines."""
    doubts = [
        {"symbol": one.symbol, "why": one.why, "seconds_left": one.wait_s and round(one.wait_s, 1)}
        for one in found.doubts
    ]
    failed = [{"symbol": symbol, "why": why, "seconds_left": None} for symbol, why in found.failed]
    return {
        "corrections": [
            {"symbol": symbol, "field": one.field, "was": one.was, "is": one.now, "why": one.why}
            for symbol, one in found.corrections
        ],
        "discrepancies": sorted([*doubts, *failed], key=lambda one: str(one["symbol"])),
        "stopped": [
            {"symbol": one.symbol, "status": one.status.value, "why": one.why}
            for one in found.standings
            if one.status is not Status.IN_DOUBT
        ],
        "unmanaged": [{"symbol": one.symbol, "quantity": plain(one.quantity)} for one in found.unmanaged],
        "broker_calls": found.calls,
        "duration_s": round(found.seconds, 3),
    }


def markdown(found: Findings, at: datetime) -> str:
    """Return the same as a page to be read later; `at` is the wall clock's word."""
    is_apart = abs(found.taken_at - at) > _APART
    market = f" The market's time was {found.taken_at:%Y-%m-%d %H:%M:%S} UTC." if is_apart else ""
    parts = [f"# Reconcile, {at:%Y-%m-%d %H:%M:%S} UTC", f"Ran {found.occasion.value}: {footer(found)}.{market}"]
    parts += [_table(section) for section in sections(found)]
    if not found.corrections:
        parts.append("Nothing had to be corrected.")
    return "\n\n".join(parts) + "\n"


def _table(section: Section) -> str:
    rows = [section.columns, ("---",) * len(section.columns), *section.rows]
    return "\n".join([f"## {section.title}", "", *map(_row, rows)])


def _row(cells: Sequence[str]) -> str:
    # What the broker or a strategy said may hold a bar or a line break; neither may break the table.
    plain_cells = (" ".join(cell.split()).replace("\\", "\\\\").replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(plain_cells)} |"
