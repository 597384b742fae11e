"""From the process to "reconciled", for 10, 100 and 1,000 symbols: the time by stage, and the broker calls."""

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench_tools import HOLDFAST, Running, Say, Simulator, Table, run_to_end, simulator, symbols, write_config

COUNTS = (10, 100, 1000)
# How many of the files of the largest portfolio a start has to correct.
CORRECTED = (0, 10, 1000)
STRATEGY = "{name: sma_cross, fast: 10, slow: 30}"
STAGES = ("imports", "config", "open", "reference", "snapshot", "files", "warm-up", "rest", "total")
BARS = "GET /v2/stocks/bars"
# A warm-up that would take longer than this is left out of the split: ten times the time of a tenth of the symbols.
WARM_UP_S_MAX = 25.0
PROBE = Path(__file__).with_name("start_probe.py")


@dataclass(frozen=True, slots=True)
class Start:
    """One start: seconds by stage, and the requests that the simulator counted meanwhile."""

    files: str
    count: int
    seconds: dict[str, float]
    requests: Counter[str]
    has_history: bool = True


def measure(folder: Path, say: Say) -> Table:
    """Start each portfolio twice, with fresh files and with those of the first time; then with files to correct."""
    starts: list[Start] = []
    for count in COUNTS:
        before = [one.seconds["warm-up"] * count / one.count for one in starts[-2:] if one.has_history]
        has_history = max(before, default=0.0) <= WARM_UP_S_MAX
        starts += _starts(folder / str(count), count, say, has_history=has_history)
    rows = [_row(one) for one in starts]
    notes = (
        f"calls: all requests but the bar pages, counted by the simulator; the whole command: {_whole(folder, say)}",
        "reference: assets and calendar; rest: comparing, journal, windows; (left out): see docs/benchmarks.md",
    )
    columns = ("symbols, files", "calls", "bar pages", *(f"{stage} s" for stage in STAGES))
    return Table('start: from the process to "reconciled"', columns, rows, notes)


def _starts(folder: Path, count: int, say: Say, *, has_history: bool) -> list[Start]:
    folder.mkdir()
    names = symbols(count)
    with simulator(folder, "--universe", ",".join(names)) as market:
        market.hold()
        write_config(folder, names, STRATEGY, market.url)
        found = []
        for files in ("fresh", "existing"):
            say(f"{count:,} symbols, {files} files{'' if has_history else ', without the warm-up'}")
            found.append(_start(folder, market, files, count, has_history=has_history))
        if count == COUNTS[-1]:
            found += [_corrected(folder, market, names[:wrong], count, say) for wrong in CORRECTED]
    return found


def _corrected(folder: Path, market: Simulator, wrong: Sequence[str], count: int, say: Say) -> Start:
    """Start after shares of these symbols came into the account while nobody looked."""
    say(f"{count:,} symbols, {len(wrong):,} files to correct")
    for symbol in wrong:
        market.ask("POST", "/_sim/faults", {"kind": "move_shares", "shares": "1", "match": {"symbol": symbol}})
    return _start(folder, market, f"{len(wrong):,} to correct", count, has_history=False)


def _start(folder: Path, market: Simulator, files: str, count: int, *, has_history: bool) -> Start:
    before = Counter(market.requests())
    asked = time.monotonic()
    flags = () if has_history else ("--no-warm-up",)
    probe = (sys.executable, str(PROBE), str(folder / "config.yaml"), str(folder / "state"), str(asked), *flags)
    seconds = json.loads(run_to_end(probe, folder).stdout)
    return Start(files, count, seconds, Counter(market.requests()) - before, has_history)


def _row(start: Start) -> tuple[str, ...]:
    calls = sum(start.requests.values()) - start.requests[BARS]
    seconds = [f"{start.seconds.get(stage, 0.0):.2f}" for stage in STAGES]
    if not start.has_history:
        seconds[STAGES.index("warm-up")] = "(left out)"
    return (f"{start.count:,}, {start.files}", str(calls), str(start.requests[BARS]), *seconds)


def _whole(folder: Path, say: Say) -> str:
    """Return how long the command itself takes to its line "reconciled", to check the stages against."""
    say("holdfast run, 10 symbols")
    folder = folder / "command"
    folder.mkdir()
    names = symbols(COUNTS[0])
    with simulator(folder, "--universe", ",".join(names)) as market:
        market.hold()
        config = write_config(folder, names, STRATEGY, market.url)
        bot = Running((*HOLDFAST, "run", "--config", str(config)), folder, watch="stderr")
        try:
            seconds, _line = bot.line("reconciled: ")
        finally:
            bot.stop()
    return f"holdfast run, {COUNTS[0]} symbols, fresh: {seconds:.2f} s"
