"""The adversary: every rule is one thing that the world may do to the bot between two others."""

from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from campaigns.machine.checks import Checker
from campaigns.machine.file_faults import LEFT, damage, lose, put_back
from campaigns.machine.world import GOOD, SYMBOLS, Parts, World
from fakes.broker import UNREACHABLE, Submit
from fakes.desk import BUY, FLAT, HALF, SILENT
from holdfast.domain.order import OrderStatus, Side

symbols = st.sampled_from(SYMBOLS)
lags = st.sampled_from([0.0, 1.0, 5.0, 9.9])
closes = st.one_of(st.none(), st.sampled_from([BUY, FLAT, HALF, SILENT]))
Rule = Any
ENDINGS = [OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED, OrderStatus.PENDING_CANCEL]
LISTING_LAGS = [0.0, 2.0, 20.0, 39.0]


COVERAGE = (
    *(f"planned {fate.name.lower()}" for fate in Submit),
    *(f"order {ending.value}" for ending in ENDINGS),
    "scenarios with orders", "late arrival", "full fill", "partial fill", "update", "update again", "reads fail",
    "owner buy", "owner sell", "transfer", "split", "crash", "crash in a call", "stop", "disk fails",
    "file lost", "file damaged", "file older",
)  # fmt: skip
CLASSES = ("wire", "reads", "orders", "stream", "lags", "owner", "files", "disk", "process")


def needs(name: str) -> Callable[[Rule], Rule]:
    """Let a rule run only in worlds that have this class of faults."""
    return precondition(lambda self: name in self.classes)


