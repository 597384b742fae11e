"""Memory and disk of a simulator with 1,000 symbols: after the start, after orders, after a whole session.

Beside it a simulator with its own catalogue alone, and a bare server that has sent as much.
"""

import asyncio
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgpack
from bench_servers import BARE, Contender, bare_server, data_stream, hear_bars, hear_orders
from bench_tools import MINUTE, BareClient, Say, Simulator, Table, simulator, symbols, write_bars

PATIENCE_S = 300.0
SESSION_MINUTES = 390


@dataclass(frozen=True, slots=True)
class Sizes:
    """Symbols of the large market, and minutes of its session that are lived through."""

    symbols: int
    minutes: int


FULL = Sizes(1000, SESSION_MINUTES)
QUICK = Sizes(5, 4)


@dataclass(frozen=True, slots=True)
class Found:
    """One server's memory in KiB at three moments; its account's size in bytes at two of them and when closed."""

    name: str
    orders: int
    memory: tuple[int, int, int]
    disk: tuple[int, int, int] | None = None


def measure(folder: Path, say: Say, sizes: Sizes = FULL) -> Table:
    """Start each server, place one order for each symbol, and let a session go by before a subscriber."""
    names = symbols(sizes.symbols)
    listed = ("--universe", ",".join(names))
    markets: dict[str, tuple[str, ...]] = {
        "catalogue alone": (),
        f"{sizes.symbols:,} more, synthetic": listed,
        f"{sizes.symbols:,}, recorded": ("--bars", str(write_bars(folder / "bars", names, SESSION_MINUTES))),
    }
    found = []
    for number, (name, flags) in enumerate(markets.items()):
        say(f"a session of {name}")
        place = folder / str(number)
        place.mkdir()
        found.append(_simulator(name, place, flags, names if flags else names[:0], sizes))
    say("a session's worth of constants")
    bare = _bare(folder, listed, sizes)
    rows = [_row(each, bare, found[0]) for each in (bare, *found)]
    columns = (
        "server", "start / bare", "start MiB", "orders MiB", "session / bare", "session MiB",
        "orders KiB", "session KiB", "closed KiB", "bytes/order",
    )  # fmt: skip
    notes = (
        f"orders: after one market order for each of {len(names):,} symbols; session: then to its close, before a",
        "subscriber of all bars; KiB: the account's folder; closed: without SQLite's log, bytes/order of that; one run",
    )
    return Table("sim-memory: resident memory and the account's size", columns, rows, notes)


def _simulator(name: str, folder: Path, flags: Sequence[str], names: Sequence[str], sizes: Sizes) -> Found:
    with simulator(folder, "--cash", "100000000", *flags) as market:
        market.open_market()
        started = _memory(market.pid)
        _order(market.url, names)
        ordered, orders_disk = _memory(market.pid), _disk(folder)
        asyncio.run(_live(market, sizes.minutes))
        ended, session_disk = _memory(market.pid), _disk(folder)
    return Found(name, len(names), (started, ordered, ended), (orders_disk, session_disk, _disk(folder)))


def _bare(folder: Path, listed: Sequence[str], sizes: Sizes) -> Found:
    """Run the server of constants: those of the large synthetic market."""
    with ExitStack() as stack:
        place = folder / "heard"
        place.mkdir()
        market = stack.enter_context(simulator(place, *listed))
        market.open_market()
        constants = asyncio.run(_hear(market))
        server = stack.enter_context(bare_server(folder / "bare", constants))
        started = _memory(server.pid)
        _order(server.url, symbols(sizes.symbols))
        ordered = _memory(server.pid)
        asyncio.run(_receive(server, sizes.minutes))
        return Found(BARE, sizes.symbols, (started, ordered, _memory(server.pid)))


async def _hear(market: Simulator) -> dict[str, bytes]:
    return await hear_orders(market, symbols(1)[0]) | await hear_bars(market)


def _order(url: str, names: Sequence[str]) -> None:
    with BareClient(url) as client:
        for number, name in enumerate(names):
            own = f"c00-{number:08d}"
            body = {"symbol": name, "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
            client.ask("POST", "/v2/orders", {**body, "client_order_id": own})


async def _live(market: Simulator, minutes: int) -> None:
    """Let the market go to its close, or so many minutes on, and take all its bars meanwhile."""
    where = market.ask("GET", "/_sim/clock?wait=0")
    now, close = (datetime.fromisoformat(where[name]) for name in ("time", "session_close"))
    end = min(close, now + minutes * MINUTE)
    async with data_stream(market.url) as stream, asyncio.timeout(PATIENCE_S):
        market.ask("POST", "/_sim/clock", {"through": (end - MINUTE).isoformat()})
        closed = now
        while closed < end:
            bars = msgpack.unpackb(await stream.recv())
            closed = max(closed, bars[-1]["t"].to_datetime() + MINUTE)


async def _receive(server: Contender, instants: int) -> None:
    """Take as many messages of constant bars as a session has."""
    async with data_stream(server.url) as stream, asyncio.timeout(PATIENCE_S):
        with BareClient(server.url) as client:
            client.ask("POST", f"/_sim/clock?instants={instants}", {})
        for _ in range(instants):
            msgpack.unpackb(await stream.recv())


def _memory(pid: int) -> int:
    """Return a process's resident memory in KiB."""
    done = subprocess.run(("ps", "-o", "rss=", "-p", str(pid)), capture_output=True, text=True, check=True)  # noqa: S607
    return int(done.stdout)


def _disk(folder: Path) -> int:
    """Return the size of the account in bytes, SQLite's log included as long as it is open."""
    return sum(path.stat().st_size for path in (folder / "sim").rglob("*") if path.is_file())


def _row(found: Found, bare: Found, idle: Found) -> tuple[str, ...]:
    """Write one server's figures; `idle` is an account without orders."""
    started, ordered, ended = found.memory
    memory = (
        f"{started / bare.memory[0]:.2f}",
        f"{started / 1024:.1f}",
        f"{ordered / 1024:.1f}",
        f"{ended / bare.memory[2]:.2f}",
        f"{ended / 1024:.1f}",
    )
    if found.disk is None or idle.disk is None:
        return (found.name, *memory, "-", "-", "-", "-")
    disk = (f"{size / 1024:,.0f}" for size in found.disk)
    each = f"{(found.disk[-1] - idle.disk[-1]) / found.orders:,.0f}" if found.orders else "-"
    return (found.name, *memory, *disk, each)
