"""Whole bad days from seeds: the simulator draws the faults, a bot that trades often lives through them.

More days than the tests have, with the seeds of those that failed in the end (about half a minute a day):

    PYTHONPATH=src:tests python -m e2e.faults.bad_days --first 1 --count 20
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from e2e.faults.checks import safety
from e2e.faults.day import Day, evening, go_on
from e2e.faults.market import QUANTITY
from e2e.harness import World, until

SYMBOLS = ("AAPL", "MSFT", "NVDA")
STRATEGIES = (
    {"name": "sma_cross", "fast": 2, "slow": 5},
    {"name": "breakout", "entry": 3, "exit": 3},
    {"name": "sma_cross", "fast": 5, "slow": 15},
)
SESSION = timedelta(minutes=390)
DAY_S_MAX = 200.0


@contextmanager
def a_world() -> Iterator[World]:
    """Make a folder of its own for one day, and clean up after it."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        try:
            yield world
        finally:
            world.close()


def live_badly(world: World, seed: int) -> Day:
    """Live through the bad day of `seed` to a few minutes before the close, then let a fine end follow."""
    simulator = world.simulator("--universe", ",".join(SYMBOLS), "--bad-day", str(seed))
    simulator.hold()
    opened = simulator.now()
    symbols = [
        {"symbol": symbol, "qty": QUANTITY, "strategy": strategy}
        for symbol, strategy in zip(SYMBOLS, STRATEGIES, strict=True)
    ]
    world.configure(symbols, sim={"url": simulator.url})
    day = Day(world, simulator, list(SYMBOLS))
    day.bots.append(world.trading_bot())
    simulator.hold(is_held=False)
    nearly_over = opened + SESSION
    until(lambda: not day.bot.is_running or simulator.now() >= nearly_over, "the day's end", DAY_S_MAX, every_s=0.5)
    go_on(day)
    day.codes.append(day.bot.stop())
    simulator.hold()
    evening(day)
    return day


def findings(day: Day) -> list[str]:
    """Return what breaks the promise, and an end other than a clean one."""
    found = safety(day, is_profit_ours=False)
    if day.codes != [0]:
        found.append(f"e: exit codes {day.codes}")
    if "Traceback" in day.output:
        found.append("e: a traceback")
    return found


def main() -> None:
    """Live through the days that the command line asks for; exit 1 with the seeds of those that failed."""
    parser = argparse.ArgumentParser(description="Whole bad days of the bot, from seeds.")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--count", type=int, default=20)
    asked = parser.parse_args()
    failed = []
    for seed in range(asked.first, asked.first + asked.count):
        with a_world() as world:
            try:
                day = live_badly(world, seed)
                found, strikes = findings(day), len(day.happened)
            except AssertionError as error:
                found, strikes = [str(error)], 0
        print(f"seed {seed}: {strikes} strikes, {'; '.join(found) or 'all well'}", flush=True)  # noqa: T201
        failed += [seed] if found else []
    raise SystemExit(f"failed: {failed}" if failed else 0)


if __name__ == "__main__":
    main()
