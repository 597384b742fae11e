"""Incarnations of the bot: wired as `bootstrap` wires it, run until they end, are killed or are asked to stop."""

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from campaigns.days.clock import VirtualClock
from campaigns.days.disk import ROOT
from campaigns.days.loop import PROCESS, Process
from campaigns.days.machine import LoopRunner, VirtualLock
from campaigns.days.market import ReadsVolume
from campaigns.days.recovery import rows_met
from campaigns.days.settings import Symbol, dice
from campaigns.days.streams import BarSocket, OrderSocket
from campaigns.days.wire import WireBroker, WireHistory, Witness
from holdfast.adapters.ballast import Ballast
from holdfast.adapters.state_files import StateFiles
from holdfast.adapters.state_folder import StateFolder
from holdfast.adapters.state_journal import JournalFiles
from holdfast.bootstrap.identity import claim_folder
from holdfast.domain import events
from holdfast.domain.decide import Rules
from holdfast.domain.errors import HoldfastError, LockedError
from holdfast.domain.external import ExternalChange
from holdfast.domain.order import OrderStatus
from holdfast.domain.state import Status, SymbolState
from holdfast.domain.timeframe import TIMEFRAMES
from holdfast.engine.chronicle import Chronicle
from holdfast.engine.drive import RealTime, drive
from holdfast.engine.memory import Missing, Unreadable
from holdfast.engine.outside import Identity, Outside
from holdfast.engine.spec import SymbolSpec
from holdfast.engine.start import Started, start
from holdfast.engine.supervisor import Supervisor
from holdfast.engine.worker import SymbolWorker

if TYPE_CHECKING:
    from campaigns.days.day import Day

BOT = "main"


@dataclass(frozen=True)
class Parts:
    """What a run of the bot is made of. The defaults are the product's own; a planted bug replaces one."""

    worker: type[SymbolWorker] = SymbolWorker
    store: type[StateFiles] = StateFiles
    broker: type[WireBroker] = WireBroker
    clock: type[VirtualClock] = VirtualClock
    lock: type[VirtualLock] = VirtualLock


class SmallBallast(Ballast):
    """The ballast of a modelled disk, which counts writes and not bytes."""

    size = 1


def spec_of(symbol: Symbol) -> SymbolSpec:
    """Return a symbol in the engine's words."""
    rules = Rules(BOT, symbol.quantity, TIMEFRAMES["1Min"], may_short=symbol.may_short)
    return SymbolSpec(symbol.name, rules, ReadsVolume(), "reads_volume", ExternalChange(symbol.policy))


class Watched:
    """The store as the engine sees it, with the checker and the reaper looking on at every save."""

    def __init__(self, store: StateFiles, process: Process, day: "Day") -> None:
        self._store = store
        self._process = process
        self._day = day
        self.before: dict[str, SymbolState] = {}
        self._met: set[str] = set()
        self.symbols = store.symbols
        self.trouble = store.trouble
        self.entries_stopped = store.entries_stopped

    async def load(self, symbol: str) -> SymbolState | Missing | Unreadable:
        """Read one file."""
        found = await self._store.load(symbol)
        if symbol not in self._met:
            self._met.add(symbol)
            for row in rows_met(found, symbol, self._day.venue):
                self._day.note(row)
        if isinstance(found, SymbolState):
            self.before.setdefault(symbol, found)
        else:
            self._day.note("read_missing" if isinstance(found, Missing) else "read_unreadable")
        return found

    async def save(self, state: SymbolState) -> SymbolState:
        """Write one file."""
        kind = _kind(self.before.get(state.symbol), state)
        self._day.checker.saved(state)
        for point in {"intent": ("c1",), "answered": ("c7",), "settles": ("c9",), "": ()}[kind]:
            if self._day.reaper.at(point, self._process):
                await self._process.gone()
        self._day.bots.saving[state.symbol] = kind
        saved = await self._store.save(state)
        self.before[state.symbol] = saved
        self._day.gremlin.remember(state.symbol)
        if self._day.is_traced:
            orders = " ".join(
                f"{one.client_order_id[8:]}={one.status.value}/{one.filled_quantity}" for one in saved.orders
            )
            self._day.say(
                self._process.name,
                f"saved {saved.symbol} #{saved.sequence} {saved.status.value} holds {saved.position.quantity}"
                f"+{saved.position.unmanaged_quantity} [{orders}] {saved.status_reason or ''}",
            )
        if kind == "settles" and self._day.reaper.at("c11", self._process):
            await self._process.gone()
        return saved

    async def set_aside(self, symbol: str, *, is_copy: bool = False) -> str:
        """Move a file away."""
        self._day.note("set_aside")
        return await self._store.set_aside(symbol, is_copy=is_copy)


