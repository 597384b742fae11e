"""Where orders meet prices: at the quote, in a bar, in an auction. It decides how much fills and what follows."""

from dataclasses import replace
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from holdfast.domain.bar import Bar
from holdfast.domain.order import OrderStatus
from holdfast.exchange import legs, trigger
from holdfast.exchange.books import Books
from holdfast.exchange.hours import Phase
from holdfast.exchange.matching import (
    SHARE_STEP,
    price_at_quote,
    price_in_auction,
    price_in_bar,
    price_on_waking,
    quantity_at,
)
from holdfast.exchange.order import Fate, Order, OrderEvent, TimeInForce
from holdfast.exchange.prices import Prices
from holdfast.exchange.routing import trades_in

_IDLE = {Fate.FROZEN, Fate.REJECTED, Fate.RACING}


class Floor:
    """Matches the orders of one account; `halted` names the symbols in which nothing trades."""

    def __init__(self, books: Books, prices: Prices, halted: set[str]) -> None:
        self._books = books
        self._prices = prices
        self._halted = halted

    def at_quote(self, order: Order, phase: Phase, at: datetime) -> list[OrderEvent]:
        """Fill an order at the current quote if it can."""
        quote = self._prices.quote(order.symbol)
        if quote is None or not self._trades(order, phase):
            return []
        if trigger.sleeps(order):
            order = self._watched(order, trigger.watch(order, self._prices.last[order.symbol]))
            if trigger.sleeps(order):
                return []
        return self._settle(order, price_at_quote(order, quote), at, is_maker=False)

    def in_bar(self, order: Order, bar: Bar, phase: Phase, at: datetime) -> list[OrderEvent]:
        """Fill an order in a bar that has just closed if the bar reaches it."""
        if order.request.time_in_force is TimeInForce.OPG and phase is Phase.REGULAR:
            return self.in_auction(order, bar.open, at)
        if not self._trades(order, phase):
            return []
        if not trigger.sleeps(order):
            price = price_in_bar(order, bar)
            return self._settle(order, price, at, is_maker=price == order.request.limit_price)
        watched, woken_at = trigger.watch_bar(order, bar)
        order = self._watched(order, watched)
        if woken_at is None:
            return []
        return self._settle(order, price_on_waking(order, woken_at, bar), at, is_maker=False)

    def in_auction(self, order: Order, price: Decimal, at: datetime) -> list[OrderEvent]:
        """Fill an order at an auction's price and cancel what is left of it."""
        if not order.is_at_market or order.fate in _IDLE or order.symbol in self._halted:
            return []
        events = self._execute(order, price_in_auction(order, price), at, is_maker=False)
        return [*events, *self._cancel_rest(order, at)]

    def _trades(self, order: Order, phase: Phase) -> bool:
        is_free = order.fate not in _IDLE and order.symbol not in self._halted
        return is_free and order.is_at_market and trades_in(order, phase)

    def _watched(self, before: Order, after: Order) -> Order:
        if after != before:
            self._books.keep(after)
        return after

    def _settle(self, order: Order, price: Decimal | None, at: datetime, *, is_maker: bool) -> list[OrderEvent]:
        """Fill what can fill; what had to fill at once and did not is canceled."""
        events = self._execute(order, price, at, is_maker=is_maker)
        if not order.request.time_in_force.is_immediate:
            return events
        return [*events, *self._cancel_rest(order, at)]

    def _cancel_rest(self, order: Order, at: datetime) -> list[OrderEvent]:
        order = self._books.current(order)
        return [self._books.become(order, OrderStatus.CANCELED, at)] if order.is_working else []

    def _execute(self, order: Order, price: Decimal | None, at: datetime, *, is_maker: bool) -> list[OrderEvent]:
        if price is None:
            return []
        wanted = self._wanted(order, price)
        quantity = self._available(order, wanted)
        if order.request.time_in_force is TimeInForce.FOK and (quantity < wanted or order.fate is Fate.PARTIAL):
            return []
        if order.fate is Fate.PARTIAL:
            quantity, order = _half(quantity, is_whole=not order.request.is_fractional), _frozen(order)
            self._books.keep(order)
        if not wanted:
            # A reverse split or a transfer has left nothing to close.
            return self._cancel_rest(order, at)
        if not quantity:
            return []
        is_complete = quantity == quantity_at(order, price)
        return self._fill(order, quantity, price, at, is_complete=is_complete, is_maker=is_maker)

    def _fill(
        self, order: Order, quantity: Decimal, price: Decimal, at: datetime, *, is_complete: bool, is_maker: bool
    ) -> list[OrderEvent]:
        self._prices.take(order.symbol, quantity)
        event = self._books.fill(order, quantity, price, at, is_complete=is_complete, is_maker=is_maker)
        return [event, *legs.after_fill(self._books, event.order, quantity, at)]

    def _wanted(self, order: Order, price: Decimal) -> Decimal:
        """Return what would fill if the market were deep enough; no fill turns a position round."""
        wanted, against = quantity_at(order, price), self._books.ledger.closable(order.symbol, order.side)
        return min(wanted, against) if against or order.intent.closes else wanted

    def _available(self, order: Order, wanted: Decimal) -> Decimal:
        is_whole = not (order.request.is_fractional or order.is_crypto)
        available = self._prices.available(order.symbol, is_whole=is_whole)
        return wanted if available is None else min(wanted, available)


def _half(quantity: Decimal, *, is_whole: bool) -> Decimal:
    return (quantity / 2).quantize(Decimal(1) if is_whole else SHARE_STEP, ROUND_DOWN)


def _frozen(order: Order) -> Order:
    return replace(order, fate=Fate.FROZEN)
