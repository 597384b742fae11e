"""The guard against orders that could trade with each other. Source: Alpaca's wash-trade table, 2026."""

from collections.abc import Iterable

from holdfast.exchange.order import Order, OrderRequest, OrderType
from holdfast.exchange.refusal import wash_trade

_PRICED = {OrderType.LIMIT, OrderType.STOP_LIMIT}


def check(request: OrderRequest, working: Iterable[Order]) -> None:
    """Check a request against the working orders of its symbol.

    Market and stop orders clash with every opposite order, limits only where buyer and seller would agree on a
    price. Trailing stops, brackets, OCO and OTO are exempt on either side.

    Raises:
        Refusal: 403 that names the first order it clashes with.
    """
    if _is_exempt(request):
        return
    for order in working:
        if order.side is request.side or _is_exempt(order.request) or order.parent_id is not None:
            continue
        if order.request.type not in _PRICED:
            raise wash_trade(order.id, "opposite side market/stop order exists")
        if request.type not in _PRICED or _crosses(request, order.request):
            raise wash_trade(order.id, "opposite side limit order exists")


def _is_exempt(request: OrderRequest) -> bool:
    return request.type is OrderType.TRAILING_STOP or request.order_class.is_advanced


def _crosses(request: OrderRequest, other: OrderRequest) -> bool:
    if request.limit_price is None or other.limit_price is None:
        return True
    return (request.limit_price - other.limit_price) * request.side.sign >= 0
