"""Planted bugs: each a small change to one part, as somebody might make it in good faith."""

import contextlib
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from builders import at
from fakes.broker import FakeBroker
from fakes.clock import ManualClock
from fakes.memory import MemoryStore
from holdfast.domain import events
from holdfast.domain.broker_facts import Rows
from holdfast.domain.decide import Decision, Moment
from holdfast.domain.doubt import unresolved
from holdfast.domain.errors import DuplicateOrder, HoldfastError, Rejected
from holdfast.domain.order import Intent, OrderRecord, OrderStatus, OrderView, Role
from holdfast.domain.reconcile import reconcile
from holdfast.domain.risk import Approved
from holdfast.domain.state import SymbolState
from holdfast.engine.approval import SavedIntent
from holdfast.engine.hold import NO_HOLDS, Holds
from holdfast.engine.inbox import FactsRead
from holdfast.engine.keeper import Tools
from holdfast.engine.memory import Missing, Unreadable
from holdfast.engine.spec import SymbolSpec
from holdfast.engine.window import BarWindow
from holdfast.engine.worker import SymbolWorker


@dataclass(frozen=True, slots=True)
class Plant:
    """The parts of a world; the defaults are the good ones."""

    worker: type[SymbolWorker] = SymbolWorker
    store: type[MemoryStore] = MemoryStore
    broker: type[FakeBroker] = FakeBroker
    clock: type[ManualClock] = ManualClock


class SaveAfterSubmit(SymbolWorker):
    """Sends first and writes down afterwards."""

    async def _trade(self, decision: Decision, approved: Approved, moment: Moment) -> None:
        del decision, moment
        view = await self._tools.broker.submit(SavedIntent(approved.intent))
        await self._commit(events.IntentRecorded(approved.intent), events.OrderSeen(view, approved.intent.role))


class WriteBehind(MemoryStore):
    """Answers from memory and lets the disk follow one save later: no fsync."""

    def __init__(self, *states: SymbolState) -> None:
        super().__init__(*states)
        self._behind: dict[str, SymbolState] = {}

    async def save(self, state: SymbolState) -> SymbolState:
        """Keep this version in memory and write the one before."""
        if state.symbol in self._behind:
            await super().save(self._behind[state.symbol])
        self._behind[state.symbol] = state.apply(events.Saved(datetime.min))  # noqa: DTZ901 - never looked at
        return self._behind[state.symbol]

    async def load(self, symbol: str) -> SymbolState | Missing | Unreadable:
        """Read what memory says."""
        return self._behind.get(symbol) or await super().load(symbol)


class DeadAt404(SymbolWorker):
    """Takes the first 404 for proof."""

    async def _not_found(self, record: OrderRecord) -> None:
        await self._commit(events.OrderProvedAbsent(record.client_order_id))


class TimeoutIsRejection(SymbolWorker):
    """Takes a lost answer for a no."""

    async def _trade(self, decision: Decision, approved: Approved, moment: Moment) -> None:
        await super()._trade(decision, approved, moment)
        for order in unresolved(self.state):
            await self._commit(events.OrderProvedAbsent(order.client_order_id))


class BelievesRefusals(SymbolWorker):
    """Takes a refusal for the truth at once."""

    async def _trade(self, decision: Decision, approved: Approved, moment: Moment) -> None:
        await super()._trade(decision, approved, moment)
        for order in self.state.orders:
            if order.status is OrderStatus.REFUSED:
                await self._commit(events.OrderProvedAbsent(order.client_order_id))


class Resends(SymbolWorker):
    """Sends an order again whose answer was lost."""

    def _id_of(self, order: OrderRecord) -> str:
        return order.client_order_id

    async def _look_up(self) -> None:
        await super()._look_up()
        for order in unresolved(self.state):
            again = Intent(self._id_of(order), self.symbol, order.side, order.quantity, order.role)
            with contextlib.suppress(HoldfastError):
                await self._tools.broker.submit(SavedIntent(again))


