"""A symbol's history replayed in the order in which it happened: fills of our orders, and what others did in between.

Who owned a share when somebody sold it decides whose it was; so an order counts when it filled, not when it was sent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from holdfast.domain import events
from holdfast.domain.broker_facts import Activity, FillActivity
from holdfast.domain.external import ExternalChange, Policy, after_activity
from holdfast.domain.order import OrderRecord, OrderStatus, OrderView, Role, Side
from holdfast.domain.position import ZERO
from holdfast.domain.state import SymbolState


@dataclass(frozen=True, slots=True)
class History:
    """Our orders and what others did, as far as a state does not know them; and all fills of ours that are listed."""

    ours: Sequence[OrderView]
    others: Sequence[Activity]
    our_fills: Sequence[FillActivity] = ()

    def fills_of(self, broker_order_id: str | None) -> list[FillActivity]:
        """Return the listed fills of one order, oldest first."""
        return sorted(
            (one for one in self.our_fills if one.broker_order_id == broker_order_id), key=lambda one: one.time
        )


def replayed(state: SymbolState, history: History, policy: Policy) -> SymbolState:
    """Return the state after everything, with nothing adopted: that is for the end.

    Shares are adopted up to what config asks for now, in the count of now.
    """
    kept = replace(policy, on_external_change=ExternalChange.LEAVE)
    steps: list[tuple[datetime, OrderView | Activity]] = []
    for view in history.ours:
        steps += _steps(view, history.fills_of(view.broker_order_id))
    steps += [(one.time, one) for one in history.others]
    booked = state.orders
    for time, step in sorted(steps, key=lambda pair: pair[0]):
        if isinstance(step, OrderView):
            state = seen(state, step)
        else:
            state = after_activity(state, step, kept, _bought_since(booked, history, time))
    return state


def seen(state: SymbolState, view: OrderView) -> SymbolState:
    """Return the state with what the broker says of one of our orders."""
    known = state.order(view.client_order_id)
    return state.apply(events.OrderSeen(view, known.role if known else role_of(state.position.quantity, view.side)))


def role_of(quantity: Decimal, side: Side) -> Role:
    """Return what an order on `side` does to a position of `quantity`."""
    return Role.EXIT if quantity * side.sign < 0 else Role.ENTRY


def _steps(view: OrderView, fills: Sequence[FillActivity]) -> Iterator[tuple[datetime, OrderView]]:
    """Yield the order as it was sent, and as it stood after each of its fills."""
    course = list(_course(view.submitted_at, view.filled_quantity, view.filled_at, fills))
    # An order by value has no quantity of its own, and is adopted by what it has filled in the end.
    asked = view.filled_quantity if view.quantity is None else view.quantity
    working = replace(view, quantity=asked, status=OrderStatus.PARTIALLY_FILLED)
    for time, filled in course[:-1]:
        yield time, replace(working, filled_quantity=filled)
    yield course[-1][0], view


def _course(
    sent: datetime, filled: Decimal, filled_at: datetime | None, fills: Sequence[FillActivity]
) -> Iterator[tuple[datetime, Decimal]]:
    """Yield how much of an order had filled by when, in all.

    What no listed fill tells of is the newest part where the order says so by its `filled_at`: the list lags. Else it
    is the oldest: the list begins later.
    """
    unlisted = max(ZERO, filled - sum((one.quantity for one in fills), ZERO))
    lags = filled_at is not None and (not fills or filled_at > fills[-1].time)
    known = ZERO if lags else unlisted
    yield sent, known
    for fill in fills:
        known = min(filled, known + fill.quantity)
        yield fill.time, known
    if lags and filled_at is not None:
        yield filled_at, filled


def _bought_since(booked: Sequence[OrderRecord], history: History, time: datetime) -> Decimal:
    """Return what orders have bought after `time`, less what they have sold, as far as that is booked."""
    return sum((_filled_since(order, history, time) * order.side.sign for order in booked), ZERO)


def _filled_since(order: OrderRecord, history: History, time: datetime) -> Decimal:
    if order.submitted_at is None:
        return ZERO
    view = next((one for one in history.ours if one.client_order_id == order.client_order_id), None)
    filled = max(order.filled_quantity, view.filled_quantity if view else ZERO)
    fills = history.fills_of(order.broker_order_id)
    course = _course(order.submitted_at, filled, view.filled_at if view else None, fills)
    before = max((known for at, known in course if at <= time), default=ZERO)
    return max(ZERO, order.filled_quantity - before)
