"""A bar's way to an order at the broker, beside a bare POST to the same simulator, in turns.

Everything is real but the supervisor: worker, strategy, risk gate, state files, alpaca-py, the order stream, and a
simulator in a process of its own whose market is held in mid-session, so that market orders fill at once.
"""

import asyncio
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import requests
import talib
from alpaca.trading.client import TradingClient
from alpaca.trading.requests import MarketOrderRequest
from bench_tools import MINUTE, BareClient, Say, Simulator, Table, median, micros, p99, simulator
from numpy.typing import NDArray
from pydantic import SecretStr

from holdfast.adapters.alpaca.connect import AlpacaConnection, open_alpaca
from holdfast.adapters.alpaca.endpoints import AlpacaEndpoints
from holdfast.adapters.clock import MarketClock
from holdfast.adapters.log import start_logging
from holdfast.adapters.state_files import StateFiles
from holdfast.adapters.state_folder import StateFolder
from holdfast.adapters.state_journal import JournalFiles
from holdfast.domain.bar import Bar
from holdfast.domain.decide import Rules
from holdfast.domain.order import OrderView
from holdfast.domain.session import Session
from holdfast.domain.state import SymbolState
from holdfast.domain.timeframe import TIMEFRAMES
from holdfast.engine.chronicle import Chronicle
from holdfast.engine.inbox import BarClosed, LookUp, OrderNews
from holdfast.engine.keeper import Tools
from holdfast.engine.portfolio import Portfolio
from holdfast.engine.ports import Assumptions
from holdfast.engine.purse import Purse
from holdfast.engine.spec import SymbolSpec
from holdfast.engine.window import BarWindow
from holdfast.engine.worker import SymbolWorker
from holdfast.strategies.bars import Bars

ROUNDS = 200
WARM_UP_ROUNDS = 20
SAY_EVERY = 100
SYMBOL = "MSFT"
LENGTH = 30
SETTLE_S = 5.0
PAUSE_S = 0.03
BARE = "bare POST (socket)"
LEAVES, ANSWERED = "bar -> POST leaves", "bar -> answer is in"
Marks = list[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class InAndOut:
    """A moving average as a usual strategy computes it, and then every bar the other side of the last."""

    warmup: int = LENGTH

    def signals(self, bars: Bars) -> NDArray[np.float64]:
        """Return the exposures: long on even minutes."""
        average = talib.SMA(bars.close, self.warmup)
        wanted = bars.time.astype("datetime64[m]").astype(np.int64) % 2 == 0
        return np.where(np.isnan(average) | wanted, 1.0, 0.0)


class TimedPort:
    """A real port that notes when each of its coroutines begins and ends."""

    def __init__(self, port: Any, marks: Marks, *names: str) -> None:  # noqa: ANN401 - any port
        self._port = port
        self._marks = marks
        self._names = names

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        found = getattr(self._port, name)
        if name not in self._names:
            return found

        async def timed(*arguments: Any) -> Any:  # noqa: ANN401 - passed through
            self._marks.append((f"{name} begins", time.perf_counter()))
            answer = await found(*arguments)
            self._marks.append((f"{name} ends", time.perf_counter()))
            return answer

        return timed


@dataclass(slots=True)
class Rig:
    """One worker on its way through made-up minutes."""

    worker: SymbolWorker
    clock: MarketClock
    marks: Marks
    minute: datetime
    samples: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list, {BARE: []}))

    async def order(self) -> None:
        """Deliver one bar that makes an order; note the times; wait until the fill is booked and saved."""
        self.minute += MINUTE
        self.clock.set_time(self.minute + MINUTE)
        self.marks.clear()
        bar = Bar(SYMBOL, self.minute, *(Decimal(100),) * 5)
        begun = time.perf_counter()
        self.worker.put(BarClosed(bar))
        await self.worker.inbox.idle()
        self._note(begun)
        await self._settled()

    def forget(self) -> None:
        """Drop the samples of the warm-up."""
        for found in self.samples.values():
            found.clear()

    def _note(self, begun: float) -> None:
        at: dict[str, float] = {}
        for name, moment in self.marks:
            at.setdefault(name, moment)
        spans = {
            LEAVES: (begun, at["leaves"]),
            ANSWERED: (begun, at["submit ends"]),
            "  decide, gate, journal": (begun, at["save begins"]),
            "  save the intent": (at["save begins"], at["save ends"]),
            "  guard reads it back": (at["load begins"], at["load ends"]),
            "  SDK until the POST leaves": (at["submit begins"], at["leaves"]),
            "  simulator and SDK until the answer": (at["leaves"], at["submit ends"]),
        }
        for name, (first, last) in spans.items():
            self.samples[name].append(last - first)

    async def _settled(self) -> None:
        async with asyncio.timeout(SETTLE_S):
            while self.worker.state.unsettled:
                self.worker.put(LookUp())
                await self.worker.inbox.idle()


def measure(folder: Path, say: Say) -> Table:
    """Send orders by the worker and by bare clients, in turns."""
    start_logging(console=lambda _line: None)
    with simulator(folder, "--cash", "100000000") as market:
        samples = asyncio.run(_measure(folder, market, say))
    floor, tail = median(samples[BARE]), p99(samples[BARE])
    rows = [
        (name, f"{median(found) / floor:.2f}", f"{p99(found) / tail:.2f}", micros(median(found)), micros(p99(found)))
        for name, found in samples.items()
    ]
    columns = ("step", "median / bare", "p99 / bare", "median us", "p99 us")
    notes = ("leaves: alpaca-py's connection hands the request to the socket; an answer is in when the worker goes on",)
    return Table(f"order: from a bar to an order at the broker, {ROUNDS} rounds in turns", columns, rows, notes)


