"""One symbol's worker: bars, order news and snapshots in; decisions, orders and a true state file out.

It is the only writer of its file (I6). It raises when something is wrong with its symbol; the supervisor restarts it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce

from loguru import logger

from holdfast.domain import events
from holdfast.domain.bar import Bar
from holdfast.domain.decide import Decision, Moment, decide
from holdfast.domain.doubt import lost_answer, unresolved, with_doubt
from holdfast.domain.errors import OutcomeUnknown, Recoverable, Rejected
from holdfast.domain.order import OrderRecord, OrderView
from holdfast.domain.reconcile import reconcile, role_of
from holdfast.domain.risk import Approved, judge
from holdfast.domain.state import Status, SymbolState, is_only_progress
from holdfast.engine.chronicle import Chronicle
from holdfast.engine.evaluation import evaluate
from holdfast.engine.hold import NO_HOLDS, Holds, after_fill, next_holds, stranger_traded
from holdfast.engine.inbox import BarClosed, FactsRead, Inbox, LookUp, Message, OrderNews, StrangerTraded
from holdfast.engine.lookups import LookUpSchedule
from holdfast.engine.memory import StateStore
from holdfast.engine.portfolio import Portfolio
from holdfast.engine.ports import Broker, Clock
from holdfast.engine.spec import SymbolSpec
from holdfast.engine.submission import IdCollisionError, says_the_same, send
from holdfast.engine.window import BarWindow

# A decision that changes nothing is not worth an fsync each bar; the file is never older than this.
CHECKPOINT_S = 60.0
NO_SIGNAL = frozenset({Status.PAUSED, Status.HALTED, Status.SUSPENDED, Status.QUARANTINED, Status.RETIRED})


@dataclass(frozen=True, slots=True)
class Tools:
    """What every worker shares."""

    broker: Broker
    store: StateStore
    chronicle: Chronicle
    clock: Clock
    portfolio: Portfolio
    account_id: str


@dataclass(slots=True)
class Progress:
    """What people watch: the newest bar, and what the symbol did in this run."""

    last_bar: Bar | None = None
    trades: int = 0


class SymbolWorker:
    """Runs one symbol until told to stop."""

    def __init__(
        self, spec: SymbolSpec, state: SymbolState, window: BarWindow, tools: Tools, holds: Holds = NO_HOLDS
    ) -> None:
        self.spec = spec
        self.state = state
        self.window = window
        self.holds = holds
        self.inbox = Inbox()
        self.progress = Progress()
        self._tools = tools
        self._lookups = LookUpSchedule(tools.broker.assumptions, started=tools.clock.monotonic())
        self._saved_at = tools.clock.monotonic()
        self._has_unsaved = False
        self._stopping = False
        self._in_flight: str | None = None
        self._resolved = asyncio.Event()

    @property
    def symbol(self) -> str:
        """The worker's symbol."""
        return self.spec.symbol

    @property
    def awaited(self) -> frozenset[str]:
        """The ids of the orders whose outcome only the broker's word can tell, and that are being asked for."""
        if self._stopping or self.state.status in (Status.HALTED, Status.QUARANTINED):
            return frozenset()
        return frozenset(order.client_order_id for order in unresolved(self.state))

    async def resolved(self) -> None:
        """Wait until the broker has given its word on every order sent."""
        while self.awaited:
            self._resolved.clear()
            await self._resolved.wait()

    @property
    def is_followed(self) -> bool:
        """Whether its bars are wanted: it is configured and the broker knows the asset."""
        return self.spec.strategy is not None and self.state.status is not Status.SUSPENDED

    @property
    def has_unsaved(self) -> bool:
        """Whether memory knows a decision that the file does not."""
        return self._has_unsaved

    def newest_bar_time(self, now: datetime) -> datetime:
        """Return the open time of the newest bar known; without one, that of the bar that closed at `now`."""
        bar = self.progress.last_bar
        return bar.time if bar else now - self.spec.rules.timeframe.length

    def warm_up(self, bars: Sequence[Bar]) -> None:
        """Take the history before the first live bar, oldest first; no decision is taken on it."""
        for bar in bars:
            self._take(bar)

    def _take(self, bar: Bar) -> bool:
        """Add a bar to the window unless it is not newer than the newest; return whether it is."""
        if self.progress.last_bar is not None and bar.time <= self.progress.last_bar.time:
            return False
        self.progress.last_bar = bar
        self.window.append(bar)
        return True

    def put(self, message: Message) -> None:
        """Tell the worker something."""
        self.inbox.put(message)

    def stop(self) -> None:
        """Take no new decisions; `run` ends after the message in hand."""
        self._stopping = True
        self.put(LookUp())

    async def run(self) -> None:
        """Deal with messages until stopped. Raises whatever goes wrong with the symbol."""
        while not self._stopping:
            message = await self.inbox.get(self._lookups.wait_s(self.state, self._tools.clock.monotonic()))
            try:
                await self._handle(message)
            finally:
                self._resolved.set()
                self.inbox.done()
        if self.state.unsettled:
            # What filled a moment ago shall stand in the file that a person reads next.
            await self._look_up()

    async def checkpoint(self) -> None:
        """Save what memory knows and the file does not."""
        self.state = await self._tools.store.save(self.state)
        self._saved_at = self._tools.clock.monotonic()
        self._has_unsaved = False

    async def recover(self) -> None:
        """After a failure, believe the disk; where it holds nothing valid, write what is remembered."""
        on_disk = await self._tools.store.load(self.symbol)
        if not isinstance(on_disk, SymbolState):
            await self.checkpoint()
            return
        last = self.state.last_decision
        # A save may raise after it has taken effect.
        self._tools.portfolio.follow(self.state, on_disk)
        self.state = on_disk
        if last is not None and last != on_disk.last_decision:
            # The decision that failed is the newest thing to be told; the disk knows the rest better.
            taken = (last.at, last.bar, last.signal, last.action, last.why, on_disk.target, on_disk.rearm)
            self.state = on_disk.apply(events.DecisionTaken(*taken))
            self._has_unsaved = True

    async def set_status(self, status: Status, reason: str) -> None:
        """Change what the symbol may do, durably; only while `run` is not running."""
        await self._commit(events.StatusSet(status, reason))

    async def _handle(self, message: Message) -> None:
        match message:
            case BarClosed(bar):
                if not self._stopping:
                    await self._on_bar(bar)
            case OrderNews(view):
                await self._see(view)
            case LookUp():
                if not self._stopping:
                    await self._look_up()
            case StrangerTraded():
                self.holds = stranger_traded(self.holds, self._tools.clock.monotonic(), self._tools.broker.assumptions)
            case FactsRead():
                await self._on_facts(message)

    async def _on_bar(self, bar: Bar) -> None:
        if not self._take(bar):
            return
        now = self._tools.clock.now()
        moment = Moment(now, bar.time, bar.close, self._tools.portfolio.is_session_open(now))
        try:
            decision = self._decide(moment)
        except Exception as error:
            # Also this bar ends in a decision with its reason (I12); the supervisor does the rest.
            failed = Decision("error", f"{type(error).__name__}: {error}", None, self.state.target, self.state.rearm)
            self.state = self.state.apply(_taken(failed, moment))
            raise
        await self._act(decision, moment)

    def _decide(self, moment: Moment) -> Decision:
        strategy = None if self.state.status in NO_SIGNAL else self.spec.strategy
        signal = evaluate(strategy, self.window.bars()) if strategy else None
        position, wire = self.holds.position, self.holds.wire
        return decide(
            self.state,
            signal,
            moment,
            self.spec.rules,
            doubt=position.reason if position else None,
            entry_doubt=wire.reason if wire else None,
        )

    async def _act(self, decision: Decision, moment: Moment) -> None:
        if decision.intent is None:
            await self._note(decision, moment)
            await self._cancel(decision.cancel)
            return
        verdict = judge(decision.intent, self.state, moment, self.spec.rules, self._tools.portfolio.means())
        if isinstance(verdict, Approved):
            await self._trade(decision, verdict, moment)
        else:
            refused = Decision("refused", verdict.why, decision.signal, self.state.target, decision.rearm)
            await self._note(refused, moment)

    async def _note(self, decision: Decision, moment: Moment) -> None:
        """Remember a decision without an order; durable at once only if it says something new."""
        event = _taken(decision, moment)
        before, self.state = self.state, self.state.apply(event)
        self._has_unsaved = True
        is_due = self._tools.clock.monotonic() - self._saved_at >= CHECKPOINT_S
        if is_due or _says_more(before, self.state):
            await self.checkpoint()

    async def _trade(self, decision: Decision, approved: Approved, moment: Moment) -> None:
        intent = approved.intent
        self._tools.chronicle.decided(intent, decision.why)
        # Claimed before the first await, so that two workers never count on the same cash.
        self._tools.portfolio.purse.reserve(intent.client_order_id, approved.reserve)
        self._in_flight = intent.client_order_id
        try:
            await self._commit(_taken(decision, moment), events.IntentRecorded(intent))
        except BaseException:
            self._in_flight = None
            self._tools.portfolio.purse.release(intent.client_order_id)
            raise
        self._lookups.sent(intent.client_order_id, self._tools.clock.monotonic())
        try:
            answer: events.Event | None = await send(
                intent, self._tools.account_id, self._tools.store, self._tools.broker
            )
        except IdCollisionError as error:
            answer = events.StatusSet(Status.HALTED, f"{error}: holdfast resume {self.symbol}")
        finally:
            self._in_flight = None
        # The clock of a lost answer starts when the request is given up, not when it was begun.
        self._lookups.sent(intent.client_order_id, self._tools.clock.monotonic())
        await self._commit(*([answer] if answer else []))

    async def _cancel(self, record: OrderRecord | None) -> None:
        """Ask for a cancel; only a terminal look-up says that it happened."""
        if record is None or record.broker_order_id is None:
            return
        try:
            await self._tools.broker.cancel(record.broker_order_id)
        except (Recoverable, Rejected, OutcomeUnknown) as error:
            logger.info("{}: the cancel of {} is open: {}", self.symbol, record.client_order_id, error)
        self._lookups.sent(record.client_order_id, self._tools.clock.monotonic())

    async def _see(self, view: OrderView) -> None:
        record = self.state.order(view.client_order_id)
        if record is None:
            # Booked and dropped long ago, or another bot's: only the reconciler, which sees everything, may tell.
            return
        if record.broker_order_id is None and not says_the_same(view, self.symbol, record):
            evidence = f"the broker holds another order under {view.client_order_id}"
            await self._commit(events.StatusSet(Status.HALTED, f"{evidence}: holdfast resume {self.symbol}"))
            return
        await self._commit(events.OrderSeen(view, role_of(self.state.position.quantity, view.side)))

    async def _look_up(self) -> None:
        """Ask about each unsettled order; only the broker's word ends it, or a proof that it never arrived."""
        try:
            for record in self.state.unsettled:
                await self._ask_for(record)
        except (Recoverable, Rejected) as error:
            logger.debug("{}: the orders could not be looked up: {}", self.symbol, error)
        finally:
            # Also after a failure the next time is later: a broker in trouble must not be asked in a loop.
            self._lookups.looked_up(self.state, self._tools.clock.monotonic())

    async def _ask_for(self, record: OrderRecord) -> None:
        view = await self._tools.broker.order_by_client_id(record.client_order_id)
        if view is None:
            await self._not_found(record)
        else:
            self._lookups.found(record.client_order_id)
            await self._see(view)

    async def _not_found(self, record: OrderRecord) -> None:
        if not self._lookups.is_absence_proved(record, self._tools.clock.monotonic()):
            return
        if record.broker_order_id is not None:
            evidence = (
                f"the broker does not know the order {record.client_order_id} any more, last {record.status.value}"
            )
            await self._commit(events.StatusSet(Status.HALTED, f"{evidence}: holdfast resume {self.symbol}"))
        else:
            await self._commit(events.OrderProvedAbsent(record.client_order_id))

    async def _on_facts(self, read: FactsRead) -> None:
        if read.sequence != self.state.sequence:
            return
        confirmed = self.holds.confirmed_total(read.taken)
        outcome = reconcile(self.state, read.facts, self.spec.policy, at=read.at, confirmed_total=confirmed)
        self._look_for_a_twin(outcome.state)
        before = self.holds
        self.holds = next_holds(before, outcome, read.facts, read.taken, self._tools.broker.assumptions)
        after = outcome.state
        if after.order_may_arrive and self.holds.wire is None:
            after = after.apply(events.OrderMayArrive(is_possible=False))
        try:
            await self._save_if_changed(after)
        except BaseException:
            # The file still says what was doubted: so is the doubt.
            self.holds = before
            raise

    def _look_for_a_twin(self, after: SymbolState) -> None:
        """An order with our prefix that this process did not send: another bot of our name trades this account."""
        known = {order.client_order_id for order in self.state.orders}
        strange = [order.client_order_id for order in after.orders if order.client_order_id not in known]
        if strange:
            why = f"another bot with our name sent {strange[0]}: give each bot in an account a name of its own"
            self._tools.portfolio.stop_entries(why)
            logger.error("{}: {}; entries stop everywhere, exits go on", self.symbol, why)

    async def _commit(self, *happened: events.Event) -> None:
        """Apply what happened and make it durable in one save (I7)."""
        await self._save_if_changed(reduce(SymbolState.apply, happened, self.state))

    async def _save_if_changed(self, after: SymbolState) -> None:
        reason = self.holds.reason or lost_answer(after, self._in_flight)
        after = with_doubt(after, reason, self._waiting_until(after))
        if after == self.state:
            return
        if is_only_progress(self.state, after):
            # Nothing a restart could need: the look-up would find it again. The next save takes it along.
            self.state = after
            self._has_unsaved = True
            return
        before = self.state
        self.state = after
        try:
            await self.checkpoint()
        except BaseException:
            self.state = before
            raise
        if before.position != self.state.position:
            self.holds = after_fill(self.holds, self._tools.clock.monotonic())
        self.progress.trades += self._tools.chronicle.changed(before, self.state)
        self._tools.portfolio.follow(before, self.state)

    def _waiting_until(self, state: SymbolState) -> datetime | None:
        now = self._tools.clock.monotonic()
        ends = self.holds.ends
        left = self._lookups.seconds_left(state, now) if ends is None else ends - now
        return self._tools.clock.wall() + timedelta(seconds=left)


def _taken(decision: Decision, moment: Moment) -> events.DecisionTaken:
    return events.DecisionTaken(
        moment.now, moment.bar_time, decision.signal, decision.action, decision.why, decision.target, decision.rearm
    )


def _says_more(before: SymbolState, after: SymbolState) -> bool:
    old, new = before.last_decision, after.last_decision
    if old is None or new is None or (before.target, before.rearm) != (after.target, after.rearm):
        return True
    return (old.action, old.signal) != (new.action, new.signal)
