"""One day: everything is put together, faults strike until they stop, and then the bot must come to the truth."""

import gc
from collections import Counter
from datetime import timedelta

from loguru import logger

from campaigns.days.bots import Bots, Parts
from campaigns.days.checker import Checker
from campaigns.days.config import Config
from campaigns.days.disk import DiskFaults, MachineDisk
from campaigns.days.gremlin import Gremlin
from campaigns.days.hand import Hand
from campaigns.days.loop import BusyLoopError, NothingScheduledError, Process, VirtualLoop, bury
from campaigns.days.machine import LockTable, Machine
from campaigns.days.market import MINUTE, SILENT, Calendar, Tape, moment
from campaigns.days.network import Network
from campaigns.days.reaper import Reaper
from campaigns.days.settings import Settings, dice
from campaigns.days.streams import Hub
from campaigns.days.venue import Venue, is_ours
from campaigns.days.verdict import Verdict
from campaigns.days.wire import Oddities
from holdfast.domain.order import OrderStatus, OrderView
from holdfast.exchange.order import Fate, OrderEvent


class Day:
    """The world of one seed."""

    def __init__(self, settings: Settings, parts: Parts | None = None, *, is_traced: bool = False) -> None:
        self.settings = settings
        self.is_traced = is_traced
        self.log: list[str] = []
        self.coverage: Counter[str] = Counter()
        self.violations: list[str] = []
        self.is_calm = False
        self.is_resuming = False
        self._is_buried = False
        seed = settings.seed
        self._random = dice(seed, "day")
        self.loop = VirtualLoop(dice(seed, "shuffle") if settings.is_shuffled else None)
        self.machine = Machine()
        self.disk_faults = DiskFaults(dice(seed, "disk"), settings.chance("disk", 0.0015), self.note)
        self.disk = MachineDisk(self.loop.time, self.disk_faults.before)
        self.lock = LockTable()
        self.calendar = Calendar(settings)
        self.venue = Venue(self.loop, self.calendar, settings)
        self.network = Network(self.loop, settings, self.note)
        self.oddities = Oddities(settings, self.loop.time, self.note)
        self.tapes = {one.name: Tape(one, settings) for one in settings.symbols}
        self.hubs = {
            "orders": Hub(self.loop, settings, ("orders", "updates"), self.note),
            "bars": Hub(self.loop, settings, ("bars", "bars"), self.note),
        }
        self.checker = Checker(settings, self.venue, self.disk, self.note, self.violated, self.say)
        self.hubs["orders"].on_delivery = self._update_delivered
        self.reaper = Reaper(self.loop, settings, self.note, self._killed)
        self.gremlin = Gremlin(self)
        self.bots = Bots(self, parts or Parts())
        self.config = Config(self)
        self.hand = Hand(self)
        self.verdict = Verdict(self)
        self._wish: int | None = None
        self.bars = 0
        self.venue.on_order.append(self._order_happened)

    # What is told

    def note(self, what: str) -> None:
        """Count something that happened."""
        self.coverage[what] += 1

    def say(self, who: str, text: str) -> None:
        """Write a line of the trace."""
        if self.is_traced and not self._is_buried:
            at = timedelta(seconds=round(self.loop.time(), 3))
            self.log.append(f"{at} {who}: {text}")

    def violated(self, text: str) -> None:
        """Take a violation down; the day is over."""
        if self._is_buried:
            return
        self.violations.append(text)
        self.say("CHECKER", text.replace("\n", ": "))
        self.loop.is_over = True

    @property
    def running(self) -> Process | None:
        """The process that is the bot now."""
        return self.bots.running

    # The day

    def run(self) -> None:
        """Live through the day; what went wrong stands in `violations`."""
        sink = self._listen()
        # Nothing of a day outlives it: it is faster to collect its cycles once, after it.
        gc.disable()
        try:
            self.loop.run(self._course())
        except (NothingScheduledError, BusyLoopError) as error:
            self.violated(f"liveness: {type(error).__name__}\n{error}")
        finally:
            self._is_buried = True
            for process in self.bots.all:
                process.is_dead = True
                bury(process.tasks, self.loop)
            bury(self.loop.tasks, self.loop)
            gc.enable()
            logger.enable("holdfast")
            if sink is not None:
                logger.remove(sink)

    def _listen(self) -> int | None:
        """Let the bot's own log go into the trace, or nowhere."""
        if not self.is_traced:
            logger.disable("holdfast")
            return None
        logger.enable("holdfast")
        logger.remove()
        return logger.add(lambda message: self.say("log", str(message).rstrip()), format="{message}", level="DEBUG")

    async def _course(self) -> None:
        self._next_minute(60.0)
        self.hand.schedule()
        self.loop.outside(self._random.uniform(0, 30), self.bots.ensure)
        await self._until(self.calendar.ends_s)
        self._calm()
        await self.verdict.reached()

    async def _until(self, seconds: float) -> None:
        await self.wait(seconds - self.loop.time())

    async def wait(self, seconds: float) -> None:
        """Let virtual time pass."""
        future = self.loop.create_future()
        self.loop.outside(max(0.0, seconds), _wake, future)
        await future

    def wish(self, wish: int | None) -> None:
        """Let every strategy wish the same from the next bar on."""
        self._wish = wish

    def _calm(self) -> None:
        """Let all faults end; what is on its way still arrives."""
        self.say("world", "the faults end")
        self.is_calm = self.reaper.is_calm = self.network.is_calm = self.oddities.is_calm = True
        self.network.is_away = False
        self.machine.wall_offset = timedelta(0)
        self.disk_faults.chance, self.disk_faults.is_full = 0.0, False
        for process in self.bots.all:
            process.dies_at_step = 0
            if process.is_stopped:
                self.loop.go_on(process)
        for hub in self.hubs.values():
            hub.is_calm = True
            hub.come_back()
        self.hand.unblock()
        self.config.complete()
        for symbol in sorted(self.venue.exchange.standing.halted):
            self.venue.resume(symbol)
        self.venue.release()
        for order in self.venue.exchange.books.orders.working():
            if not is_ours(order.client_order_id):
                self.venue.cancel(order.id)
        self._wish = SILENT
        self.loop.outside(1.0, self.bots.ensure)

    # The market

    def _next_minute(self, seconds: float) -> None:
        self.loop.outside(seconds - self.loop.time(), self._minute, seconds)

    def _minute(self, seconds: float) -> None:
        """One minute has passed: bars close, the exchange moves, the stream speaks."""
        opened = moment(seconds) - MINUTE
        bars = []
        if self.calendar.is_open(opened) and self._wish != SILENT:
            bars = [tape.next(opened, self._wish) for tape in self.tapes.values()]
            if "bars" in self.settings.faults and not self.is_calm:
                bars = [bar for bar in bars if self._random.random() > 0.02]
            self.bars += len(bars)
        self.venue.advance(bars)
        for bar in bars:
            self.loop.outside(self._random.uniform(0.1, 2.5), self.hubs["bars"].publish, bar)
        self._next_minute(seconds + 60)

    def draw_fate(self) -> Fate:
        """Draw what the exchange does with an order once it has it."""
        if self.is_calm:
            return Fate.NORMAL
        for fault, chance, fate in _FATES:
            if fault in self.settings.faults and self._random.random() < min(0.3, chance * self.settings.intensity):
                self.note(fault)
                self.loop.outside(self._random.uniform(5, 400), self._release)
                return fate
        return Fate.NORMAL

    def _release(self) -> None:
        self.venue.release()

    def _order_happened(self, event: OrderEvent, view: OrderView) -> None:
        order = event.order
        if self.is_traced:
            self.say("broker", f"{event.kind} {order.client_order_id} {view.filled_quantity}/{view.quantity}")
        self.hubs["orders"].publish(view)
        if not is_ours(order.client_order_id):
            return
        self.note(f"order_{event.kind}")
        process = self.running
        if process is None:
            self.note("order_moved_while_down")
        elif event.kind == "partial_fill":
            self.reaper.at("c8", process)
        elif event.kind in ("pending_new", "accepted"):
            self.loop.outside(self._random.uniform(0.2, 12), self._works, order.id, process)
        elif not order.is_working and order.status is not OrderStatus.FILLED:
            self.note("ended_short")

    def _works(self, order_id: str, process: Process) -> None:
        if self.venue.order(order_id).is_working:
            self.reaper.at("working", process)

    def _update_delivered(self, process: Process, view: OrderView) -> None:
        # The whole of what others did to this symbol is asked for as soon as one of their fills is heard of.
        if view.filled_quantity and not is_ours(view.client_order_id):
            self.checker.updated(process, view.symbol, self.venue.time_of(view))

    # Disasters

    def _killed(self, process: Process, is_power: bool) -> None:  # noqa: FBT001 - one caller
        self.say("world", f"{process.name} is killed{' with the power' if is_power else ''}")
        if is_power:
            self.disk.cut_power(self._random)
            self.checker.power_cut()
            for other in self.bots.all:
                if not other.is_dead:
                    other.is_dead = True
                    self.bots.ended(other)
        self.bots.ended(process)
        self.hand.finds_it_down()

    def touched(self, what: str, symbol: str) -> None:
        """Note what another hand did to a symbol's memory."""
        self.note(what)
        self.say("world", f"{what} {symbol}")
        self.bots.is_memory_touched = True
        self.checker.memory_touched(symbol)


_FATES = (
    ("frozen", 0.12, Fate.FROZEN),
    ("partial", 0.1, Fate.PARTIAL),
    ("rejected", 0.04, Fate.REJECTED),
    ("stuck", 0.1, Fate.STUCK),
)


def _wake(future: "object") -> None:
    future.set_result(None)  # type: ignore[attr-defined]
