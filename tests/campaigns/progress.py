"""How far a campaign is: a bar on a terminal, a plain line now and then elsewhere; on stderr, never in the way."""

import time
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from campaigns.totals import Totals

LINE_EVERY_S = 10.0


class Shown(Protocol):
    """What shows the state of a run."""

    def show(self, done: Totals) -> None:
        """Show what has been done so far."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_error: object) -> None: ...


def progress(name: str, unit: str, count: int) -> Shown:
    """Return what fits stderr."""
    console = Console(stderr=True, highlight=False)
    return Bar(name, unit, count, console) if console.is_terminal else Lines(name, unit, count, console)


def _words(unit: str, done: Totals, wall_s: float) -> str:
    per_s = done.units / wall_s if wall_s else 0.0
    return f"{done.units:,} {unit}, {per_s:,.1f}/s, {done.violations_count} violations"


class Lines:
    """A plain line every ten seconds."""

    def __init__(self, name: str, unit: str, count: int, console: Console) -> None:
        self._name, self._unit, self._count, self._console = name, unit, count, console
        self._begun = self._said = time.monotonic()

    def show(self, done: Totals) -> None:
        """Print a line if the last one is old."""
        now = time.monotonic()
        if now - self._said < LINE_EVERY_S:
            return
        self._said = now
        wall_s = now - self._begun
        left_s = wall_s / max(1, done.runs) * (self._count - done.runs)
        words = _words(self._unit, done, wall_s)
        text = f"{self._name}: {done.runs:,} of {self._count:,} seeds, {words}, {left_s:,.0f} s left"
        self._console.print(text, soft_wrap=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        return None


class Bar:
    """One changing line."""

    def __init__(self, name: str, unit: str, count: int, console: Console) -> None:
        self._unit = unit
        self._begun = time.monotonic()
        columns = (
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[words]}"),
        )  # fmt: skip
        self._progress = Progress(*columns, console=console)
        self._task = self._progress.add_task(name, total=count, words="")

    def show(self, done: Totals) -> None:
        """Move the bar."""
        words = _words(self._unit, done, time.monotonic() - self._begun)
        self._progress.update(self._task, completed=done.runs, words=words)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()
