"""Simulated days per CPU second: those of the campaign, days without faults, and the bare loop under both."""

import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench_tools import Say, Table, median, p99

# The campaigns are packages of the folder above this script's own.
sys.path.append(str(Path(__file__).parents[1]))

from campaigns.days.day import Day
from campaigns.days.loop import VirtualLoop
from campaigns.days.settings import CLASSES, draw

DAYS = 300
FULL, FINE, BARE = "a day of the campaign", "the same day without faults", "its wake-ups alone, bare"


@dataclass(frozen=True, slots=True)
class Run:
    """One day: seconds of CPU, callbacks that the loop ran, and minutes of the market."""

    cpu_s: float
    wakeups: int
    minutes: int


def measure(_folder: Path, say: Say, days: int = DAYS) -> Table:
    """Live through the same seeds three ways, in turns."""
    runs: dict[str, list[Run]] = defaultdict(list)
    for seed in range(days):
        if seed % 50 == 0:
            say(f"day {seed} of {days}")
        full = _day(seed, frozenset())
        runs[FULL].append(full)
        runs[FINE].append(_day(seed, frozenset(CLASSES)))
        runs[BARE].append(_bare(full))
    rows = [_row(name, found, runs[BARE]) for name, found in runs.items()]
    columns = ("day", "CPU / bare", "days / CPU s", "market min / CPU s", "median ms", "p99 ms", "wake-ups / day")
    notes = ("bare: the campaign's own event loop, with as many sleeps and nothing behind them",)
    return Table(f"days: {days} simulated days, one process", columns, rows, notes)


def _row(name: str, runs: list[Run], bare: list[Run]) -> tuple[str, ...]:
    cpu = sum(run.cpu_s for run in runs)
    # Of the bare loop there is one run for each day with faults: its own measure is that of its wake-ups.
    floor = sum(run.cpu_s for run in bare) / sum(run.wakeups for run in bare) * sum(run.wakeups for run in runs)
    return (
        name,
        f"{cpu / floor:.2f}",
        f"{len(runs) / cpu:,.1f}",
        f"{sum(run.minutes for run in runs) / cpu:,.0f}",
        f"{median([run.cpu_s for run in runs]) * 1e3:.1f}",
        f"{p99([run.cpu_s for run in runs]) * 1e3:.1f}",
        f"{sum(run.wakeups for run in runs) / len(runs):,.0f}",
    )


def _day(seed: int, off: frozenset[str]) -> Run:
    settings = draw(seed, off=off)
    return _measured(partial(_live, Day(settings)), settings.minutes)


def _live(day: Day) -> int:
    day.run()
    if day.violations:
        raise RuntimeError(f"seed {day.settings.seed}: {day.violations[0]}")
    return day.loop.wakeups


def _bare(day: Run) -> Run:
    return _measured(partial(_sleep, day.wakeups), day.minutes)


def _sleep(wakeups: int) -> int:
    loop = VirtualLoop()

    async def sleeper() -> None:
        # A sleep wakes the loop twice: its timer, then its task.
        for _ in range(wakeups // 2):
            await asyncio.sleep(1)

    loop.run(sleeper())
    return loop.wakeups


def _measured(live: Callable[[], int], minutes: int) -> Run:
    begun = time.process_time()
    wakeups = live()
    return Run(time.process_time() - begun, wakeups, minutes)
