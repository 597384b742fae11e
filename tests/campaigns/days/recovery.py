"""Which rows of the recovery table a start has met: what is on the disk against what the broker knows."""

from collections.abc import Iterator

from campaigns.days.venue import Venue, is_ours
from holdfast.domain.order import OrderRecord
from holdfast.domain.state import SymbolState
from holdfast.engine.memory import Missing, Unreadable
from holdfast.exchange.order import Order

# "No file": it is missing, whatever backup and journal remember. "Nothing left": they are gone too. "Unknown": there
# is a file, and it is from before that order.
ROWS = (
    "start: no file, no order", "start: no file, order working", "start: no file, order ended",
    "start: nothing left, order working", "start: nothing left, order ended",
    "start: damaged file", "start: damaged file, order working",
    "start: order unknown to the file, working", "start: order unknown to the file, ended",
    "start: intent, unknown id", "start: intent, working", "start: intent, filled", "start: intent, ended short",
    "start: working, filled while down", "start: working, ended short", "start: working, still working",
    "start: working, not shown", "start: settled, same position", "start: settled, other position",
)  # fmt: skip


def rows_met(loaded: SymbolState | Missing | Unreadable, symbol: str, venue: Venue) -> Iterator[str]:
    """Name the rows that a start meets with this symbol."""
    ours = [order_id for name, order_id in venue.by_client_id.items() if is_ours(name)]
    orders = [order for order in map(venue.order, ours) if order.symbol == symbol]
    is_working = any(order.is_working for order in orders)
    if isinstance(loaded, SymbolState):
        yield from _with_file(loaded, symbol, venue)
        unknown = {"working" if order.is_working else "ended" for order in orders if _is_unknown(order, loaded)}
        yield from (f"start: order unknown to the file, {end}" for end in sorted(unknown))
    elif isinstance(loaded, Unreadable):
        yield "start: damaged file"
        if is_working:
            yield "start: damaged file, order working"
    else:
        end = "order working" if is_working else "order ended" if orders else "no order"
        yield f"start: no file, {end}"
        if orders and loaded.backup is None:
            yield f"start: nothing left, {end}"


def _is_unknown(order: Order, state: SymbolState) -> bool:
    through = state.ledger.orders_through
    return state.order(order.client_order_id) is None and (through is None or order.submitted_at > through)


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
