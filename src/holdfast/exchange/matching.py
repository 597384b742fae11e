"""At which price an order fills, if at all: against the current quote, or against a bar that has just closed."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from holdfast.domain.bar import Bar
from holdfast.domain.order import Side
from holdfast.exchange.order import Order, OrderType

CENT = Decimal("0.01")
_BASIS_POINT = Decimal("0.0001")
_SHARE_STEP = Decimal("0.000000001")


@dataclass(frozen=True, slots=True)
class Quote:
    """The two sides of the market in USD."""

    bid: Decimal
    ask: Decimal

    def taken_by(self, side: Side) -> Decimal:
        """Return the price that a market order of `side` gets."""
        return self.ask if side is Side.BUY else self.bid


def quote_of(bar: Bar) -> Quote:
    """Return the quote that `bar` leaves behind: its close and half a spread to each side.

    Half a spread is half a cent or one basis point, whichever is more, in whole cents; it never leaves the
    bar's range, so no fill can be at a price at which nothing traded.
    """
    half_spread = max(CENT / 2, bar.close * _BASIS_POINT).quantize(CENT, ROUND_HALF_UP)
    return Quote(bid=max(bar.close - half_spread, bar.low), ask=min(bar.close + half_spread, bar.high))


def price_at_quote(order: Order, quote: Quote) -> Decimal | None:
    """Return the price in USD at which `order` fills at once, or None if it has to wait."""
    price = quote.taken_by(order.side)
    return price if _is_acceptable(order, price) else None


def price_in_bar(order: Order, bar: Bar) -> Decimal | None:
    """Return the price in USD at which a waiting `order` fills in `bar`, or None if the bar does not reach it.

    A market order gets the open. A limit order gets the open if that is better, else its own price.
    """
    limit = order.request.limit_price
    if order.request.type is OrderType.MARKET or limit is None or _is_acceptable(order, bar.open):
        return bar.open
    touched = bar.low <= limit if order.side is Side.BUY else bar.high >= limit
    return limit if touched else None


def quantity_at(order: Order, price: Decimal) -> Decimal:
    """Return the shares that fill at `price`: what is open, or what the order's value buys, to nine decimals."""
    if order.request.notional is None:
        return order.open_quantity
    return (order.request.notional / price).quantize(_SHARE_STEP, ROUND_DOWN)


def _is_acceptable(order: Order, price: Decimal) -> bool:
    limit = order.request.limit_price
    if order.request.type is OrderType.MARKET or limit is None:
        return True
    return price <= limit if order.side is Side.BUY else price >= limit
