"""Brackets, OCO and OTO: what such a request must look like, and the legs it makes. Source: Alpaca's order classes."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from holdfast.domain.order import Side
from holdfast.exchange.instrument import Instrument
from holdfast.exchange.order import (
    Intent,
    OrderClass,
    OrderRequest,
    OrderType,
    StopLoss,
    TimeInForce,
)
from holdfast.exchange.refusal import malformed, unprocessable
from holdfast.exchange.validation import validate_step

_GAP = Decimal("0.01")
_ENTRY_TYPES = {OrderType.MARKET, OrderType.LIMIT}


def normalised(request: OrderRequest) -> OrderRequest:
    """Return the request with an OCO's own limit filled in from its take-profit, as Alpaca does."""
    is_open = request.type is OrderType.LIMIT and request.limit_price is None
    if request.order_class is OrderClass.OCO and request.take_profit is not None and is_open:
        return replace(request, limit_price=request.take_profit.limit_price)
    return request


def check(request: OrderRequest, instrument: Instrument, base: Decimal | None) -> None:
    """Check what an order of an advanced class needs; `base` is the price in USD that its legs are measured by.

    Raises:
        Refusal: 422 for the first rule that it breaks.
    """
    if not request.order_class.is_advanced:
        if request.take_profit is not None or request.stop_loss is not None:
            raise malformed("take_profit and stop_loss require order_class bracket, oco or oto")
        return
    _check_parts(request)
    if request.time_in_force not in {TimeInForce.DAY, TimeInForce.GTC}:
        raise unprocessable(f"{request.order_class.value} orders must be DAY or GTC orders")
    if request.extended_hours:
        raise unprocessable(f"{request.order_class.value} orders are not allowed in extended hours")
    _check_steps(request, instrument)
    if base is not None:
        _check_relations(request, base)


def _check_parts(request: OrderRequest) -> None:
    word = request.order_class.value
    has_profit, has_loss = request.take_profit is not None, request.stop_loss is not None
    if request.order_class is OrderClass.OTO:
        if has_profit is has_loss:
            raise malformed("oto orders require exactly one of take_profit and stop_loss")
    elif not has_profit:
        raise malformed(f"{word} orders require take_profit.limit_price")
    elif not has_loss:
        raise malformed(f"{word} orders require stop_loss.stop_price")
    if request.order_class is OrderClass.OCO and request.type is not OrderType.LIMIT:
        raise malformed("oco orders must be limit orders")
    if request.order_class is not OrderClass.OCO and request.type not in _ENTRY_TYPES:
        raise malformed(f"{word} orders must be entered with a market or limit order")


def _check_steps(request: OrderRequest, instrument: Instrument) -> None:
    if request.take_profit is not None:
        validate_step("take_profit.limit_price", request.take_profit.limit_price, instrument)
    if request.stop_loss is not None:
        validate_step("stop_loss.stop_price", request.stop_loss.stop_price, instrument)
        if request.stop_loss.limit_price is not None:
            validate_step("stop_loss.limit_price", request.stop_loss.limit_price, instrument)


def _check_relations(request: OrderRequest, base: Decimal) -> None:
    """Check that the profit lies beyond the base price and the loss before it, a cent away at least."""
    beyond = 1 if _exit_side(request) is Side.SELL else -1
    profit, loss = request.take_profit, request.stop_loss
    if request.order_class is not OrderClass.OCO and profit:
        _check_gap("take_profit.limit_price", profit.limit_price, base, beyond)
    if loss:
        _check_gap("stop_loss.stop_price", loss.stop_price, base, -beyond)


def _check_gap(name: str, price: Decimal, base: Decimal, beyond: int) -> None:
    """Check that a price lies on its side of the base: above it where `beyond` is 1, below where it is -1."""
    if (price - base) * beyond < _GAP:
        order, sign = (">=", "+") if beyond > 0 else ("<=", "-")
        raise unprocessable(f"{name} must be {order} base_price {sign} 0.01", base_price=f"{base:f}")


def check_intent(order_class: OrderClass, intent: Intent) -> None:
    """Check that an OCO closes a position and that what brings legs along opens one.

    Raises:
        Refusal: 422.
    """
    if order_class is OrderClass.OCO and not intent.closes:
        raise unprocessable("oco orders must be exit orders")
    if order_class in {OrderClass.BRACKET, OrderClass.OTO} and intent.closes:
        # Its legs would wait to close what nobody opened.
        raise unprocessable(f"{order_class.value} orders must be entry orders")


def check_exit(request: OrderRequest, rivals: Iterable[OrderRequest]) -> None:
    """Check an exit that replaces another one of its group against those that it would end.

    Raises:
        Refusal: 422 if it cannot last as long, or the profit would not lie beyond the loss.
    """
    if request.time_in_force not in {TimeInForce.DAY, TimeInForce.GTC}:
        raise unprocessable(f"{request.order_class.value} orders must be DAY or GTC orders")
    for rival in rivals:
        profit, loss = (request, rival) if request.stop_price is None else (rival, request)
        if profit.limit_price is None or loss.stop_price is None:
            continue
        if (profit.limit_price - loss.stop_price) * -request.side.sign < _GAP:
            raise unprocessable("take_profit.limit_price must lie 0.01 or more beyond stop_loss.stop_price")


def _exit_side(request: OrderRequest) -> Side:
    if request.order_class is OrderClass.OCO:
        return request.side
    return Side.SELL if request.side is Side.BUY else Side.BUY


def leg_requests(request: OrderRequest) -> Iterator[OrderRequest]:
    """Yield the requests of the legs: take-profit first, then stop-loss; an OCO is its own take-profit."""
    leg = OrderRequest(
        symbol=request.symbol,
        side=_exit_side(request),
        type=OrderType.LIMIT,
        time_in_force=request.time_in_force,
        quantity=request.quantity,
        order_class=request.order_class,
    )
    if request.take_profit is not None and request.order_class is not OrderClass.OCO:
        yield replace(leg, limit_price=request.take_profit.limit_price)
    if request.stop_loss is not None:
        yield _loss_leg(leg, request.stop_loss)


def _loss_leg(leg: OrderRequest, loss: StopLoss) -> OrderRequest:
    kind = OrderType.STOP if loss.limit_price is None else OrderType.STOP_LIMIT
    return replace(leg, type=kind, stop_price=loss.stop_price, limit_price=loss.limit_price)
