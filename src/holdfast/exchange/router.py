"""The way of accepted orders through the day: to the market, into auctions, to their end."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from holdfast.domain.order import OrderStatus
from holdfast.exchange import legs, routing
from holdfast.exchange.books import Books
from holdfast.exchange.floor import Floor
from holdfast.exchange.hours import Hours
from holdfast.exchange.order import Fate, Order, OrderEvent, TimeInForce
from holdfast.exchange.prices import Prices


class Router:
    """Moves orders of one account; what they fill at is the floor's business."""

    def __init__(self, books: Books, prices: Prices, floor: Floor) -> None:
        self._books = books
        self._prices = prices
        self._floor = floor

    def accept(self, order: Order, order_legs: Iterable[Order], hours: Hours, at: datetime) -> list[OrderEvent]:
        """Write a new order and its legs down, and hand it to the market if its time has come."""
        made = list(order_legs)
        order = replace(order, leg_ids=tuple(leg.id for leg in made))
        events = [self._books.record(order.status.value, order, at)]
        for leg in made:
            self._books.keep(leg)
        if order.fate is Fate.REJECTED:
            return [*events, *self.end(self._books.current(order), OrderStatus.REJECTED, at)]
        return [*events, *self.route(self._books.current(order), hours, at)]

    def route(self, order: Order, hours: Hours, at: datetime) -> list[OrderEvent]:
        """Hand an order to the market, where it may fill at once; a queued one stays until its day begins."""
        if at < order.routes_at:
            return []
        events = self._to_market(order, at)
        return [*events, *self._floor.at_quote(self._books.current(order), hours.phase(at), at)]

    def supersede(self, old: Order, new: Order, hours: Hours, at: datetime) -> list[OrderEvent]:
        """Let `new` take the place of `old`, in its group too. The first event is that of the new order."""
        events = [self._books.record(new.status.value, new, at)]
        pending = self._books.become(replace(old, replaced_by=new.id), OrderStatus.PENDING_REPLACE, at)
        events += [pending, self._books.become(pending.order, OrderStatus.REPLACED, at)]
        self._inherit(old, new)
        if old.status is OrderStatus.HELD:
            return [*events, self._books.become(self._books.current(new), OrderStatus.HELD, at)]
        return [*events, *self.route(self._books.current(new), hours, at)]

    def end(self, order: Order, status: OrderStatus, at: datetime) -> list[OrderEvent]:
        """End an order and what hangs on it."""
        rest = OrderStatus.CANCELED if status is OrderStatus.REJECTED else status
        return [self._books.become(order, status, at), *legs.after_end(self._books, order, rest, at)]

    def open_queued(self, at: datetime) -> list[OrderEvent]:
        """Hand the queued orders whose day has begun to the market; they meet its next prices."""
        queued = [order for order in self._books.orders.working() if order.status is OrderStatus.ACCEPTED]
        due = [order for order in queued if at >= order.routes_at]
        return [event for order in due for event in self._to_market(order, at)]

    def _to_market(self, order: Order, at: datetime) -> list[OrderEvent]:
        became = self._books.become(order, OrderStatus.NEW, at)
        return [became, *legs.after_route(self._books, self._books.current(order), at)]

    def hold_closing_auction(self, at: datetime) -> list[OrderEvent]:
        """Fill the orders for the close at each symbol's last price of the session; what does not fill is canceled."""
        waiting = [o for o in self._books.orders.working() if o.request.time_in_force is TimeInForce.CLS]
        events: list[OrderEvent] = []
        for order in waiting:
            if self._prices.quote(order.symbol) is not None:
                events += self._floor.in_auction(self._books.current(order), self._prices.last[order.symbol], at)
        return events

    def end_old_orders(self, at: datetime) -> list[OrderEvent]:
        """Expire the orders whose day is over, and cancel good-till-canceled ones that are too old."""
        events: list[OrderEvent] = []
        for order in self._books.orders.working():
            current = self._books.current(order)
            if not current.is_working:
                continue  # It ended with an order of its group.
            if routing.is_expired(current, at):
                events += self.end(current, OrderStatus.EXPIRED, at)
            elif routing.is_aged(current, at):
                events += self.end(current, OrderStatus.CANCELED, at)
        return events

    def _inherit(self, old: Order, new: Order) -> None:
        """Put `new` where `old` stood among parents and legs."""
        for leg in self._books.orders.legs(old):
            self._books.keep(replace(leg, parent_id=new.id))
        if old.parent_id is not None:
            parent = self._books.orders.get(old.parent_id)
            ids = tuple(new.id if leg_id == old.id else leg_id for leg_id in parent.leg_ids)
            self._books.keep(replace(parent, leg_ids=ids))
