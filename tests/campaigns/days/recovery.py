"""Which rows of the recovery table a start has met: what is on the disk against what the broker knows."""

from collections.abc import Iterator

from campaigns.days.venue import Venue, is_ours
from holdfast.domain.order import OrderRecord
from holdfast.domain.state import SymbolState
from holdfast.engine.memory import Missing, Unreadable

ROWS = (
    "start: no file, no order", "start: no file, order working", "start: no file, order ended",
    "start: damaged file", "start: intent, unknown id", "start: intent, working", "start: intent, filled",
    "start: intent, ended short", "start: working, filled while down", "start: working, ended short",
    "start: working, still working", "start: working, not shown", "start: settled, order unknown to the file",
    "start: settled, same position", "start: settled, other position",
)  # fmt: skip


def rows_met(loaded: SymbolState | Missing | Unreadable, symbol: str, venue: Venue) -> Iterator[str]:
    """Name the rows that a start meets with this symbol."""
    ours = [order_id for name, order_id in venue.by_client_id.items() if is_ours(name)]
    orders = [venue.order(order_id) for order_id in ours]
    orders = [order for order in orders if order.symbol == symbol]
    if isinstance(loaded, Unreadable):
        yield "start: damaged file"
    elif isinstance(loaded, Missing):
        is_working = any(order.is_working for order in orders)
        end = "order working" if is_working else "order ended" if orders else "no order"
        yield f"start: no file, {end}"
    else:
        yield from _with_file(loaded, symbol, venue)
        known = max((order.submitted_at for order in loaded.orders if order.submitted_at), default=None)
        if known is not None and any(order.submitted_at > known for order in orders) and not loaded.unsettled:
            yield "start: settled, order unknown to the file"


def _with_file(state: SymbolState, symbol: str, venue: Venue) -> Iterator[str]:
    for record in state.unsettled:
        yield _order(record, venue)
    if not state.unsettled:
        is_same = state.position.total_quantity == venue.quantity(symbol)
        yield f"start: settled, {'same' if is_same else 'other'} position"


def _order(record: OrderRecord, venue: Venue) -> str:
    order_id = venue.by_client_id.get(record.client_order_id)
    is_intent = record.broker_order_id is None
    before = "start: intent" if is_intent else "start: working"
    if order_id is None:
        return f"{before}, unknown id"
    order = venue.order(order_id)
    if venue.listed_at[order_id] > venue.seconds and not is_intent:
        return f"{before}, not shown"
    if order.is_working:
        return f"{before}, working" if is_intent else f"{before}, still working"
    if order.filled_quantity < (order.request.quantity or 0):
        return f"{before}, ended short"
    return f"{before}, filled" if is_intent else f"{before}, filled while down"