class FreshIdOnRetry(Resends):
    """Sends it again, each time under a new id."""

    _tries = 0

    def _id_of(self, order: OrderRecord) -> str:
        self._tries += 1
        return f"{order.client_order_id[:-1]}{self._tries}"


class AddsEventQuantities(SymbolWorker):
    """Takes the cumulative quantity of an update for the fill itself."""

    async def _see(self, view: OrderView) -> None:
        known = self.state.order(view.client_order_id)
        before = known.filled_quantity if known else Decimal(0)
        await super()._see(replace(view, filled_quantity=before + view.filled_quantity))


class PartialIsFull(SymbolWorker):
    """Takes any fill for the whole order."""

    async def _see(self, view: OrderView) -> None:
        if view.filled_quantity and view.quantity:
            view = replace(view, status=OrderStatus.FILLED, filled_quantity=view.quantity)
        await super()._see(view)


class CancelIsDone(SymbolWorker):
    """Takes a request for a cancel for the cancel."""

    async def _see(self, view: OrderView) -> None:
        is_pending = view.status is OrderStatus.PENDING_CANCEL
        await super()._see(replace(view, status=OrderStatus.CANCELED) if is_pending else view)


class TwoSavesToSettle(SymbolWorker):
    """Settles the order in one save and books its shares in the next."""

    async def _see(self, view: OrderView) -> None:
        after = self.state.apply(events.OrderSeen(view, Role.ENTRY))
        self.state = await self._tools.store.save(replace(after, position=self.state.position))
        self.state = await self._tools.store.save(replace(self.state, position=after.position))


class BelievesOneRead(SymbolWorker):
    """Corrects the file from a single position read."""

    async def _on_facts(self, read: FactsRead) -> None:
        outcome = reconcile(self.state, read.facts, self.spec.policy, at=read.at, earlier=read.facts.read)
        await self._commit()
        self.state = await self._tools.store.save(outcome.state)


class SellsTheWholeAccount(SymbolWorker):
    """Closes what the account holds instead of what the bot manages."""

    def _decide(self, moment: Moment) -> Decision:
        decision = super()._decide(moment)
        if decision.intent is None or decision.intent.role is not Role.EXIT:
            return decision
        everything = abs(self.state.position.total_quantity)
        return replace(decision, intent=replace(decision.intent, quantity=everything))


class ForgetsTheWire(SymbolWorker):
    """Trades at once after a lost file, as if nothing could still arrive."""

    def __init__(
        self, spec: SymbolSpec, state: SymbolState, window: BarWindow, tools: Tools, _holds: Holds = NO_HOLDS
    ) -> None:
        super().__init__(spec, state.apply(events.StatusSet("active", None)), window, tools, NO_HOLDS)


class DuplicateIsRejection(FakeBroker):
    """An adapter that does not tell a duplicate from any other refusal."""

    async def submit(self, intent: SavedIntent) -> OrderView:
        """Take a POST."""
        try:
            return await super().submit(intent)
        except DuplicateOrder as error:
            raise Rejected(error.reason, status=error.status) from None


class IgnoresOrdersAtStart(FakeBroker):
    """A snapshot without the order list."""

    async def orders(self, *, after: datetime | None, open_only: bool = False) -> Rows[OrderView]:
        """Read nothing."""
        await super().orders(after=after, open_only=open_only)
        return Rows(())


class CorruptIsFlat(MemoryStore):
    """Takes a damaged file for an empty one."""

    async def load(self, symbol: str) -> SymbolState | Missing | Unreadable:
        """Read one file."""
        found = await super().load(symbol)
        if isinstance(found, Unreadable):
            return SymbolState(symbol, account_id="account-1", reconciled_at=at(600))
        return found


class WallClockWindows(ManualClock):
    """Counts its windows on the wall clock."""

    def monotonic(self) -> float:
        """Process seconds."""
        return self.wall().timestamp()
