"""Replacing an order: what may change, and what the new one asks for. Source: Alpaca's PATCH rules, 2026."""

from dataclasses import dataclass, replace
from decimal import Decimal

from holdfast.domain.order import OrderStatus
from holdfast.exchange.order import Order, OrderRequest, OrderType, TimeInForce
from holdfast.exchange.refusal import malformed, unprocessable

_TOO_EARLY = {
    OrderStatus.ACCEPTED,
    OrderStatus.PENDING_NEW,
    OrderStatus.PENDING_CANCEL,
    OrderStatus.PENDING_REPLACE,
}


@dataclass(frozen=True, slots=True)
class Amendment:
    """The fields of a PATCH; None leaves a thing as it is. `trail` is in the unit that the order trails by."""

    quantity: Decimal | None = None
    time_in_force: TimeInForce | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Decimal | None = None
    client_order_id: str | None = None


def amended(order: Order, amendment: Amendment) -> OrderRequest:
    """Return what the new order asks for: what the old one has left, changed as wanted.

    A quantity counts what has filled already; the new order works for the rest and begins unfilled, so that no
    share is counted under both ids.

    Raises:
        Refusal: 422 with the first reason why the order cannot be replaced so.
    """
    _check_status(order)
    request = order.request
    if request.notional is not None:
        raise unprocessable("cannot replace notional order")
    quantity, trail = _quantity(order, amendment), amendment.trail
    if trail is not None and request.type is not OrderType.TRAILING_STOP:
        raise malformed("trail cannot be changed for this order type")
    new = replace(
        request,
        quantity=quantity - order.filled_quantity,
        time_in_force=amendment.time_in_force or request.time_in_force,
        limit_price=_price("limit_price", amendment.limit_price, request.limit_price, is_used=request.type.has_limit),
        stop_price=_price("stop_price", amendment.stop_price, request.stop_price, is_used=request.type.has_stop),
        client_order_id=amendment.client_order_id,
        trail_price=request.trail_price if trail is None or request.trail_price is None else trail,
        trail_percent=request.trail_percent if trail is None or request.trail_percent is None else trail,
    )
    if replace(new, quantity=quantity, client_order_id=request.client_order_id) == request:
        raise unprocessable("order parameters are not changed")
    return new


def _check_status(order: Order) -> None:
    if order.replaced_by is not None:
        raise unprocessable("order already replaced")
    if order.status in _TOO_EARLY:
        raise unprocessable(f"cannot replace order in {order.status.value} status")
    if not order.is_working:
        raise unprocessable(f'order is already in "{order.status.value}" state')


def _quantity(order: Order, amendment: Amendment) -> Decimal:
    old, new = order.request.quantity or Decimal(0), amendment.quantity
    if new is None or new == old:
        return old
    if new != new.to_integral_value() or order.request.is_fractional:
        raise malformed("qty must be integer")
    if order.request.order_class.is_advanced:
        raise unprocessable("qty cannot be changed for advanced orders")
    if new <= order.filled_quantity:
        raise unprocessable("qty must be > filled_qty")
    return new


def _price(name: str, new: Decimal | None, old: Decimal | None, *, is_used: bool) -> Decimal | None:
    if new is not None and not is_used:
        raise malformed(f"{name} cannot be changed for this order type")
    return old if new is None else new
