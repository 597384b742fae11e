"""`Lives`: an account and a disk that outlive the bot. Each life is a whole process over fakes, ended like a crash."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from decimal import Decimal
from random import Random

from builders import ACCOUNT, NOON, a_bar
from fakes.desk import BUY, FLAT, Desk, a_spec
from fakes.streams import FakeBarStream, FakeMarketData, FakeOrderStream
from holdfast.domain.state import Status, SymbolState
from holdfast.engine.chronicle import Chronicle
from holdfast.engine.inbox import LookUp
from holdfast.engine.outside import Identity, Outside
from holdfast.engine.reconciler import Report
from holdfast.engine.spec import SymbolSpec
from holdfast.engine.start import start
from holdfast.engine.supervisor import Supervisor
from holdfast.engine.worker import SymbolWorker
from planted.plants import Plant

IDENTITY = Identity("main", ACCOUNT.id, is_simulated=True)
LOOK_EVERY_S = 10
LONGEST_DOUBT_S = 250
QUANTITY = 10
TURNS = 60


class Lives:
    """One account, one disk and the symbols of config.yaml; the parts of `plant` may carry a bug."""

    def __init__(self, *specs: SymbolSpec, plant: Plant | None = None) -> None:
        plant = plant or Plant()
        self.specs = specs or (a_spec("AAPL"), a_spec("MSFT"))
        self.desk = Desk(store=plant.store(), broker=plant.broker(plant.clock()))
        self.broker, self.store, self.clock = self.desk.broker, self.desk.store, self.desk.clock
        self._worker_class = plant.worker

    def live(self, *steps: "Step", identity: Identity = IDENTITY) -> "Life":
        """Start the bot, take the steps one after the other, and kill it; return what it was."""
        life = Life(self, identity, self._worker_class)

        async def whole() -> None:
            await life.begin()
            for step in steps:
                await step(life)

        # The end of the loop cancels every task wherever it is: nothing is tidied up.
        asyncio.run(whole())
        return life

    def file(self, symbol: str = "AAPL") -> SymbolState:
        """Return what the file of a symbol says."""
        return self.store.state(symbol)

    def statuses(self, symbol: str = "AAPL") -> list[str]:
        """Return the statuses of the orders on file."""
        return [order.status.value for order in self.file(symbol).orders]

    def sent(self, symbol: str = "AAPL") -> list[tuple[str, Decimal]]:
        """Return the side and quantity of every order that the bot has sent."""
        return [(one.side.value, one.quantity) for one in self.broker.received if one.symbol == symbol]

    def entries(self, symbol: str = "AAPL") -> int:
        """Return how many orders to buy the bot has sent."""
        return [side for side, _quantity in self.sent(symbol)].count("buy")

    def fill_all(self) -> None:
        """Let everything fill that still can."""
        for name, view in list(self.broker.books.items()):
            if not view.status.is_terminal:
                self.broker.fill(name)

    @property
    def newest(self) -> str:
        """The id of the order that the bot has sent last."""
        return self.broker.received[-1].client_order_id


class Life:
    """One process: the real start, supervisor and workers over the fakes of its `Lives`."""

    def __init__(self, lives: Lives, identity: Identity, worker_class: type[SymbolWorker]) -> None:
        self.lives = lives
        self.bars, self.orders, self.data = FakeBarStream(), FakeOrderStream(), FakeMarketData()
        self._outside = Outside(lives.broker, self.data, lives.store, lives.clock, Chronicle(lives.desk.journal))
        self._identity = identity
        self._worker_class = worker_class

    @property
    def report(self) -> Report:
        """What the start's reconcile has found."""
        return self.started.report

    async def begin(self) -> None:
        """Start as bootstrap does."""
        self.started = await start(self.lives.specs, self._outside, self._identity)
        if self._worker_class is not SymbolWorker:
            self.started.workers = {name: self._planted(one) for name, one in self.started.workers.items()}
        self.lives.broker.on_update = self.orders.send
        self.supervisor = Supervisor(
            self.started, self._outside, self._identity, (self.bars, self.orders),
            is_paced=False, reconcile_every_s=300, random=Random(7),  # noqa: S311 - jitter
        )  # fmt: skip
        self.supervisor.begin()
        await self.dealt_with()

    def _planted(self, good: SymbolWorker) -> SymbolWorker:
        tools = good._tools  # noqa: SLF001 - its twin needs the same
        return self._worker_class(good.spec, good.state, good.window, tools, good.holds)

    async def dealt_with(self) -> None:
        """Let every task have its turns until nothing is left to do at this moment."""
        for _ in range(TURNS):
            await asyncio.sleep(0)


