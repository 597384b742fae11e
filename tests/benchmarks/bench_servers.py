"""What the simulator's benchmarks run against, side by side: the simulator, itself without a disk, and a bare server.

The bare server says what the simulator has said, byte for byte, and does nothing for it.
"""

import json
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import msgpack
from bare_server import CLIENT_ORDER_ID
from bench_tools import Running, Simulator, simulator
from websockets.asyncio.client import ClientConnection, connect

SERVER = Path(__file__).with_name("bare_server.py")
MEMORY = Path("/dev/shm")  # noqa: S108 - a file system without a disk is what is wanted here
BARE, REAL, DISKLESS = "bare", "simulator", "simulator, no disk"
AUTH = {"action": "auth", "key": "bench", "secret": "bench"}
LISTEN = {"action": "listen", "data": {"streams": ["trade_updates"]}}
EVERYTHING = {"action": "subscribe", "bars": ["*"]}
LAST_EVENT = {"market": "fill", "limit": "new"}


class BareServer(Running):
    """The server of constants as a process of its own; they are put into `folder`, which is made."""

    def __init__(self, folder: Path, constants: Mapping[str, bytes]) -> None:
        folder.mkdir()
        for name, said in constants.items():
            (folder / name).write_bytes(said)
        super().__init__((sys.executable, str(SERVER), str(folder)), folder, watch="stdout")
        _seconds, line = self.line("url")
        self.url: str = json.loads(line)["url"]


@dataclass(frozen=True, slots=True)
class Contender:
    """One server in the comparison; the bare one has no `market` behind it."""

    name: str
    url: str
    pid: int
    market: Simulator | None = None


@contextmanager
def bare_server(folder: Path, constants: Mapping[str, bytes]) -> Iterator[Contender]:
    """Run a bare server of constants for the length of a block."""
    server = BareServer(folder, constants)
    try:
        yield Contender(BARE, server.url, server.pid)
    finally:
        server.stop()


@contextmanager
def simulators(folder: Path, *flags: str) -> Iterator[list[Contender]]:
    """Run a simulator with its account in `folder`, and where there is one a second on a file system in memory.

    Both stand in mid-session and wait for a client in lockstep. In memory an fsync costs nothing: the difference
    between the two is what durability costs.
    """
    with ExitStack() as stack:
        places = {REAL: folder}
        if MEMORY.is_dir():
            places[DISKLESS] = Path(stack.enter_context(TemporaryDirectory(prefix="holdfast-bench-", dir=MEMORY)))
        found = []
        for name, place in places.items():
            market = stack.enter_context(simulator(place, *flags))
            market.open_market()
            found.append(Contender(name, market.url, market.pid, market))
        yield found


@asynccontextmanager
async def trading_stream(url: str) -> AsyncIterator[ClientConnection]:
    """Listen to a server's order updates."""
    async with connect(_socket_url(url, "/stream"), compression=None, proxy=None, max_queue=None) as stream:
        for message in (AUTH, LISTEN):
            await stream.send(json.dumps(message))
            await stream.recv()
        yield stream


@asynccontextmanager
async def data_stream(url: str) -> AsyncIterator[ClientConnection]:
    """Subscribe to all bars in msgpack, as alpaca-py does."""
    headers = {"Content-Type": "application/msgpack"}
    address = _socket_url(url, "/v2/iex")
    async with connect(address, additional_headers=headers, compression=None, proxy=None, max_size=None) as stream:
        await stream.recv()
        for message in (AUTH, EVERYTHING):
            await stream.send(msgpack.packb(message))
            await stream.recv()
        yield stream


def step(market: Simulator) -> None:
    """Let a simulator's market move to its next instant, and wait until it has."""
    time = market.ask("GET", "/_sim/clock?wait=0")["time"]
    market.ask("POST", "/_sim/clock", {"through": time})
    market.ask("GET", f"/_sim/clock?wait=5&after={time}")


async def hear_orders(market: Simulator, symbol: str) -> dict[str, bytes]:
    """Return what a simulator says to a market order and to a limit order, as the bare server's constants."""
    heard = {}
    async with trading_stream(market.url) as stream:
        for kind, more in (("market", {}), ("limit", {"limit_price": "1"})):
            # An id stays taken when its order has ended, so the second kind needs another one of the same length.
            own = CLIENT_ORDER_ID if kind == "market" else CLIENT_ORDER_ID.upper()
            body = {"symbol": symbol, "side": "buy", "qty": "1", "type": kind, "time_in_force": "day", **more}
            answer = market.ask("POST", "/v2/orders", {**body, "client_order_id": own.decode()})
            heard["answer"] = json.dumps(answer, separators=(",", ":")).encode()
            for number, update in enumerate(await _updates(stream, LAST_EVENT[kind])):
                heard[f"{kind}.{number}"] = update.replace(own, CLIENT_ORDER_ID)
    market.ask("DELETE", "/v2/orders")
    return heard


async def hear_bars(market: Simulator) -> dict[str, bytes]:
    """Return one instant's message on a simulator's data stream, as the bare server's constant."""
    async with data_stream(market.url) as stream:
        step(market)
        return {"bars": bytes(await stream.recv())}


async def _updates(stream: ClientConnection, last_event: str) -> list[bytes]:
    found: list[bytes] = []
    event: Any = None
    while event != last_event:
        found.append(bytes(await stream.recv()))
        event = json.loads(found[-1])["data"]["event"]
    return found


def _socket_url(url: str, path: str) -> str:
    return f"ws://{urlsplit(url).netloc}{path}"