async def _measure(root: Path, market: Simulator, say: Say) -> dict[str, list[float]]:
    opened = market.open_market()
    market.hold()
    endpoints = AlpacaEndpoints.of_server(market.url)
    folder = StateFolder(root / "state").lock()
    clock = MarketClock(opened)
    connection = open_alpaca(endpoints, SecretStr("bench"), SecretStr("bench"), Assumptions(2, 1, 1))
    store = StateFiles(folder, clock.wall)
    running: asyncio.Task[None] | None = None
    try:
        rig = await _rig(connection, store, folder, clock, opened)
        running = asyncio.create_task(rig.worker.run())
        await _rounds(rig, _Bare(market.url, root), say)
        return rig.samples
    finally:
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        await connection.aclose()
        store.close()
        folder.unlock()


async def _rig(
    connection: AlpacaConnection, store: StateFiles, folder: StateFolder, clock: MarketClock, opened: datetime
) -> Rig:
    account = await connection.broker.account()
    marks: Marks = []
    _note_what_leaves(marks)
    chronicle = Chronicle(JournalFiles(folder, clock.wall))
    broker, files = TimedPort(connection.broker, marks, "submit"), TimedPort(store, marks, "save", "load")
    # A session without an end: the worker's minutes are its own, the simulator's market is held.
    portfolio = Portfolio(Purse(account.cash), [Session(opened, opened + timedelta(days=30))], store.entries_stopped)
    tools = Tools(broker, files, chronicle, clock, portfolio, account.id)  # type: ignore[arg-type] - timed ports
    spec = SymbolSpec(SYMBOL, Rules("bench", Decimal(1), TIMEFRAMES["1Min"]), InAndOut(), "in_and_out")
    state = await store.save(SymbolState(SYMBOL, account_id=account.id))
    worker = SymbolWorker(spec, state, BarWindow(2 * LENGTH + 2), tools)
    connection.order_stream.start(lambda view: _ours(worker, view))
    first = opened.replace(second=0, microsecond=0)
    worker.warm_up([Bar(SYMBOL, first + MINUTE * number, *(Decimal(100),) * 5) for number in range(-2 * LENGTH, 0)])
    return Rig(worker, clock, marks, first + MINUTE * (1 - first.minute % 2))


def _ours(worker: SymbolWorker, view: OrderView) -> None:
    """Pass on what the stream says of the worker's own orders, as the supervisor does."""
    if view.client_order_id.startswith("hf."):
        worker.put(OrderNews(view))


def _note_what_leaves(marks: Marks) -> None:
    """Note when any HTTP client of this process hands a POST to its socket: Python's own audit event."""

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "http.client.send" and bytes(arguments[1][:4]) == b"POST":
            marks.append(("leaves", time.perf_counter()))

    sys.addaudithook(hear)


class _Bare:
    """The same order by a socket, by requests and by alpaca-py alone, bought and sold in turns."""

    def __init__(self, url: str, folder: Path) -> None:
        self._socket = BareClient(url)
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update({"APCA-API-KEY-ID": "bench", "APCA-API-SECRET-KEY": "bench"})
        self._sdk = TradingClient("bench", "bench", url_override=url)
        self._file = folder / "count"
        self._number = 0

    def orders(self, samples: dict[str, list[float]]) -> None:
        """Send one order in each way; the sides change from round to round."""
        self._number += 1
        side = "buy" if self._number % 2 else "sell"
        body = {"symbol": "SPY", "side": side, "qty": "1", "type": "market", "time_in_force": "day"}
        message = self._socket.message("POST", "/v2/orders", {**body, "client_order_id": f"bare-{self._number}"})
        begun = time.perf_counter()
        self._socket.exchange(message)
        samples[BARE].append(time.perf_counter() - begun)
        body["symbol"] = "IBM"
        begun = time.perf_counter()
        self._session.post(f"{self._url}/v2/orders", json=body, timeout=10).raise_for_status()
        samples["requests.post"].append(time.perf_counter() - begun)
        begun = time.perf_counter()
        self._sdk.submit_order(MarketOrderRequest(**{**body, "symbol": "KO"}))
        samples["alpaca-py submit_order alone"].append(time.perf_counter() - begun)

    def close(self) -> None:
        """Close the clients."""
        self._socket.close()
        self._session.close()


async def _rounds(rig: Rig, bare: _Bare, say: Say) -> None:
    try:
        for number in range(ROUNDS + WARM_UP_ROUNDS):
            if number % SAY_EVERY == 0:
                say(f"round {number + 1} of {ROUNDS + WARM_UP_ROUNDS}")
            if number == WARM_UP_ROUNDS:
                rig.forget()
            if number % 2:
                await rig.order()
            bare.orders(rig.samples)
            # The order stream tells of the bare orders too; the worker's order must not wait for that.
            await asyncio.sleep(PAUSE_S)
            if not number % 2:
                await rig.order()
    finally:
        bare.close()
