"""`World`: one account, one disk, and at most one process of the bot, all at the mercy of whoever calls the methods."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any, cast

from builders import ACCOUNT, NOON, a_bar, at
from campaigns.machine.instants import InstantLoop
from campaigns.machine.mortal import Gate, Mortal
from campaigns.machine.wild_broker import WildBroker
from fakes.clock import ManualClock
from fakes.desk import a_spec
from fakes.memory import MemoryJournal, MemoryStore
from fakes.streams import FakeBarStream, FakeMarketData, FakeOrderStream
from holdfast.domain.errors import HoldfastError
from holdfast.domain.state import SymbolState
from holdfast.engine.chronicle import Chronicle
from holdfast.engine.memory import StateStore
from holdfast.engine.outside import Identity, Outside
from holdfast.engine.ports import Broker
from holdfast.engine.reconciler import Reconciler
from holdfast.engine.start import Started, start
from holdfast.engine.supervisor import Supervisor
from holdfast.engine.worker import SymbolWorker

SYMBOLS = ("AAPL", "MSFT")
QUANTITY = Decimal(10)
RECONCILE_EVERY_S = 300.0
DRAIN_S = 1200.0
MINUTE_S = 60


@dataclass
class Process:
    """One incarnation of the bot."""

    gate: Gate
    bars: FakeBarStream
    orders: FakeOrderStream
    supervisor: Supervisor


@dataclass(frozen=True)
class Parts:
    """What a world is made of; a test may plant a bug in each."""

    broker: type[WildBroker] = WildBroker
    store: type[MemoryStore] = MemoryStore
    worker: type[SymbolWorker] = SymbolWorker


GOOD = Parts()


class World:
    """The broker and the disk outlive every process."""

    def __init__(self, policy: str = "adopt", parts: Parts = GOOD, symbols: Sequence[str] = SYMBOLS) -> None:
        self.clock = ManualClock()
        self.broker = parts.broker(self.clock)
        self.store = parts.store()
        self._worker_class = parts.worker
        self.journal = MemoryJournal()
        self.loop = InstantLoop(self.clock)
        self.specs = [a_spec(symbol, policy=policy) for symbol in symbols]
        self.process: Process | None = None
        self._heals: list[tuple[float, Callable[[], None]]] = []

    # The bot

    def boot(self, dies_in: int | None = None) -> None:
        """Start a process if none runs; it may die on the way, or find that it cannot start now."""
        if self.process is not None:
            return
        gate = Gate()
        gate.dies_in = dies_in
        task = self.loop.create_task(self._boot(gate))
        self.loop.settle()
        if gate.is_dead or not task.done():
            self.loop.abandon()
            return
        try:
            self.process = task.result()
        except HoldfastError:
            self.loop.abandon()
        else:
            self._bury()

    async def _boot(self, gate: Gate) -> Process:
        outside, identity = self._outside(gate), self._identity()
        started: Started = await start(self.specs, outside, identity)
        for worker in started.workers.values():
            # The start builds its workers itself: a planted one has the same fields and other methods.
            worker.__class__ = self._worker_class
        bars, orders = FakeBarStream(), FakeOrderStream()
        supervisor = Supervisor(
            started, outside, identity, (bars, orders), is_paced=False, reconcile_every_s=RECONCILE_EVERY_S,
            random=Random(0),  # noqa: S311 - back-off, not a secret
        )  # fmt: skip
        supervisor.begin()
        return Process(gate, bars, orders, supervisor)

    def _outside(self, gate: Gate) -> Outside:
        broker, store = cast("Broker", Mortal(self.broker, gate)), cast("StateStore", Mortal(self.store, gate))
        return Outside(broker, FakeMarketData(), store, self.clock, Chronicle(self.journal))

    @staticmethod
    def _identity() -> Identity:
        return Identity("main", ACCOUNT.id, is_simulated=True)

    def crash(self) -> None:
        """End the process where it stands."""
        if self.process is not None:
            self.process.gate.is_dead = True
            self._bury()

    def stop(self) -> None:
        """End the process as a person does."""
        if self.process is not None:
            task = self.loop.create_task(self.process.supervisor.stop())
            self.advance(30)
            assert task.done() or self.process is None, "a stop must end within its bound"
            if self.process is not None:
                self.crash()

    def _bury(self) -> None:
        """Clear a process away that has died."""
        if self.process is not None and self.process.gate.is_dead:
            self.loop.abandon()
            self.process = None

    # Time and news

    def settle(self) -> None:
        """Let everything happen that can happen now."""
        self.loop.settle()
        self._bury()

    def advance(self, seconds: float) -> None:
        """Let time pass; requests on the wire arrive while they still can, and troubles end."""
        end = self.clock.monotonic() + seconds
        while (due := min([end, *self._due()])) < end:
            self._advance_to(due)
            while (arrival := self.broker.next_arrival_s) is not None and arrival <= self.clock.monotonic():
                self.broker.arrive()
            self._heal()
        self._advance_to(end)

    def _due(self) -> list[float]:
        arrival = self.broker.next_arrival_s
        return [*([] if arrival is None else [arrival]), *(due for due, _heal in self._heals)]

    def _advance_to(self, moment: float) -> None:
        self.loop.advance(max(0.0, moment - self.clock.monotonic()))
        self._bury()

    def ends_in(self, seconds: float, heal: Callable[[], None]) -> None:
        """Let a trouble end by itself."""
        self._heals.append((self.clock.monotonic() + seconds, heal))

    def _heal(self) -> None:
        now = self.clock.monotonic()
        for _due, heal in [one for one in self._heals if one[0] <= now]:
            heal()
        self._heals = [one for one in self._heals if one[0] > now]

    def tick(self, closes: Mapping[str, int | str]) -> None:
        """Let the running minute end and send its bars."""
        minute = int((self.clock.now() - NOON).total_seconds() // MINUTE_S)
        self.advance((at(minute + 1, 1) - self.clock.now()).total_seconds())
        if self.process is not None:
            self.process.bars.send(*(a_bar(minute, close, symbol) for symbol, close in closes.items()))
        self.settle()

    def deliver(self, index: int, *, keep: bool) -> None:
        """Let one of the stream's updates come; with `keep` it will come again."""
        if not self.broker.updates:
            return
        index %= len(self.broker.updates)
        view = self.broker.updates[index] if keep else self.broker.updates.pop(index)
        if self.process is not None:
            self.process.orders.send(view)
        self.settle()

    # What is on the disk

    def file(self, symbol: str) -> SymbolState | None:
        """Return what the file says; None when there is none that can be read."""
        content = self.store.disk.get(symbol)
        return content if isinstance(content, SymbolState) else None

    # The end

    def calm(self) -> None:
        """End every fault: what is on the wire arrives, what works at the broker fills, nothing lags."""
        broker, store = self.broker, self.store
        broker.plan.clear()
        broker.listing_lag_s = broker.position_lag_s = broker.view_lag_s = broker.activities_lag_s = 0.0
        broker.reads_failing, broker.loses_cancels, broker.fills_at_once = None, False, True
        store.failing.clear()
        store.failing_after.clear()
        store.halt = False
        if self.process is not None:
            self.process.gate.dies_in = None
        while broker.late:
            broker.arrive()
        for name, view in list(broker.books.items()):
            if not view.status.is_terminal:
                broker.fill(name)
        self.settle()

    def drain(self) -> None:
        """Let the bot find out whatever it can, over a while without bars."""
        self.boot()
        self.advance(DRAIN_S)

    def reconcile_offline(self) -> Any:  # noqa: ANN401 - the reconciler's report
        """Run what `holdfast reconcile` runs, with no process alive."""
        reconciler = Reconciler(self._outside(Gate()), self._identity())
        return self.loop.finish(reconciler.run({spec.symbol: spec.policy for spec in self.specs}))

    def close(self) -> None:
        """End everything."""
        self.crash()
        self.loop.abandon()
        self.loop.close()
