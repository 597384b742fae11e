"""When a stop wakes up: against the last price, or somewhere inside a bar. Source: Alpaca's stop and trailing orders.

Within a bar only what its path cannot avoid counts: open first, then high and low in an unknown order, close last.
"""

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from holdfast.domain.bar import Bar
from holdfast.domain.order import Side
from holdfast.exchange.order import Order, OrderType

_STEP = Decimal("0.01")
_FINE_STEP = Decimal("0.0001")
_DOLLAR, _BAND_BORDER = Decimal(1), Decimal(50)
_WIDE_BAND, _NARROW_BAND = Decimal("1.04"), Decimal("1.025")


def stop_price(order: Order) -> Decimal | None:
    """Return where the order wakes up, in USD; None for one without a stop, or a trail that has not begun."""
    request = order.request
    if request.type is not OrderType.TRAILING_STOP:
        return request.stop_price
    if order.trail_mark is None:
        return None
    percent = request.trail_percent or Decimal(0)
    distance = request.trail_price if request.trail_price is not None else order.trail_mark * percent / 100
    return _on_grid(order.trail_mark + order.side.sign * distance)


def limit_price(order: Order) -> Decimal | None:
    """Return the worst price in USD at which it may fill; None for any.

    A buy stop is protected once it wakes up: 4 % above its stop below $50, else 2.5 %.
    """
    request = order.request
    if request.type is OrderType.STOP and order.side is Side.BUY and request.stop_price is not None:
        band = _WIDE_BAND if request.stop_price < _BAND_BORDER else _NARROW_BAND
        return _on_grid(request.stop_price * band)
    return request.limit_price


def sleeps(order: Order) -> bool:
    """Whether it waits for its stop."""
    return order.request.type.waits_for_trigger and not order.is_triggered


def watch(order: Order, price: Decimal) -> Order:
    """Return the order after the market has traded at `price`: woken up, trailing behind, or as it was."""
    order = _trail(order, price)
    stop = stop_price(order)
    return replace(order, is_triggered=True) if stop is not None and _is_reached(order, price, stop) else order


def watch_bar(order: Order, bar: Bar) -> tuple[Order, Decimal | None]:
    """Return the order after `bar`, and the price in USD at which it woke up in it, or None."""
    order = _trail(order, bar.open)
    stop = stop_price(order)
    against, along = (bar.high, bar.low) if order.side is Side.BUY else (bar.low, bar.high)
    if stop is not None and _is_reached(order, against, stop):
        at = bar.open if _is_reached(order, bar.open, stop) else stop
        return replace(order, is_triggered=True), at
    order = _trail(order, along)
    stop = stop_price(order)
    if stop is not None and _is_reached(order, bar.close, stop):
        # The trail followed the best price of this bar, and the close lies beyond it: the path crossed the stop.
        return replace(order, is_triggered=True), stop
    return order, None


def _trail(order: Order, price: Decimal) -> Order:
    if order.request.type is not OrderType.TRAILING_STOP:
        return order
    mark = order.trail_mark
    better = min if order.side is Side.BUY else max
    best = price if mark is None else better(mark, price)
    return order if best == mark else replace(order, trail_mark=best)


def _is_reached(order: Order, price: Decimal, stop: Decimal) -> bool:
    return price >= stop if order.side is Side.BUY else price <= stop


def _on_grid(price: Decimal) -> Decimal:
    return price.quantize(_STEP if price >= _DOLLAR else _FINE_STEP, ROUND_HALF_UP)
