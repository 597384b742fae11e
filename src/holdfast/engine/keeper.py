"""One symbol's books: its state in memory, on disk and against the broker. No decision is taken here.

It is the only writer of the symbol's file (I6); every change is applied as an event and made durable in one save (I7).
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce

from loguru import logger

from holdfast.domain import events
from holdfast.domain.bar import Bar
from holdfast.domain.decimals import plain
from holdfast.domain.doubt import lost_answer, unresolved, with_doubt
from holdfast.domain.errors import OutcomeUnknown, Recoverable, Rejected
from holdfast.domain.fee import FEE_WHY, less_fee
from holdfast.domain.order import OrderRecord, OrderStatus, OrderView, Role
from holdfast.domain.position import ZERO
from holdfast.domain.reconcile import reconcile, traded_beyond
from holdfast.domain.replay import role_of
from holdfast.domain.risk import overreaches
from holdfast.domain.state import Correction, Status, SymbolState, is_only_progress
from holdfast.domain.symbols import is_pair
from holdfast.engine.chronicle import Chronicle
from holdfast.engine.hold import NO_HOLDS, Holds, after_fill, next_holds, position_moved
from holdfast.engine.inbox import FactsRead
from holdfast.engine.lookups import LookUpSchedule
from holdfast.engine.memory import Missing, StateStore
from holdfast.engine.portfolio import Portfolio
from holdfast.engine.ports import Broker, Clock
from holdfast.engine.reconciler import Ready
from holdfast.engine.spec import SymbolSpec
from holdfast.engine.submission import says_the_same


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


class SymbolKeeper:
    """Keeps one symbol's state true, whatever is heard of its orders and its position."""

    def __init__(self, spec: SymbolSpec, state: SymbolState, tools: Tools, holds: Holds = NO_HOLDS) -> None:
        self.spec = spec
        self.state = state
        self.holds = holds
        self.progress = Progress()
        self._tools = tools
        self._lookups = LookUpSchedule(tools.broker.assumptions, started=tools.clock.monotonic())
        self._saved_at = tools.clock.monotonic()
        self._filled_at = float("-inf")
        self._begun_at = tools.clock.now()
        self._has_unsaved = False
        self._stopping = False
        self._in_flight: str | None = None
        self._is_fee_due = False
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
    def has_unsaved(self) -> bool:
        """Whether memory knows a decision that the file does not."""
        return self._has_unsaved

    async def checkpoint(self) -> None:
        """Save what memory knows and the file does not."""
        self.state = await self._tools.store.save(self.state)
        self._saved_at = self._tools.clock.monotonic()
        self._has_unsaved = False

    async def recover(self) -> None:
        """After a failure, believe the disk; where it holds nothing valid or an older version, write what is known."""
        on_disk = await self._tools.store.load(self.symbol)
        if not isinstance(on_disk, SymbolState) or on_disk.sequence < self.state.sequence:
            if not isinstance(on_disk, Missing):
                await self._tools.store.set_aside(self.symbol)
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

    async def _see(self, view: OrderView) -> None:
        record = self.state.order(view.client_order_id)
        if record is None:
            # Booked and dropped long ago, or another bot's: only the reconciler, which sees everything, may tell.
            return
        if record.broker_order_id is None and not says_the_same(view, self.symbol, record):
            evidence = f"the broker holds another order under {view.client_order_id}"
            await self._commit(events.StatusSet(Status.HALTED, f"{evidence}: holdfast resume {self.symbol}"))
            return
        seen = events.OrderSeen(view, role_of(self.state.position.quantity, view.side))
        noted = traded_beyond(self.state, self.state.apply(seen), view.client_order_id, self._tools.clock.now())
        await self._commit(seen, *(correction.noted for correction in noted))

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
            await self._let_go()

    async def _let_go(self) -> None:
        """Cancel what may fill beyond what is wanted now; a removed symbol wants nothing, and keeps its position."""
        for record in self._overreaching():
            if record.status is not OrderStatus.PENDING_CANCEL:
                # Asked for again with each look-up, and those grow rarer: a broker that is deaf is not pestered.
                await self._ask_to_cancel(record)

    def _overreaching(self) -> list[OrderRecord]:
        quantity = self.spec.rules.quantity
        return [record for record in self.state.unsettled if overreaches(record, self.state, quantity)]

    async def _cancel(self, record: OrderRecord | None) -> None:
        """Ask for a cancel and watch the order closely: only a terminal look-up says that it happened."""
        if record is not None:
            await self._ask_to_cancel(record)
            self._lookups.watch(self._tools.clock.monotonic())

    async def _ask_to_cancel(self, record: OrderRecord) -> None:
        if record.broker_order_id is None:
            return
        try:
            await self._tools.broker.cancel(record.broker_order_id)
        except (Recoverable, Rejected, OutcomeUnknown) as error:
            logger.info("{}: the cancel of {} is open: {}", self.symbol, record.client_order_id, error)

    async def _doubt_position(self, reason: str) -> None:
        """Trade nothing until a snapshot has shown what the account holds."""
        tools = self._tools
        self.holds = position_moved(self.holds, reason, tools.clock.monotonic(), tools.broker.assumptions)
        tools.portfolio.reconcile_wanted.set()
        await self._commit()

    async def _book_fee(self) -> None:
        """Before a decision: what the broker took of a purchase is gone, however soon the next bar comes."""
        if not self._is_fee_due:
            return
        try:
            holding = await self._tools.broker.position(self.symbol)
        except (Recoverable, Rejected) as error:
            logger.debug("{}: the fee could not be read from the position: {}", self.symbol, error)
            return
        total = holding.quantity if holding else ZERO
        before, after = self.state.position, less_fee(self.state, total)
        if after.position.total_quantity != total:
            return
        self._is_fee_due = False
        if after is not self.state:
            change = plain(before.quantity), plain(after.position.quantity)
            correction = Correction(self._tools.clock.now(), "position.quantity", *change, FEE_WHY)
            await self._save_if_changed(after.apply(correction.noted))

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
            if record.role is Role.EXIT:
                # What was refused may be gone: a split, a transfer, the owner's hand.
                self._tools.portfolio.reconcile_wanted.set()

    async def _on_facts(self, read: FactsRead) -> None:
        if read.sequence != self.state.sequence:
            # The file has moved on meanwhile: nothing can be concluded, but what differs is not left for minutes.
            if read.facts.total != self.state.position.total_quantity:
                self._tools.portfolio.reconcile_wanted.set()
            return
        earlier = self.holds.earlier(read.taken)
        outcome = reconcile(self.state, read.facts, self.spec.policy, at=read.at, earlier=earlier)
        self._look_for_a_twin(outcome.state)
        before = self.holds
        self.holds = next_holds(before, outcome, read.facts, read.taken, self._tools.broker.assumptions)
        self._is_fee_due = self._is_fee_due and outcome.doubt is not None
        after = outcome.state
        if after.order_may_arrive and self.holds.wire is None:
            after = after.apply(events.OrderMayArrive(is_possible=False))
        try:
            await self._save_if_changed(after)
        except BaseException:
            # The file still says what was doubted: so is the doubt.
            self.holds = before
            raise
        if self._overreaching():
            self._lookups.watch(self._tools.clock.monotonic())
        read.found(self.symbol, Ready(self.state, outcome.corrections, self.holds))

    def _look_for_a_twin(self, after: SymbolState) -> None:
        """An order with our prefix, sent since this process began and not by it: another bot has our name."""
        known = {order.client_order_id for order in self.state.orders}
        strange = [
            order.client_order_id
            for order in after.orders
            if order.client_order_id not in known and order.submitted_at and order.submitted_at >= self._begun_at
        ]
        # After a lost memory an order of our own may still turn up: that is what the wire hold waits for.
        if strange and not self.state.order_may_arrive:
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
            self._filled_at = self._tools.clock.monotonic()
            self.holds = after_fill(self.holds, self._filled_at)
            if is_pair(self.symbol) and before.position.quantity < self.state.position.quantity:
                # The broker takes its fee of a purchase in the asset: only the position tells what is left.
                self._is_fee_due = True
                self._tools.portfolio.reconcile_wanted.set()
        self.progress.trades += self._tools.chronicle.changed(before, self.state)
        self._tools.portfolio.follow(before, self.state)

    def _waiting_until(self, state: SymbolState) -> datetime | None:
        now = self._tools.clock.monotonic()
        ends = self.holds.ends
        left = self._lookups.seconds_left(state, now) if ends is None else ends - now
        return self._tools.clock.wall() + timedelta(seconds=left)
