"""What one symbol's bot remembers, and the only way it changes: `SymbolState.apply(event)`.

The transitions stand in one table below. Nothing here knows files, clocks or the broker.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from holdfast.domain import events
from holdfast.domain.order import OrderRecord, OrderStatus, OrderView, Role
from holdfast.domain.position import FLAT, ZERO, Position

SCHEMA_VERSION = 2
SETTLED_KEPT = 5
# The broker's clock and ours may differ by less than this: also one that was set to another time zone is noticed.
RECONCILE_OVERLAP = timedelta(days=1)


class Status(StrEnum):
    """What the symbol may do; anything but ACTIVE carries a reason."""

    ACTIVE = "active"
    IN_DOUBT = "in_doubt"
    PAUSED = "paused"
    HALTED = "halted"
    SUSPENDED = "suspended"
    DRAINING = "draining"
    QUARANTINED = "quarantined"
    RETIRED = "retired"

    @property
    def stands_aside(self) -> bool:
        """Whether the strategy is not even asked: only the books are kept."""
        return self not in (Status.ACTIVE, Status.IN_DOUBT, Status.DRAINING)


@dataclass(frozen=True, slots=True)
class LastDecision:
    """The newest decision: when (market time), on which bar (its open), the signal and what came of it."""

    at: datetime
    bar: datetime
    signal: Decimal | None
    action: str
    why: str


@dataclass(frozen=True, slots=True)
class Correction:
    """One thing the reconciler changed: what it was, what it is, and why."""

    at: datetime
    field: str
    was: str
    now: str
    why: str

    @property
    def noted(self) -> events.CorrectionNoted:
        """The event that puts it into a state."""
        return events.CorrectionNoted(self.at, self.field, self.was, self.now, self.why)


@dataclass(frozen=True, slots=True)
class Ledger:
    """How far the books go, so that nothing is booked twice or forgotten.

    Every order of ours submitted until `orders_through` is booked, on file or not; every activity of others until
    `activities_through` too.
    """

    orders_through: datetime | None = None
    activities_through: datetime | None = None


@dataclass(frozen=True, slots=True)
class SymbolState:
    """One symbol's memory: `state/<SYMBOL>.json` field for field, the ones people look for first.

    `rearm` is +1 or -1 while entries in that direction wait for the signal to have been 0 once. `waiting_until` (wall
    clock) says how long a symbol in doubt waits for the broker's word at the most. `order_may_arrive` stands while an
    order that a lost memory does not know may still be on the wire: every start waits anew until that is waited out.
    """

    symbol: str
    position: Position = FLAT
    target: Decimal = ZERO
    status: Status = Status.ACTIVE
    status_reason: str | None = None
    strategy: str = ""
    last_decision: LastDecision | None = None
    orders: tuple[OrderRecord, ...] = ()
    ledger: Ledger = Ledger()
    rearm: int | None = None
    last_correction: Correction | None = None
    reconciled_at: datetime | None = None
    saved_at: datetime | None = None
    sequence: int = 0
    waiting_until: datetime | None = None
    order_may_arrive: bool = False
    account_id: str = ""
    schema_version: int = SCHEMA_VERSION

    @property
    def is_in_position(self) -> bool:
        """Whether the bot manages any quantity of the symbol."""
        return self.position.quantity != 0

    @property
    def unsettled(self) -> tuple[OrderRecord, ...]:
        """The orders that may still fill."""
        return tuple(order for order in self.orders if order.is_unsettled)

    def order(self, client_order_id: str) -> OrderRecord | None:
        """Return the order with this id, or None."""
        return next((order for order in self.orders if order.client_order_id == client_order_id), None)

    def apply(self, event: events.Event) -> "SymbolState":
        """Return the state after `event`. Events seen twice change it once."""
        return _TRANSITIONS[type(event)](self, event)


def _decision_taken(state: SymbolState, event: events.DecisionTaken) -> SymbolState:
    decision = LastDecision(event.at, event.bar, event.signal, event.action, event.why)
    return replace(state, last_decision=decision, target=event.target, rearm=event.rearm)


def _intent_recorded(state: SymbolState, event: events.IntentRecorded) -> SymbolState:
    intent = event.intent
    if state.order(intent.client_order_id) is not None:
        return state
    record = OrderRecord(intent.client_order_id, intent.role, intent.side, intent.quantity, OrderStatus.INTENT)
    return replace(state, orders=(*state.orders, record))


def _order_seen(state: SymbolState, event: events.OrderSeen) -> SymbolState:
    """Book what is new in the broker's view: cumulative, monotonic, from quantities and never from statuses."""
    view = event.view
    known = state.order(view.client_order_id)
    if known is None:
        known = _adopted(view, event.role)
        state = replace(state, orders=(*state.orders, known))
    seen = _merged(known, view)
    if seen == known:
        # Every reconcile shows what is booked once more.
        return state
    position = _booked(state.position, known, seen)
    after = replace(state, orders=_with(state.orders, seen), position=position)
    if not known.is_unsettled or seen.is_unsettled:
        return after
    return _exit_open_again(replace(after, rearm=_rearm_after_end(state, seen)), seen)


