"""What happens to the other orders of a bracket, an OCO or an OTO when one of them fills or ends."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from holdfast.domain.order import OrderStatus
from holdfast.exchange.books import Books
from holdfast.exchange.order import Order, OrderClass, OrderEvent


def after_fill(books: Books, order: Order, quantity: Decimal, at: datetime) -> list[OrderEvent]:
    """Wake the legs of an entry that is completely filled; shrink or end the rivals of an exit."""
    if order.is_exit_leg:
        return _after_exit(books, order, quantity, at)
    if order.status is not OrderStatus.FILLED:
        return []
    return wake(books, order, at)


def wake(books: Books, order: Order, at: datetime) -> list[OrderEvent]:
    """Hand the legs of `order` that wait to the market."""
    waiting = [leg for leg in books.orders.legs(order) if leg.status is OrderStatus.HELD]
    return [books.become(leg, OrderStatus.NEW, at) for leg in waiting]


def after_route(books: Books, order: Order, at: datetime) -> list[OrderEvent]:
    """Wake the stop of an OCO as soon as its limit is at the market."""
    return wake(books, order, at) if order.request.order_class is OrderClass.OCO else []


def after_end(books: Books, order: Order, status: OrderStatus, at: datetime) -> list[OrderEvent]:
    """End the whole group with one of its orders: an entry takes its legs along, an exit its rivals."""
    ended = [leg for leg in books.orders.legs(order) if leg.is_working]
    if order.parent_id is not None:
        parent = books.orders.get(order.parent_id)
        ended += [other for other in (*books.orders.legs(parent), parent) if other.is_working and other.id != order.id]
    return [books.become(other, status, at) for other in ended]


def _after_exit(books: Books, order: Order, quantity: Decimal, at: datetime) -> list[OrderEvent]:
    rivals = books.orders.rivals(order)
    if order.status is OrderStatus.FILLED:
        return [books.become(rival, OrderStatus.CANCELED, at) for rival in rivals]
    return [books.record("restated", _shrunk(rival, quantity), at) for rival in rivals]


def _shrunk(order: Order, quantity: Decimal) -> Order:
    left = (order.request.quantity or quantity) - quantity
    return replace(order, request=replace(order.request, quantity=left))