def _kind(before: SymbolState | None, after: SymbolState) -> str:
    """Say what a save is about: an intent, an order's answer, an order's end, or anything else."""
    for order in after.orders:
        known = before.order(order.client_order_id) if before else None
        if order.status is OrderStatus.INTENT and known is None:
            return "intent"
        if not order.is_unsettled and known is not None and known.is_unsettled:
            return "settles"
        if known is not None and known.status is OrderStatus.INTENT and order.status is not OrderStatus.INTENT:
            return "answered"
    return ""


class Bots:
    """Starts incarnations, and starts the next one when one has ended."""

    def __init__(self, day: "Day", parts: Parts) -> None:
        self._day = day
        self._parts = parts
        self._random = dice(day.settings.seed, "bots")
        # Saves that only note a quiet bar are alike: most days make fewer of them.
        self._checkpoint_s = dice(day.settings.seed, "checkpoint").choice((60.0, 300.0, 900.0))
        self._number = 0
        self._stops: dict[Process, asyncio.Event] = {}
        self.all: list[Process] = []
        self.saving: dict[str, str] = {}
        self.running: Process | None = None
        self.is_wanted = True
        self.is_memory_touched = False

    def begin(self, *, is_second: bool = False, work: Callable[[Process], Any] | None = None) -> Process:
        """Start one more process."""
        self._number += 1
        process = Process(f"bot{self._number}")
        self.all.append(process)
        if not is_second:
            self.running = process
            self.is_memory_touched = False
            if work is None:
                self._day.reaper.draw(process)
        context = copy_context()
        context.run(PROCESS.set, process)
        self._day.say("world", f"{process.name} begins")
        context.run(self._day.loop.create_task, self._to_its_end(process, work or self._live))
        return process

    async def _to_its_end(self, process: Process, life: Callable[[Process], Any]) -> None:
        why = "ended"
        try:
            await life(process)
        except LockedError as error:
            self._day.note("refused_locked")
            why = f"LockedError: {error}"
        except (HoldfastError, OSError) as error:
            self._day.note(f"exit_{type(error).__name__}")
            why = f"{type(error).__name__}: {error}"
        except Exception as error:  # noqa: BLE001 - the checker wants to know of it
            self._day.violated(f"the bot falls over: {type(error).__name__}\n{error}")
        self._day.say("world", f"{process.name} ended: {why}")
        self.ended(process)

    def ended(self, process: Process) -> None:
        """Take note that a process is gone, and start the next one after a while."""
        process.is_dead = True
        self._stops.pop(process, None)
        if self.running is process:
            self.running = next((one for one in reversed(self.all) if not one.is_dead), None)
            if self.running is None and self.is_wanted:
                self._day.loop.outside(self._pause_s(), self.ensure)

    def _pause_s(self) -> float:
        if self._day.is_calm:
            return 2.0
        return self._random.choice((0.1, 1, 3, 8, 20, 60, 240))

    def ensure(self) -> None:
        """Start a process unless one runs."""
        if self.running is None and self.is_wanted:
            self.begin()

    def ask_to_stop(self) -> bool:
        """Send SIGTERM."""
        stop = self._stops.get(self.running) if self.running else None
        if stop is None:
            return False
        # The signal's handler runs in the process.
        self._day.loop.outside(0, stop.set)
        return True

    # One life

    async def _live(self, process: Process) -> None:
        stop = self._stops[process] = asyncio.Event()
        outside, identity, folder = await self.opened(process)
        try:
            await self._resume_some(outside)
            specs = [spec_of(one) for one in self._day.settings.symbols]
            started = self._planted(await start(specs, outside, identity))
            for worker in started.workers.values():
                worker.checkpoint_s = self._checkpoint_s
            supervisor = Supervisor(
                started,
                outside,
                identity,
                self._sockets(process),
                is_paced=False,
                reconcile_every_s=self._day.settings.reconcile_every_s,
                random=Random(identity.account_id),  # noqa: S311 - jitter, as bootstrap draws it
            )
            supervisor.begin()
            try:
                await drive(RealTime(outside.clock, started.portfolio), supervisor, stop)
            finally:
                await supervisor.stop()
        finally:
            folder.unlock()

    async def opened(self, process: Process) -> tuple[Outside, Identity, StateFolder]:
        """Lock the folder, reach the broker, check the account: what bootstrap does before the engine."""
        day, parts = self._day, self._parts
        lock = parts.lock(day.lock, process)
        folder = StateFolder(ROOT, day.disk, lock).lock()
        witness = Witness(
            day.checker.posting, day.checker.canceling, day.checker.asked, day.checker.answered, day.reaper.at
        )
        broker = parts.broker(process, day.venue, day.network, day.oddities, day.settings, witness, day.draw_fate)
        clock = parts.clock(day.loop, day.machine)
        is_slow = "disk" in day.settings.faults
        runner = LoopRunner(
            day.loop,
            dice(day.settings.seed, process.name),
            lambda key: self._before_step(process, key),
            is_slow=is_slow,
        )
        try:
            account = await broker.account()
            name = "sim" if day.settings.is_simulated else "paper"
            claim_folder(folder, name, account, clock, archive=False)
        except BaseException:
            folder.unlock()
            raise
        store = Watched(parts.store(folder, clock.wall, runner, SmallBallast(folder).take()), process, day)
        history = WireHistory(broker, day.tapes, day.loop, day.venue)
        journal = JournalFiles(folder, clock.wall)
        outside = Outside(broker, history, store, clock, Chronicle(journal))
        return outside, Identity(BOT, account.id, is_simulated=day.settings.is_simulated), folder

    def _before_step(self, process: Process, symbol: str) -> bool:
        kind = self.saving.get(symbol, "")
        point = {"intent": "c2", "settles": "c10"}.get(kind)
        return self._day.reaper.at(point, process) if point else process.is_dead

    async def _resume_some(self, outside: Outside) -> None:
        """The owner types `holdfast resume` before some starts: what `bootstrap.resume` does with one file."""
        if not self._day.is_resuming and self._random.random() > 0.4:
            return
        for symbol in self._day.settings.symbols:
            content = self._day.disk.now(ROOT / f"{symbol.name}.json") or b""
            if not any(f'"{status}"'.encode() in content for status in (Status.HALTED, Status.QUARANTINED)):
                continue
            try:
                state = await outside.store.load(symbol.name)
                if isinstance(state, SymbolState) and state.status in (Status.HALTED, Status.QUARANTINED):
                    await outside.store.save(state.apply(events.Resumed()))
                    self._day.say("world", f"resumed {symbol.name}: {state.status_reason}")
            except OSError:
                continue

    def _planted(self, started: Started) -> Started:
        """Put the worker class of the parts in the place of the product's."""
        if self._parts.worker is SymbolWorker:
            return started
        for symbol, good in started.workers.items():
            tools = good._tools  # noqa: SLF001 - a planted worker takes the place of a good one
            planted = self._parts.worker(good.spec, good.state, good.window, tools, good.holds)
            planted.progress = good.progress
            started.workers[symbol] = planted
        return started

    def _sockets(self, process: Process) -> tuple[BarSocket, OrderSocket]:
        context, hubs = copy_context(), self._day.hubs
        bars, orders = BarSocket(hubs["bars"], process, context), OrderSocket(hubs["orders"], process, context)
        hubs["bars"].sockets.append(bars)
        hubs["orders"].sockets.append(orders)
        return bars, orders