_BY_ANOTHER_HAND = (OrderStatus.CANCELED, OrderStatus.REPLACED)


def _rearm_after_end(state: SymbolState, ended: OrderRecord) -> int | None:
    """Return what blocks entries now: the broker rejected one, or another hand took a wanted one away."""
    if ended.role is not Role.ENTRY:
        return state.rearm
    last = state.last_decision
    is_wanted = last is not None and last.signal is not None and last.signal * ended.side.sign > 0
    # The strategy cancels an entry only when it does not want it any more.
    is_taken_away = ended.status in _BY_ANOTHER_HAND and is_wanted
    return ended.side.sign if ended.status is OrderStatus.REJECTED or is_taken_away else state.rearm


def _exit_open_again(state: SymbolState, ended: OrderRecord) -> SymbolState:
    """An exit that ended short of its quantity is wanted again: the next bar sees its target as not reached."""
    if ended.role is Role.ENTRY or ended.filled_quantity >= ended.quantity:
        return state
    return replace(state, target=state.position.quantity)


def _adopted(view: OrderView, role: Role) -> OrderRecord:
    quantity = view.quantity if view.quantity is not None else view.filled_quantity
    return OrderRecord(view.client_order_id, role, view.side, quantity, OrderStatus.INTENT)


def _merged(known: OrderRecord, view: OrderView) -> OrderRecord:
    """Return the newer of two views of one order: an older one never takes a fill or an ending back."""
    is_older = view.filled_quantity < known.filled_quantity
    # An ending that we concluded ourselves (absent, refused and believed) yields to the broker's word.
    ended = known.status.is_terminal and known.broker_order_id is not None
    status = known.status if is_older or (ended and not view.status.is_terminal) else view.status
    return replace(
        known,
        status=status,
        filled_quantity=max(known.filled_quantity, view.filled_quantity),
        filled_average_price=known.filled_average_price if is_older else view.filled_average_price,
        broker_order_id=view.broker_order_id,
        submitted_at=view.submitted_at,
        reason=known.reason if status is known.status else None,
    )


def _booked(position: Position, known: OrderRecord, seen: OrderRecord) -> Position:
    new = seen.filled_quantity - known.filled_quantity
    if new <= 0:
        return position
    cost_before = known.filled_quantity * (known.filled_average_price or ZERO)
    cost_after = seen.filled_quantity * (seen.filled_average_price or ZERO)
    return position.after_own_fill(new * seen.side.sign, (cost_after - cost_before) / new)


def _with(orders: tuple[OrderRecord, ...], changed: OrderRecord) -> tuple[OrderRecord, ...]:
    return tuple(changed if order.client_order_id == changed.client_order_id else order for order in orders)


def _order_refused(state: SymbolState, event: events.OrderRefused) -> SymbolState:
    known = state.order(event.client_order_id)
    if known is None or known.status is not OrderStatus.INTENT:
        return state
    refused = replace(known, status=OrderStatus.REFUSED, reason=event.reason)
    return replace(state, orders=_with(state.orders, refused))