Step = Callable[[Life], Awaitable[None]]


def minute(*closes: int | str) -> Step:
    """Return the step in which a minute passes with a bar for each symbol, in the order of config.yaml."""

    async def step(life: Life) -> None:
        desk = life.lives.desk
        now = int((desk.clock.now() - NOON).total_seconds() // 60)
        desk.moves_to(now)
        await life.supervisor.keep_up()
        life.bars.send(*(a_bar(now, close, spec.symbol) for spec, close in zip(life.lives.specs, closes, strict=True)))
        await life.dealt_with()

    return step


def wait(seconds: float) -> Step:
    """Return the step in which time passes: unsettled orders are looked up and reconciles come in their turn."""

    async def step(life: Life) -> None:
        end = life.lives.clock.monotonic() + seconds
        while (left := end - life.lives.clock.monotonic()) > 0:
            life.lives.clock.advance(min(left, LOOK_EVERY_S))
            await look_up(life)

    return step


async def look_up(life: Life) -> None:
    """Ask for every unsettled order, as each worker does at its own intervals."""
    for worker in life.supervisor.workers.values():
        if worker.state.unsettled:
            worker.put(LookUp())
    await life.dealt_with()


async def reconcile(life: Life) -> None:
    """Reconcile the running bot."""
    await life.supervisor.reconcile()
    await life.dealt_with()


def meanwhile(happens: Callable[[], object]) -> Step:
    """Return the step in which something happens outside the bot, or is looked at."""

    async def step(life: Life) -> None:
        happens()
        await life.dealt_with()

    return step


def nothing_more_to_correct(lives: Lives) -> None:
    """Assert that reconciling again, at the next starts and running, changes not one byte and sends nothing."""
    before, disk = written_and_sent(lives), dict(lives.store.disk)
    lives.live()
    lives.live(reconcile, reconcile)
    assert lives.store.disk == disk
    assert written_and_sent(lives) == before


def written_and_sent(lives: Lives) -> Counter[str]:
    """Return how often anything was written to the disk or changed at the broker."""
    return Counter(
        saves=len(lives.store.written),
        set_aside=len(lives.store.aside),
        lines=len(lives.desk.journal.lines),
        orders=len(lives.broker.received),
        cancels=len(lives.broker.canceled),
    )


def never_twice(lives: Lives, most: int = QUANTITY) -> None:
    """Assert that after minutes of wanting to buy nothing was sent twice, and that an exit sells what is ours alone."""
    symbols = [spec.symbol for spec in lives.specs]
    buying, leaving = minute(*[BUY] * len(symbols)), minute(*[FLAT] * len(symbols))
    lives.live(wait(LONGEST_DOUBT_S), buying, wait(60), buying, meanwhile(lives.fill_all), wait(LONGEST_DOUBT_S))
    for symbol in symbols:
        assert lives.broker.held(symbol) <= most, symbol
        assert lives.file(symbol).position.quantity <= QUANTITY, symbol
    _agree(lives)
    others = {symbol: lives.file(symbol).position.unmanaged_quantity for symbol in symbols}
    lives.live(leaving, meanwhile(lives.fill_all), wait(LONGEST_DOUBT_S))
    _agree(lives)
    for symbol, theirs in others.items():
        if lives.file(symbol).status is Status.ACTIVE:
            assert lives.broker.held(symbol) == theirs, symbol


def _agree(lives: Lives) -> None:
    """Assert that every file says what the account holds, and that every id was sent once."""
    for symbol in (spec.symbol for spec in lives.specs):
        assert lives.file(symbol).position.total_quantity == lives.broker.held(symbol), symbol
    ids = Counter(intent.client_order_id for intent in lives.broker.received)
    assert [name for name, count in ids.items() if count > 1] == []
