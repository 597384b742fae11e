"""The written side of the exchange: orders, fills, holdings, and what of it has changed since it was last asked.

Every change of an order passes `record` or `keep`, and none may leave the table of statuses.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from holdfast.domain.order import OrderStatus
from holdfast.exchange.activity import Activity, ActivityType
from holdfast.exchange.fees import crypto_fee
from holdfast.exchange.ids import Ids
from holdfast.exchange.ledger import Ledger
from holdfast.exchange.order import ZERO, Fill, Order, OrderEvent
from holdfast.exchange.order_book import OrderBook
from holdfast.exchange.status import may_follow


@dataclass(slots=True)
class Changes:
    """What is new since the last time: orders by id, fills and activities in order, symbols whose holding moved."""

    orders: dict[str, Order] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    symbols: set[str] = field(default_factory=set)


class Books:
    """The account's records; ids and cash included."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        ids: Ids,
        orders: Iterable[Order] = (),
        fills: Iterable[Fill] = (),
        activities: Iterable[Activity] = (),
    ) -> None:
        self.ledger = ledger
        self.ids = ids
        self.orders = OrderBook(orders)
        self.fills = list(fills)
        self.activities = list(activities)
        self._changes = Changes()
        self._fees_due = self._not_charged()

    def take_changes(self) -> Changes:
        """Return what has changed since the last call."""
        changes, self._changes = self._changes, Changes()
        return changes

    def current(self, order: Order) -> Order:
        """Return the newest value of an order."""
        return self.orders.get(order.id)

    def keep(self, order: Order) -> None:
        """Keep a change of an order that nobody is told of."""
        self.orders.put(order)
        self._changes.orders[order.id] = order

    def record(
        self,
        kind: str,
        order: Order,
        at: datetime,
        *,
        fill: Fill | None = None,
        position_quantity: Decimal | None = None,
    ) -> OrderEvent:
        """Keep a new value of an order and return the event that tells of it."""
        before = self.orders.find(order.id)
        if before is not None and not may_follow(before.status, order.status):
            raise AssertionError(f"an order cannot go from {before.status.value} to {order.status.value}")
        order = replace(order, updated_at=at)
        self.keep(order)
        event_id = fill.id if fill else self.ids.next()
        return OrderEvent(kind, order, at, event_id, self.ids.count, fill, position_quantity)

    def become(self, order: Order, status: OrderStatus, at: datetime) -> OrderEvent:
        """Change an order's status, with the time that belongs to it."""
        changed = replace(
            order,
            status=status,
            canceled_at=at if status is OrderStatus.CANCELED else order.canceled_at,
            expired_at=at if status is OrderStatus.EXPIRED else order.expired_at,
            failed_at=at if status is OrderStatus.REJECTED else order.failed_at,
            replaced_at=at if status is OrderStatus.REPLACED else order.replaced_at,
            cancel_requested_at=at if status is OrderStatus.PENDING_CANCEL else order.cancel_requested_at,
        )
        return self.record(status.value, changed, at)

    def fill(
        self, order: Order, quantity: Decimal, price: Decimal, at: datetime, *, is_complete: bool, is_maker: bool
    ) -> OrderEvent:
        """Book one execution and return its event."""
        filled = self._filled(order, quantity, price, at, is_complete=is_complete)
        coins, fee = ZERO, ZERO
        if order.is_crypto:
            coins, fee = crypto_fee(order.side, quantity, price, is_maker=is_maker)
        fill = Fill(
            id=self.ids.next(),
            order_id=order.id,
            symbol=order.symbol,
            side=order.side,
            quantity=quantity,
            price=price,
            time=at,
            cumulative_quantity=filled.filled_quantity,
            leaves_quantity=filled.open_quantity,
            order_status=filled.status,
            fee_quantity=coins,
            fee=fee,
        )
        self.fills.append(fill)
        self._changes.fills.append(fill)
        if coins or fee:
            self._fees_due.append(fill)
        self._changes.symbols.add(fill.symbol)
        held = self.ledger.book(fill)
        kind = "fill" if is_complete else "partial_fill"
        return self.record(kind, filled, at, fill=fill, position_quantity=held)

    def _filled(self, order: Order, quantity: Decimal, price: Decimal, at: datetime, *, is_complete: bool) -> Order:
        if is_complete:
            status = OrderStatus.FILLED
        elif order.status is OrderStatus.PENDING_CANCEL:
            status = order.status
        else:
            status = OrderStatus.PARTIALLY_FILLED
        return replace(
            order,
            status=status,
            filled_quantity=order.filled_quantity + quantity,
            filled_value=order.filled_value + quantity * price,
            filled_at=at,
        )

    def split(self, symbol: str, ratio: Decimal, at: datetime) -> None:
        """Rescale a holding: `ratio` new shares for each old one, at the same cost."""
        change = self.ledger.split(symbol, ratio)
        self._note(ActivityType.SPLIT, symbol, change, at, f"{ratio.normalize():f} for 1 split")

    def move_shares(self, symbol: str, quantity: Decimal, price: Decimal, at: datetime) -> None:
        """Let shares come in (positive) or go out without any order, at `price` USD each."""
        self.ledger.move(symbol, quantity, price)
        self._note(ActivityType.SHARES_MOVED, symbol, quantity, at, "shares journaled", price=price)

    def charge_fees(self, at: datetime) -> None:
        """Write the crypto fees of the days before `at` (UTC) down, one entry a pair; the coins are gone already."""
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        due = [fill for fill in self._fees_due if fill.time < midnight]
        for symbol in sorted({fill.symbol for fill in due}):
            own = [fill for fill in due if fill.symbol == symbol]
            coins, usd = sum((f.fee_quantity for f in own), ZERO), sum((f.fee for f in own), ZERO)
            self._note(ActivityType.CRYPTO_FEE, symbol, -coins, at, "Coin Pair Transaction Fee", amount=-usd)
        if due:
            self._fees_due = [fill for fill in self._fees_due if fill.time >= midnight]

    def _note(
        self,
        kind: ActivityType,
        symbol: str,
        quantity: Decimal,
        at: datetime,
        description: str,
        *,
        amount: Decimal = ZERO,
        price: Decimal | None = None,
    ) -> None:
        entry = Activity(self.ids.next(), kind, symbol, quantity, at, description, amount, price)
        self.activities.append(entry)
        self._changes.activities.append(entry)
        self._changes.symbols.add(symbol)

    def _not_charged(self) -> list[Fill]:
        charged = [entry.time for entry in self.activities if entry.type is ActivityType.CRYPTO_FEE]
        last = max(charged, default=None)
        with_fee = (fill for fill in self.fills if fill.fee or fill.fee_quantity)
        return [fill for fill in with_fee if last is None or fill.time >= last]
