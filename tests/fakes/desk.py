"""`Desk`: one worker (or more) of one account, wired to fakes, driven by messages and not by time."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from builders import ACCOUNT, SESSION, a_bar, some_rules
from fakes.broker import FakeBroker
from fakes.clock import ManualClock
from fakes.memory import MemoryJournal, MemoryStore
from fakes.streams import FakeMarketData
from holdfast.domain.decide import Rules
from holdfast.domain.external import ExternalChange
from holdfast.domain.order import OrderView
from holdfast.domain.state import SymbolState
from holdfast.engine.chronicle import Chronicle
from holdfast.engine.hold import NO_HOLDS, Holds
from holdfast.engine.inbox import BarClosed, FactsRead, LookUp, Message, OrderNews
from holdfast.engine.keeper import Tools
from holdfast.engine.outside import Identity, Outside
from holdfast.engine.portfolio import Portfolio
from holdfast.engine.purse import Purse
from holdfast.engine.reconciler import Reconciler
from holdfast.engine.spec import SymbolSpec
from holdfast.engine.window import BarWindow
from holdfast.engine.worker import SymbolWorker
from holdfast.strategies.bars import Bars


class Scripted:
    """A strategy that says at each price what a test wants: the close of 101 is a signal of +1, of 99 one of -1."""

    warmup = 1

    def __init__(self, meaning: dict[float, float] | None = None) -> None:
        self._meaning = meaning or {101.0: 1.0, 100.5: 0.5, 100.0: 0.0, 99.0: -1.0, 98.0: np.nan}

    def signals(self, bars: Bars) -> NDArray[np.float64]:
        """Return one signal per bar; a close without a meaning raises."""
        return np.array([self._meaning[float(close)] for close in bars.close])


BUY, HALF, FLAT, SHORT, SILENT = 101, "100.5", 100, 99, 98


def a_spec(symbol: str = "AAPL", *, rules: Rules | None = None, policy: str = "adopt") -> SymbolSpec:
    """Return a configured symbol with the scripted strategy."""
    return SymbolSpec(symbol, rules or some_rules(), Scripted(), "scripted", ExternalChange(policy))


class Desk:
    """Everything around the workers of one account; `worker_class` and `store` may be planted with a bug."""

    def __init__(
        self,
        *states: SymbolState,
        store: MemoryStore | None = None,
        broker: FakeBroker | None = None,
        worker_class: type[SymbolWorker] = SymbolWorker,
        cash: Decimal = ACCOUNT.cash,
    ) -> None:
        self.clock = broker.clock if broker else ManualClock()
        self.broker = broker or FakeBroker(self.clock)
        self.store = store or MemoryStore()
        for state in states:
            self.store.disk[state.symbol] = state
        self.journal = MemoryJournal()
        self.portfolio = Portfolio(Purse(cash), [SESSION], self.store.entries_stopped)
        self._worker_class = worker_class

    @property
    def tools(self) -> Tools:
        """What every worker shares."""
        chronicle = Chronicle(self.journal)
        return Tools(self.broker, self.store, chronicle, self.clock, self.portfolio, ACCOUNT.id)

    def worker(self, spec: SymbolSpec | None = None, holds: Holds = NO_HOLDS) -> SymbolWorker:
        """Return a new worker of a symbol, as a new process would build it from the file."""
        spec = spec or a_spec()
        state = self.store.disk.get(spec.symbol, SymbolState(spec.symbol, strategy="scripted", account_id=ACCOUNT.id))
        assert isinstance(state, SymbolState), state
        return self._worker_class(spec, state, BarWindow(4), self.tools, holds)

    def reconciler(self, *, is_simulated: bool = True, is_dry: bool = False) -> Reconciler:
        """Return the reconciler of a start."""
        outside = Outside(self.broker, FakeMarketData(), self.store, self.clock, Chronicle(self.journal))
        return Reconciler(outside, Identity("main", ACCOUNT.id, is_simulated=is_simulated), is_dry=is_dry)

    def moves_to(self, minute: int) -> None:
        """Let market time be one second after the close of the bar of this minute."""
        due = a_bar(minute + 1).time - self.clock.now()
        self.clock.advance(due.total_seconds() + 1)


@asynccontextmanager
async def running(*workers: SymbolWorker) -> AsyncIterator[None]:
    """Run workers for the length of the block, which ends like a crash: nothing is tidied up.

    What a worker raises comes out here.
    """
    tasks = [asyncio.create_task(worker.run()) for worker in workers]
    try:
        yield
    finally:
        for task in tasks:
            if task.done():
                task.result()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def tell(worker: SymbolWorker, messages: Iterable[Message]) -> None:
    """Give a running worker messages and wait until it has dealt with them."""
    for message in messages:
        worker.put(message)
    await worker.inbox.idle()


async def told(worker: SymbolWorker, *messages: Message) -> SymbolState:
    """Run a worker for these messages and return its state; what it raises comes out here."""
    async with running(worker):
        await tell(worker, messages)
    return worker.state


def one_day(desk: Desk, *steps: object, worker: SymbolWorker | None = None) -> SymbolWorker:
    """Run a worker through messages and, in between, through functions that change the world."""

    async def day() -> SymbolWorker:
        one = worker or desk.worker()
        async with running(one):
            for step in steps:
                if callable(step):
                    step()
                else:
                    await tell(one, [step])  # type: ignore[list-item]
        return one

    return asyncio.run(day())


def bar(minute: int, close: int | str, symbol: str = "AAPL") -> BarClosed:
    """Return the news that a bar is complete."""
    return BarClosed(a_bar(minute, close, symbol))


def news(view: OrderView) -> OrderNews:
    """Return what the order stream says."""
    return OrderNews(view)


def facts_read(desk: Desk, worker: SymbolWorker, facts: object) -> FactsRead:
    """Return the news of a snapshot taken just now."""
    return FactsRead(facts, worker.state.sequence, desk.clock.monotonic(), desk.clock.now())  # type: ignore[arg-type]


LOOK_UP = LookUp()
