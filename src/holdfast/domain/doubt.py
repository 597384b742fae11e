"""Doubt: when a symbol waits for the broker's word, why, and for how long at the most."""

from datetime import datetime

from holdfast.domain import events
from holdfast.domain.order import OrderRecord, OrderStatus
from holdfast.domain.state import Status, SymbolState


def unresolved(state: SymbolState) -> tuple[OrderRecord, ...]:
    """Return the orders of which the broker has not clearly said what became of them."""
    return tuple(order for order in state.orders if order.status in (OrderStatus.INTENT, OrderStatus.REFUSED))


def with_doubt(state: SymbolState, reason: str | None, until: datetime | None = None) -> SymbolState:
    """Return the state in doubt for `reason`, or active again when there is none.

    Other statuses stand: they forbid more than doubt does, and only a person or their own cause ends them.
    """
    if reason is None:
        return state.apply(events.StatusSet(Status.ACTIVE, None)) if state.status is Status.IN_DOUBT else state
    if state.status not in (Status.ACTIVE, Status.IN_DOUBT) or state.status_reason == reason:
        return state
    return state.apply(events.StatusSet(Status.IN_DOUBT, reason, until))


def lost_answer(state: SymbolState, in_flight: str | None = None) -> str | None:
    """Say which order's outcome is unknown, or None; `in_flight` is on its way just now and not lost yet."""
    for order in unresolved(state):
        if order.client_order_id == in_flight:
            continue
        if order.status is OrderStatus.REFUSED:
            return f"the broker refused {order.client_order_id} ({order.reason}); checking that it does not exist"
        return f"the broker's word on {order.client_order_id} is awaited"
    return None
