"""Every order the account ever had, found by id, by client order id, or by being still at work."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from holdfast.exchange.order import ZERO, Order
from holdfast.exchange.refusal import not_found


class OrderBook:
    """The orders of one account. `put` is the only way in, for a new order as for a changed one."""

    def __init__(self, orders: Iterable[Order] = ()) -> None:
        self._by_id: dict[str, Order] = {}
        self._id_by_client_id: dict[str, str] = {}
        self._working: dict[str, dict[str, Order]] = {}
        self._reserved = ZERO
        for order in orders:
            self.put(order)

    def put(self, order: Order) -> None:
        """Keep `order`, in place of its earlier value if there is one."""
        before = self._by_id.get(order.id)
        self._reserved += order.reserved - (before.reserved if before else ZERO)
        self._by_id[order.id] = order
        self._id_by_client_id[order.client_order_id] = order.id
        working = self._working.setdefault(order.symbol, {})
        if order.is_working:
            working[order.id] = order
        else:
            working.pop(order.id, None)

    def all(self) -> Iterator[Order]:
        """Iterate over all orders, oldest first."""
        return iter(self._by_id.values())

    def get(self, order_id: str) -> Order:
        """Return the order with the exchange's id.

        Raises:
            Refusal: 404 if there is none.
        """
        order = self._by_id.get(order_id)
        if order is None:
            raise not_found(f"order not found for {order_id}")
        return order

    def find(self, order_id: str) -> Order | None:
        """Return the order with the exchange's id, or None."""
        return self._by_id.get(order_id)

    def by_client_order_id(self, client_order_id: str) -> Order:
        """Return the order with the client's id.

        Raises:
            Refusal: 404 if there is none.
        """
        order_id = self._id_by_client_id.get(client_order_id)
        if order_id is None:
            raise not_found(f"order not found for {client_order_id}")
        return self._by_id[order_id]

    def knows_client_order_id(self, client_order_id: str) -> bool:
        """Whether the id was ever used: it stays taken for ever, also by finished orders."""
        return client_order_id in self._id_by_client_id

    def working(self, symbol: str | None = None) -> list[Order]:
        """Return the working orders, of one symbol or of all, in the order in which they came."""
        if symbol is not None:
            return list(self._working.get(symbol, {}).values())
        everywhere = (order for orders in self._working.values() for order in orders.values())
        return sorted(everywhere, key=lambda order: order.sequence)

    def legs(self, order: Order) -> list[Order]:
        """Return an order's own legs."""
        return [self._by_id[leg_id] for leg_id in order.leg_ids]

    def rivals(self, order: Order) -> list[Order]:
        """Return the working exits of which `order` ends the others: one fills, the rest goes."""
        if order.parent_id is None:
            return [leg for leg in self.legs(order) if leg.is_working] if order.is_exit_leg else []
        parent = self._by_id[order.parent_id]
        family = [*self.legs(parent), *([parent] if parent.is_exit_leg else [])]
        return [other for other in family if other.id != order.id and other.is_working]

    def held_quantity(self, symbol: str) -> Decimal:
        """Return what working closing orders keep of the position of `symbol`.

        Two exits that end each other keep their shares once.
        """
        by_family: dict[str, Decimal] = {}
        for order in self.working(symbol):
            family = (order.parent_id or order.id) if order.is_exit_leg else order.id
            by_family[family] = max(by_family.get(family, ZERO), order.held_quantity)
        return sum(by_family.values(), ZERO)

    def reserved(self) -> Decimal:
        """Return the buying power in USD that working opening orders keep."""
        return self._reserved
