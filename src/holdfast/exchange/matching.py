"""At which price an order fills, if at all: against the current quote, a bar that has just closed, or an auction."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from holdfast.domain.bar import Bar
from holdfast.domain.order import Side
from holdfast.exchange import trigger
from holdfast.exchange.order import ZERO, Order

CENT = Decimal("0.01")
SHARE_STEP = Decimal("0.000000001")
_BASIS_POINT = Decimal("0.0001")
_DOLLAR = Decimal(1)


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

    Half a spread is half a step or one basis point, whichever is more, in whole steps (a cent; a hundredth of one
    below a dollar); it never leaves the bar's range, so no fill can be at a price at which nothing traded.
    """
    step = CENT if bar.close >= _DOLLAR else CENT / 100
    half_spread = max(step / 2, bar.close * _BASIS_POINT).quantize(step, ROUND_HALF_UP)
    return Quote(bid=max(bar.close - half_spread, bar.low), ask=min(bar.close + half_spread, bar.high))


def price_at_quote(order: Order, quote: Quote) -> Decimal | None:
    """Return the price in USD at which an order that is awake fills at once, or None if it has to wait."""
    return _if_acceptable(order, quote.taken_by(order.side))


def price_in_bar(order: Order, bar: Bar) -> Decimal | None:
    """Return the price in USD at which a waiting order fills in `bar`, or None if the bar does not reach it.

    A market order gets the open. A limit order gets the open if that is better, else its own price.
    """
    limit = trigger.limit_price(order)
    if limit is None or is_acceptable(order, bar.open):
        return bar.open
    touched = bar.low <= limit if order.side is Side.BUY else bar.high >= limit
    return limit if touched else None


def price_on_waking(order: Order, woken_at: Decimal, bar: Bar) -> Decimal | None:
    """Return the price in USD for an order that woke up at `woken_at` inside `bar`, or None if it has to wait.

    Where the price went next is unknown, but it ended at the close: a limit between the two was crossed.
    """
    if is_acceptable(order, woken_at):
        return woken_at
    return trigger.limit_price(order) if is_acceptable(order, bar.close) else None


def price_in_auction(order: Order, price: Decimal) -> Decimal | None:
    """Return the auction's one price in USD if the order accepts it."""
    return _if_acceptable(order, price)


def quantity_at(order: Order, price: Decimal) -> Decimal:
    """Return what may fill at `price`: what is open, or what is left of the order's value, to nine decimals."""
    if order.request.notional is None:
        return order.open_quantity
    left = max(order.request.notional - order.filled_value, ZERO)
    return (left / price).quantize(SHARE_STEP, ROUND_DOWN)


def is_acceptable(order: Order, price: Decimal) -> bool:
    """Whether the order may fill at `price`."""
    limit = trigger.limit_price(order)
    if limit is None:
        return True
    return price <= limit if order.side is Side.BUY else price >= limit


def _if_acceptable(order: Order, price: Decimal) -> Decimal | None:
    return price if is_acceptable(order, price) else None