def _order_proved_absent(state: SymbolState, event: events.OrderProvedAbsent) -> SymbolState:
    known = state.order(event.client_order_id)
    if known is None or known.status not in (OrderStatus.INTENT, OrderStatus.REFUSED):
        return state
    if known.status is OrderStatus.REFUSED:
        rejected = replace(known, status=OrderStatus.REJECTED)
        rearm = known.side.sign if known.role is Role.ENTRY else state.rearm
        return _exit_open_again(replace(state, orders=_with(state.orders, rejected), rearm=rearm), rejected)
    absent = replace(known, status=OrderStatus.ABSENT, reason="never arrived at the broker")
    return _exit_open_again(replace(state, orders=_with(state.orders, absent)), absent)


def _status_set(state: SymbolState, event: events.StatusSet) -> SymbolState:
    return replace(state, status=Status(event.status), status_reason=event.reason, waiting_until=event.waiting_until)


def _position_corrected(state: SymbolState, event: events.PositionCorrected) -> SymbolState:
    position = replace(
        state.position,
        quantity=event.quantity,
        average_entry_price=event.average_entry_price,
        unmanaged_quantity=event.unmanaged_quantity,
        realized_pl=state.position.realized_pl + event.realized_pl,
    )
    return replace(state, position=position, rearm=event.rearm or state.rearm)


def _activities_booked(state: SymbolState, event: events.ActivitiesBooked) -> SymbolState:
    return replace(state, ledger=replace(state.ledger, activities_through=event.through))


def _correction_noted(state: SymbolState, event: events.CorrectionNoted) -> SymbolState:
    correction = Correction(event.at, event.field, event.was, event.now, event.why)
    return replace(state, last_correction=correction)


def _reconciled(state: SymbolState, event: events.Reconciled) -> SymbolState:
    return replace(state, reconciled_at=event.at)


def _order_may_arrive(state: SymbolState, event: events.OrderMayArrive) -> SymbolState:
    return replace(state, order_may_arrive=event.is_possible)


def _strategy_named(state: SymbolState, event: events.StrategyNamed) -> SymbolState:
    return replace(state, strategy=event.strategy)


def _resumed(state: SymbolState, _event: events.Resumed) -> SymbolState:
    return replace(state, status=Status.ACTIVE, status_reason=None, waiting_until=None, rearm=None)


def _saved(state: SymbolState, event: events.Saved) -> SymbolState:
    return replace(_without_old_orders(state), saved_at=event.at, sequence=state.sequence + 1)


def is_only_progress(before: SymbolState, after: SymbolState) -> bool:
    """Whether nothing but the status of a working order moved on: no fill, no ending, no new order."""
    orders = after.orders
    if len(orders) != len(before.orders) or replace(after, orders=before.orders) != before:
        return False
    return all(
        new == old or (replace(new, status=old.status) == old and new.is_unsettled and old.broker_order_id is not None)
        for old, new in zip(before.orders, orders, strict=True)
    )


def _without_old_orders(state: SymbolState) -> SymbolState:
    """Drop all settled orders but the last few; the ledger remembers up to when they are booked."""
    dropped = [order for order in state.orders if not order.is_unsettled][:-SETTLED_KEPT]
    if not dropped:
        return state
    times = [state.ledger.orders_through, *(order.submitted_at for order in dropped)]
    through = max((time for time in times if time is not None), default=None)
    kept = tuple(order for order in state.orders if order not in dropped)
    return replace(state, orders=kept, ledger=replace(state.ledger, orders_through=through))


_TRANSITIONS: dict[type[events.Event], Callable[[SymbolState, Any], SymbolState]] = {
    events.DecisionTaken: _decision_taken,
    events.IntentRecorded: _intent_recorded,
    events.OrderSeen: _order_seen,
    events.OrderRefused: _order_refused,
    events.OrderProvedAbsent: _order_proved_absent,
    events.StatusSet: _status_set,
    events.PositionCorrected: _position_corrected,
    events.ActivitiesBooked: _activities_booked,
    events.CorrectionNoted: _correction_noted,
    events.Reconciled: _reconciled,
    events.OrderMayArrive: _order_may_arrive,
    events.StrategyNamed: _strategy_named,
    events.Resumed: _resumed,
    events.Saved: _saved,
}