class Machine(RuleBasedStateMachine):
    """Plays against one world; `coverage` counts over all machines of a run."""

    coverage: ClassVar[Counter[str]] = Counter()
    parts: ClassVar[Parts] = GOOD

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.checker = Checker(self.world)
        self.classes: frozenset[str] = frozenset()

    def _did(self, what: str) -> None:
        self.coverage[what] += 1

    @initialize(
        policy=st.sampled_from(["adopt", "leave", "halt"]),
        classes=st.frozensets(st.sampled_from(CLASSES)),
        at_once=st.booleans(),
        first=st.sampled_from([BUY, FLAT]),
    )
    def begin(self, policy: str, classes: frozenset[str], first: int, *, at_once: bool) -> None:
        """Draw what kind of world it is: its policy, and the classes of faults it has."""
        self.world.close()
        self.world = World(policy, self.parts)
        self.checker = Checker(self.world)
        self.classes = classes
        self.world.broker.fills_at_once = at_once
        self.world.boot()
        self.world.tick(dict.fromkeys(SYMBOLS, first))

    # The market and time

    @rule(aapl=closes, msft=closes)
    def tick(self, aapl: int | str | None, msft: int | str | None) -> None:
        """A minute ends with a bar, or without one."""
        self.world.boot()
        self.world.tick({name: close for name, close in zip(SYMBOLS, (aapl, msft), strict=True) if close is not None})

    @rule(signals=st.lists(st.sampled_from([BUY, FLAT]), min_size=1, max_size=3))
    def minutes(self, signals: list[int]) -> None:
        """Some minutes end and both strategies agree."""
        for signal in signals:
            self.world.boot()
            self.world.tick(dict.fromkeys(SYMBOLS, signal))

    @rule(seconds=st.sampled_from([0.5, 3, 11, 31, 45, 160, 320]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.world.boot()
        self.world.advance(seconds)

    # Requests

    @needs("wire")
    @rule(fates=st.lists(st.sampled_from(list(Submit)), min_size=1, max_size=2))
    def next_posts(self, fates: list[Submit]) -> None:
        """What becomes of the next POSTs is decided."""
        self.world.broker.plan.clear()
        self.world.broker.plan.extend(fates)
        for fate in fates:
            self._did(f"planned {fate.name.lower()}")

    @precondition(lambda self: self.world.broker.late)
    @rule(index=st.integers(0, 3))
    def late_arrival(self, index: int) -> None:
        """A request that was on the wire arrives now."""
        self.world.broker.arrive(index % len(self.world.broker.late))
        self.world.settle()

    @needs("reads")
    @rule(seconds=st.sampled_from([1, 20, 100]))
    def reads(self, seconds: float) -> None:
        """The broker answers no reads for a while."""
        self._did("reads fail")
        self.world.broker.reads_failing = UNREACHABLE
        self.world.ends_in(seconds, lambda: setattr(self.world.broker, "reads_failing", None))

    @needs("orders")
    @rule(is_losing=st.booleans())
    def cancels(self, *, is_losing: bool) -> None:
        """Cancels are lost from now on, or arrive."""
        self.world.broker.loses_cancels = is_losing

    # Orders

    @needs("orders")
    @rule(at_once=st.booleans())
    def market(self, *, at_once: bool) -> None:
        """Orders fill at once, or wait."""
        self.world.broker.fills_at_once = at_once

    @precondition(lambda self: self._working())
    @rule(index=st.integers(0, 3), shares=st.one_of(st.none(), st.integers(1, 9)))
    def fill(self, index: int, shares: int | None) -> None:
        """A working order fills, wholly or in part."""
        name = self._pick(index)
        view = self.world.broker.books[name]
        left = (view.quantity or 0) - view.filled_quantity
        part = None if shares is None or shares >= left else shares
        self._did("full fill" if part is None else "partial fill")
        self.world.broker.fill(name, part)

    @needs("orders")
    @precondition(lambda self: self._working())
    @rule(index=st.integers(0, 3), ending=st.sampled_from(ENDINGS))
    def order_ends(self, index: int, ending: OrderStatus) -> None:
        """The owner or the broker cancels an order, it expires, or it is rejected after all."""
        name = self._pick(index)
        if ending is OrderStatus.REJECTED and self.world.broker.books[name].filled_quantity:
            ending = OrderStatus.CANCELED
        self._did(f"order {ending.value}")
        self.world.broker.end(name, ending)

    def _working(self) -> list[str]:
        return [name for name, view in self.world.broker.books.items() if not view.status.is_terminal]

    def _pick(self, index: int) -> str:
        working = self._working()
        return working[index % len(working)]

    # The stream

    @precondition(lambda self: self.world.broker.updates)
    @rule(index=st.integers(0, 5), keep=st.booleans())
    def update(self, index: int, *, keep: bool) -> None:
        """An update comes: any of those that are due, perhaps not for the last time."""
        self._did("update again" if keep else "update")
        self.world.deliver(index, keep=keep)

    @needs("stream")
    @precondition(lambda self: self.world.broker.updates)
    @rule()
    def updates_lost(self) -> None:
        """All updates that are due are lost."""
        self.world.broker.updates.clear()

    @needs("stream")
    @precondition(lambda self: self.world.process)
    @rule()
    def stream_back(self) -> None:
        """The order stream was away and is back."""
        assert self.world.process is not None
        self.world.process.orders.connections += 1
        self.world.loop.create_task(self.world.process.supervisor.keep_up())
        self.world.settle()

    # Lags

    @needs("lags")
    @rule(listing=st.sampled_from(LISTING_LAGS), positions=lags, views=lags, activities=lags)
    def answers_lag(self, listing: float, positions: float, views: float, activities: float) -> None:
        """The broker's answers are older from now on, or newer."""
        broker = self.world.broker
        broker.listing_lag_s, broker.position_lag_s = listing, positions
        broker.view_lag_s, broker.activities_lag_s = views, activities

    # The owner

    @needs("owner")
    @rule(symbol=symbols, side=st.sampled_from(list(Side)), shares=st.integers(1, 15))
    def owner(self, symbol: str, side: Side, shares: int) -> None:
        """The owner buys, or sells what is there and free."""
        broker = self.world.broker
        if side is Side.SELL:
            shares = min(shares, self._free(symbol))
        if shares > 0:
            self._did(f"owner {side.value}")
            broker.owner_trades(side, shares, symbol)

    @needs("owner")
    @rule(symbol=symbols, change=st.integers(-15, 15))
    def transfer(self, symbol: str, change: int) -> None:
        """Shares come or go, and nothing says why."""
        change = max(change, -self._free(symbol))
        if change:
            self._did("transfer")
            self.world.broker.transfer(change, symbol)

    @needs("owner")
    @rule(symbol=symbols)
    def split(self, symbol: str) -> None:
        """Each share becomes two, while no order works."""
        broker = self.world.broker
        if broker.held(symbol) and not broker.live(symbol):
            self._did("split")
            broker.split(2, symbol)

    def _free(self, symbol: str) -> int:
        """Return how many shares no order of ours may sell, those on the wire included."""
        return int(self.world.broker.free(symbol, self.world.broker.live(symbol)))

    # Processes and disks

    @needs("process")
    @rule(dies_in=st.one_of(st.none(), st.integers(1, 30)))
    def crash(self, dies_in: int | None) -> None:
        """The process is killed and started again, and perhaps dies in its start."""
        self._did("crash")
        self.world.crash()
        self.world.boot(dies_in)

    @needs("process")
    @precondition(lambda self: self.world.process)
    @rule(calls=st.integers(1, 12))
    def crash_soon(self, calls: int) -> None:
        """The process will be killed at one of its next calls."""
        assert self.world.process is not None
        self._did("crash in a call")
        self.world.process.gate.dies_in = calls

    @needs("process")
    @precondition(lambda self: self.world.process)
    @rule()
    def stop(self) -> None:
        """A person stops the bot."""
        self._did("stop")
        self.world.stop()

    @needs("files")
    @rule(symbol=symbols, left=st.sampled_from(LEFT))
    def file_lost(self, symbol: str, left: str) -> None:
        """While the bot is down a file is lost."""
        self._did("file lost")
        self.world.crash()
        self.checker.forget(symbol)
        lose(self.world, symbol, left)

    @needs("files")
    @rule(symbol=symbols, left=st.sampled_from(LEFT))
    def file_damaged(self, symbol: str, left: str) -> None:
        """While the bot is down a file becomes unreadable."""
        self._did("file damaged")
        self.world.crash()
        self.checker.forget(symbol)
        damage(self.world, symbol, left)

    @needs("files")
    @rule(symbol=symbols, age=st.integers(1, 6))
    def file_older(self, symbol: str, age: int) -> None:
        """While the bot is down a file is replaced by an older version of itself."""
        self._did("file older")
        self.world.crash()
        self.checker.forget(symbol)
        put_back(self.world, symbol, age)

    @needs("disk")
    @rule(symbol=symbols, has_effect=st.booleans(), seconds=st.sampled_from([1, 50, 200]))
    def disk(self, symbol: str, seconds: float, *, has_effect: bool) -> None:
        """Saves of a symbol fail for a while, with or without effect."""
        self._did("disk fails")
        store = self.world.store
        failing = store.failing_after if has_effect else store.failing
        failing.add(symbol)
        self.world.ends_in(seconds, lambda: failing.discard(symbol))

    # What must be true

    @invariant()
    def holds(self) -> None:
        """The invariants, from outside."""
        self.checker.after_step()

    def teardown(self) -> None:
        """Faults off; all is waited out, the bot is started once more, and the books are compared (I8)."""
        try:
            self._did("scenarios")
            self._did("scenarios with orders") if self.world.broker.received else None
            self.coverage["late arrival"] += self.world.broker.arrived_late
            self.coverage["posts"] += len(self.world.broker.received)
            self.world.calm()
            self.world.drain()
            self.world.crash()
            self.world.drain()
            self.checker.after_step()
            self.world.crash()
            self.checker.at_the_end()
        finally:
            self.world.close()
