"""Orders per second over HTTP from client processes, and the wait for the answer and for the trade update.

Each case runs against every server in turns; the updates are heard by one listener, in this process.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench_servers import BARE, LAST_EVENT, Contender, bare_server, hear_orders, simulators, step, trading_stream
from bench_tools import Say, Table, environment, median, micros, p99, symbols

CLIENT = Path(__file__).with_name("order_client.py")
PATIENCE_S = 60.0
_ID = re.compile(rb'"client_order_id": ?"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Sizes:
    """Orders of each client in one round, by the number of clients; the first round warms up and is dropped."""

    rounds: int
    orders: Mapping[int, int]


FULL = Sizes(8, {1: 100, 4: 40, 16: 15})
QUICK = Sizes(2, {1: 4, 2: 3})


@dataclass(frozen=True, slots=True)
class Case:
    """So many clients that post so many orders each, all of one kind."""

    clients: int
    kind: str
    orders: int

    @property
    def name(self) -> str:
        """What the table calls it."""
        return f"{self.clients} client{'s' if self.clients > 1 else ''}, {self.kind}"


@dataclass(slots=True)
class Found:
    """One server in one case: orders per second by round, and seconds from the POST by order."""

    rates: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    updates: list[float] = field(default_factory=list)


class Clients:
    """Client processes that shoot together."""

    def __init__(self, count: int) -> None:
        self._count = 0
        self._processes = [
            subprocess.Popen(
                (sys.executable, str(CLIENT)),
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
            )
            for _ in range(count)
        ]

    def aim(self, url: str, case: Case, names: Sequence[str]) -> list[list[str]]:
        """Let every client connect and write its orders; return their ids by client."""
        self._count += 1
        volleys = [
            [f"c{client:02d}-{self._count:04d}{number:04d}" for number in range(case.orders)]
            for client in range(case.clients)
        ]
        for process, name, ids in zip(self._processes, names, volleys, strict=False):
            self._write(process, json.dumps({"url": url, "symbol": name, "kind": case.kind, "ids": ids}))
        for process in self._processes[: case.clients]:
            if self._read(process) != "ready":
                raise RuntimeError("an order client is not ready")
        return volleys

    def shoot(self, case: Case) -> None:
        """Let them all begin."""
        for process in self._processes[: case.clients]:
            self._write(process, "go")

    def times(self, case: Case) -> list[list[tuple[float, float]]]:
        """Wait for the end of the volley; return when each order was sent and answered, by client."""
        return [json.loads(self._read(process)) for process in self._processes[: case.clients]]

    def close(self) -> None:
        """End the processes: their input ends."""
        for process in self._processes:
            with process:
                if process.stdin:
                    process.stdin.close()

    def _write(self, process: "subprocess.Popen[str]", line: str) -> None:
        if process.stdin:
            process.stdin.write(line + "\n")

    def _read(self, process: "subprocess.Popen[str]") -> str:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise RuntimeError("an order client has ended")
        found: str = json.loads(line) if line.startswith('"') else line
        return found


@contextmanager
def _clients(count: int) -> Iterator[Clients]:
    clients = Clients(count)
    try:
        yield clients
    finally:
        clients.close()


def measure(folder: Path, say: Say, sizes: Sizes = FULL) -> Table:
    """Run every case against every server, in turns."""
    names = symbols(max(sizes.orders))
    flags = ("--universe", ",".join(names), "--cash", "100000000")
    with ExitStack() as stack:
        real = stack.enter_context(simulators(folder, *flags))
        constants = asyncio.run(hear_orders(real[0].market, names[0]))
        servers = [stack.enter_context(bare_server(folder / "bare", constants)), *real]
        clients = stack.enter_context(_clients(max(sizes.orders)))
        rows = []
        for kind in ("market", "limit"):
            for count, orders in sizes.orders.items():
                case = Case(count, kind, orders)
                say(f"{case.name}, {sizes.rounds} rounds of {count * orders} orders against {len(servers)} servers")
                found = asyncio.run(_compare(servers, clients, case, names, sizes.rounds))
                rows += [_row(case, name, each, found[BARE]) for name, each in found.items()]
    columns = (
        "clients, orders, server",
        "rate / bare",
        "orders/s",
        "answer / bare",
        "p50 us",
        "p99 us",
        "update / bare",
        "p50 us",
        "p99 us",
    )
    notes = (
        "answer: from the POST to its answer; update: from the POST to its fill (market) or new (limit) on /stream;",
        "bare: the same uvicorn and starlette with constants; no disk: the account on a file system in memory",
    )
    return Table(f"sim-orders: orders over HTTP, {sizes.rounds - 1} rounds in turns", columns, rows, notes)


async def _compare(
    servers: Sequence[Contender], clients: Clients, case: Case, names: Sequence[str], rounds: int
) -> dict[str, Found]:
    found = {server.name: Found() for server in servers}
    for number in range(rounds):
        turn = number % len(servers)
        for server in (*servers[turn:], *servers[:turn]):
            each = await _round(server, clients, case, names)
            if number:
                found[server.name].rates += each.rates
                found[server.name].answers += each.answers
                found[server.name].updates += each.updates
    return found


async def _round(server: Contender, clients: Clients, case: Case, names: Sequence[str]) -> Found:
    async with trading_stream(server.url) as stream, asyncio.timeout(PATIENCE_S):
        volleys = clients.aim(server.url, case, names)
        clients.shoot(case)
        event = re.compile(rb'"event": ?"%s"' % LAST_EVENT[case.kind].encode())
        seen: dict[str, float] = {}
        while len(seen) < case.clients * case.orders:
            update = bytes(await stream.recv())
            at = time.monotonic()
            if event.search(update) and (own := _ID.search(update)):
                seen[own[1].decode()] = at
        times = clients.times(case)
    if server.market is not None:
        # No round works on what the one before has left: nothing rests, and the market has a new minute.
        server.market.ask("DELETE", "/v2/orders")
        step(server.market)
    return _found(volleys, times, seen)


def _found(
    volleys: Sequence[Sequence[str]], times: Sequence[Sequence[tuple[float, float]]], seen: Mapping[str, float]
) -> Found:
    ids = [own for volley in volleys for own in volley]
    moments = [moment for volley in times for moment in volley]
    seconds = max(answered for _, answered in moments) - min(sent for sent, _ in moments)
    return Found(
        [len(ids) / seconds],
        [answered - sent for sent, answered in moments],
        [seen[own] - sent for own, (sent, _) in zip(ids, moments, strict=True)],
    )


def _row(case: Case, name: str, found: Found, bare: Found) -> tuple[str, ...]:
    return (
        f"{case.name}, {name}",
        f"{median(found.rates) / median(bare.rates):.2f}",
        f"{median(found.rates):,.0f}",
        f"{median(found.answers) / median(bare.answers):.1f}",
        micros(median(found.answers)),
        micros(p99(found.answers)),
        f"{median(found.updates) / median(bare.updates):.1f}",
        micros(median(found.updates)),
        micros(p99(found.updates)),
    )
