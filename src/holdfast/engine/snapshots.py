"""Reading the broker's truth in a handful of calls, whatever the number of symbols (I10)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from holdfast.domain.broker_facts import Activity, BadRow, FillActivity, Rows, Snapshot
from holdfast.domain.errors import Recoverable, Rejected, UsageError
from holdfast.domain.facts import newest_views
from holdfast.domain.order import OrderView
from holdfast.domain.state import RECONCILE_OVERLAP, SymbolState
from holdfast.engine.ports import Broker, Clock

HISTORY = timedelta(days=90)
# A day order queued on a Friday evening may fill on a Tuesday: its fills must be known as ours.
ORDER_LIFE = timedelta(days=4)


async def take_snapshot(broker: Broker, clock: Clock, account_id: str, since: datetime) -> Snapshot:
    """Read account, orders, positions, orders again and activities, in this order.

    Orders stand on both sides of the positions, so that a fill in between is seen by the second read. An order that
    filled and is in no list is asked for by itself: it is too old for the lists, too young, or a list lacks its row.

    Raises:
        UsageError: the account is not the one that the state belongs to.
        Recoverable: an answer failed; nothing may be concluded from the others.
    """
    calls, taken_at = broker.calls, clock.now()
    account = await broker.account()
    if account.id != account_id:
        raise UsageError(f"the broker now answers for the account ending {account.ending}: stop, and check your keys")
    first = await broker.orders(after=since - ORDER_LIFE)
    positions = await broker.positions()
    second = await broker.orders(after=None, open_only=True)
    activities = await broker.activities(since)
    # An order that was open in the first read and is not in the second has ended in between: ask once more.
    open_then = {view.broker_order_id for view in first.good if not view.status.is_terminal}
    if not open_then <= {view.broker_order_id for view in second.good}:
        second = await broker.orders(after=since - ORDER_LIFE)
    views = newest_views(first.good, second.good)
    found, unlisted = await _looked_up(broker, _symbols_by_order(activities.good, views))
    orders = Rows(newest_views(views, found.good), first.bad + second.bad + found.bad)
    return Snapshot(taken_at, account, orders, positions, activities, broker.calls - calls, unlisted)


def _symbols_by_order(activities: Iterable[Activity], views: Iterable[OrderView]) -> dict[str, str]:
    """Return the orders that have filled and are not among `views`, each with its symbol."""
    listed = {view.broker_order_id for view in views}
    fills = [one for one in activities if isinstance(one, FillActivity)]
    return {fill.broker_order_id: fill.symbol for fill in fills if fill.broker_order_id not in listed}


async def _looked_up(broker: Broker, symbols: Mapping[str, str]) -> tuple[Rows[OrderView], frozenset[str]]:
    """Ask for orders by the broker's ids; an answer that fails costs its symbol alone. The second part is unknown."""
    good, bad, unknown = [], [], set()
    for order_id, symbol in symbols.items():
        try:
            view = await broker.order(order_id)
        except (Recoverable, Rejected) as error:
            bad.append(BadRow(symbol, f"the order {order_id}, which has filled: {error}"))
            continue
        if view is None:
            unknown.add(order_id)
        else:
            good.append(view)
    return Rows(tuple(good), tuple(bad)), frozenset(unknown)


def snapshot_start(states: Iterable[SymbolState | None], now: datetime) -> datetime:
    """Return from when on orders and fills must be read: the oldest thing any file may have missed.

    None stands for a lost or new file, whose whole history is wanted.
    """
    starts = [_start(state, now) for state in states]
    return min(starts, default=now - HISTORY)


def _start(state: SymbolState | None, now: datetime) -> datetime:
    if state is None or state.reconciled_at is None:
        return now - HISTORY
    return state.reconciled_at - RECONCILE_OVERLAP
