"""Bars per second to one subscriber of the data stream, in msgpack, with a market of 10, 100 and 1,000 symbols.

In step: the next instant is asked for once the bars of the last one are decoded. At once: asked for a lot together.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgpack
from bench_servers import BARE, Contender, bare_server, data_stream, hear_bars, simulators
from bench_tools import MINUTE, BareClient, Say, Table, median, micros, p99, symbols, write_bars

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Size:
    """A market of so many symbols, and how many instants it moves in one round; the first round warms up."""

    symbols: int
    instants: int
    rounds: int


FULL = (Size(10, 30, 6), Size(100, 20, 6), Size(1000, 6, 6))
QUICK = (Size(3, 2, 2),)


@dataclass(slots=True)
class Found:
    """One server in one case: bars per second by round, and seconds from asking for an instant to its bars."""

    rates: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)


def measure(folder: Path, say: Say, sizes: Sequence[Size] = FULL) -> Table:
    """Let every market send its bars, in step and at once, against every server in turns."""
    rows = []
    for size in sizes:
        say(f"{size.symbols:,} symbols, {size.rounds} rounds of {size.instants} instants, in step and at once")
        place = folder / str(size.symbols)
        place.mkdir()
        bars = write_bars(place / "bars", symbols(size.symbols), 2 * size.rounds * size.instants + 5)
        with ExitStack() as stack:
            real = stack.enter_context(simulators(place, "--bars", str(bars)))
            constants = asyncio.run(hear_bars(real[0].market))
            servers = [stack.enter_context(bare_server(place / "bare", constants)), *real]
            for lot, how in ((1, "in step"), (size.instants, "at once")):
                found = asyncio.run(_compare(servers, size, lot))
                rows += [_row(f"{size.symbols:,} symbols, {how}, {name}", found[name], found[BARE]) for name in found]
    columns = ("symbols, server", "rate / bare", "bars/s", "wait / bare", "p50 us", "p99 us")
    notes = (
        "wait: from asking for an instant to having decoded its bars, one message; at once: for the whole lot of",
        f"{' / '.join(str(size.instants) for size in sizes)} instants; the client is the same, and its time is in all",
    )
    return Table("sim-bars: bars to a stream subscriber at --speed max", columns, rows, notes)


async def _compare(servers: Sequence[Contender], size: Size, lot: int) -> dict[str, Found]:
    found = {server.name: Found() for server in servers}
    for number in range(size.rounds):
        turn = number % len(servers)
        for server in (*servers[turn:], *servers[:turn]):
            each = await _round(server, size, lot)
            if number:
                found[server.name].rates += each.rates
                found[server.name].waits += each.waits
    return found


async def _round(server: Contender, size: Size, lot: int) -> Found:
    """Take a round's instants in lots of `lot`, each asked for when the one before has been decoded."""
    last, waits = _time(server), []
    async with data_stream(server.url) as stream, asyncio.timeout(PATIENCE_S):
        with BareClient(server.url) as client:
            for _ in range(size.instants // lot):
                asked = time.monotonic()
                through = {"through": (last + (lot - 1) * MINUTE).isoformat()}
                client.ask("POST", f"/_sim/clock?instants={lot}", through)
                for _ in range(lot):
                    bars = msgpack.unpackb(await stream.recv())
                    if len(bars) != size.symbols:
                        raise RuntimeError(f"{len(bars)} bars of {size.symbols} came from {server.name}")
                waits.append(time.monotonic() - asked)
                last = bars[0]["t"].to_datetime() + MINUTE
    return Found([size.symbols * size.instants / sum(waits)], waits)


def _time(server: Contender) -> datetime:
    """Return the market's time; the bare server has none and takes any."""
    if server.market is None:
        return datetime.now(UTC)
    return datetime.fromisoformat(server.market.ask("GET", "/_sim/clock?wait=0")["time"]).astimezone(UTC)


def _row(name: str, found: Found, bare: Found) -> tuple[str, ...]:
    return (
        name,
        f"{median(found.rates) / median(bare.rates):.2f}",
        f"{median(found.rates):,.0f}",
        f"{median(found.waits) / median(bare.waits):.1f}",
        micros(median(found.waits)),
        micros(p99(found.waits)),
    )
