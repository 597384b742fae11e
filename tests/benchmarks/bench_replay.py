"""Replay throughput at `--speed max`, beside the simulator alone in lockstep with a client that does nothing."""

import json
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bench_tools import (
    HOLDFAST,
    MINUTE,
    OPENED,
    BareClient,
    Running,
    Say,
    Table,
    simulator,
    symbols,
    write_bars,
    write_config,
)

# Symbols, and how many minutes are replayed: enough for some seconds each.
SIZES = ((4, 200), (40, 60), (400, 16))
BUSY = "{name: sma_cross, fast: 3, slow: 8}"
IDLE = "{name: rsi_reversion, period: 5, oversold: 1, overbought: 99}"
ENDED = "bars used up"


@dataclass(frozen=True, slots=True)
class Replay:
    """One replay: the market's instants, the orders and saves that it took, and the seconds from start to end."""

    name: str
    instants: int
    seconds: float
    orders: int = 0
    saves: int = 0

    @property
    def rate(self) -> float:
        """Instants per second."""
        return self.instants / self.seconds


def measure(folder: Path, say: Say) -> Table:
    """Replay each folder of bars: by nobody, by a bot that never trades, and by a busy bot inside and beside."""
    rows = []
    for count, minutes in SIZES:
        place = folder / str(count)
        place.mkdir()
        bars = write_bars(place / "bars", symbols(count), minutes)
        alone = _alone(place, bars, minutes)
        rows.append(_row(alone, alone, count))
        for name, replay, strategy in (
            ("idle", _inside, IDLE),
            ("busy", _inside, BUSY),
            ("busy, beside", _beside, BUSY),
        ):
            say(f"{count} symbols, {minutes} minutes, {name}")
            found = replay(f"{count} symbols, {name}", place / name, bars, strategy)
            rows.append(_row(found, alone, count))
    columns = ("replay", "alone / this", "instants/s", "ms/instant", "bars/s", "orders", "saves")
    notes = (
        "idle: holdfast run --bars FOLDER --speed max, a strategy that never trades; busy: an order every few bars;",
        "beside: the simulator as a process of its own; alone: the simulator and a bare client that posts `through`",
    )
    return Table("replay: instants per second at --speed max", columns, rows, notes)


def _row(replay: Replay, alone: Replay, count: int) -> tuple[str, ...]:
    return (
        replay.name,
        f"{alone.rate / replay.rate:.1f}",
        f"{replay.rate:,.1f}",
        f"{1e3 / replay.rate:.1f}",
        f"{replay.rate * count:,.0f}",
        str(replay.orders),
        str(replay.saves),
    )


def _instants(minutes: int) -> list[datetime]:
    """Return the instants of the session: before the open, each bar's close, the session's close."""
    closes = [OPENED + MINUTE * number for number in range(1, minutes + 1)]
    return [OPENED - 5 * MINUTE, *closes, OPENED + 390 * MINUTE]


def _alone(folder: Path, bars: Path, minutes: int) -> Replay:
    with simulator(folder, "--bars", str(bars)) as market, BareClient(market.url) as client:
        instants = _instants(minutes)
        messages = [client.message("POST", "/_sim/clock", {"through": one.isoformat()}) for one in instants]
        begun = time.monotonic()
        for message in messages:
            client.exchange(message)
        while not client.ask("GET", "/_sim/clock?wait=0")["finished"]:
            pass
        return Replay(f"{len(list(bars.iterdir()))} symbols, alone", len(instants), time.monotonic() - begun)


def _beside(name: str, folder: Path, bars: Path, strategy: str) -> Replay:
    folder.mkdir()
    with simulator(folder, "--bars", str(bars), "--cash", "10000000") as market:
        write_config(folder, [path.stem for path in bars.iterdir()], strategy, market.url)
        return _replay(name, folder, bars)


def _inside(name: str, folder: Path, bars: Path, strategy: str) -> Replay:
    folder.mkdir()
    write_config(folder, [path.stem for path in bars.iterdir()], strategy, None)
    return _replay(name, folder, bars, "--bars", str(bars), "--speed", "max")


def _replay(name: str, folder: Path, bars: Path, *flags: str) -> Replay:
    """Run the bot to the end of its bars, from the moment at which it has reconciled."""
    bot = Running((*HOLDFAST, "run", *flags), folder, watch="stderr")
    try:
        begun, _line = bot.line("reconciled: ")
        at_start = _saves(folder)
        ended, _line = bot.line(ENDED)
    finally:
        bot.stop()
    minutes = len(next(bars.iterdir()).read_text().splitlines()) - 1
    journal = (path.read_text() for path in folder.glob("state/.holdfast/journal/*.jsonl"))
    orders = sum(text.count('"kind": "decision"') for text in journal)
    return Replay(name, len(_instants(minutes)), ended - begun, orders, _saves(folder) - at_start)


def _saves(folder: Path) -> int:
    """Return how often the state files have been written: each save counts its sequence up."""
    return sum(json.loads(path.read_bytes())["sequence"] for path in folder.glob("state/*.json"))
