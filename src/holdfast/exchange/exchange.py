"""One simulated exchange for one account: commands go in, events come out. Time and ids are arguments.

It knows no clock, no network and no disk. Whoever drives it stores the events before showing them to anyone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from holdfast.domain.bar import Bar
from holdfast.domain.order import OrderStatus, Side
from holdfast.domain.session import Session
from holdfast.exchange.ids import Ids
from holdfast.exchange.instrument import Instrument
from holdfast.exchange.ledger import Ledger
from holdfast.exchange.matching import Quote, price_at_quote, price_in_bar, quantity_at, quote_of
from holdfast.exchange.order import ZERO, Fill, Order, OrderEvent, OrderRequest, OrderType, TimeInForce
from holdfast.exchange.order_book import OrderBook
from holdfast.exchange.refusal import (
    insufficient_buying_power,
    insufficient_quantity,
    malformed,
    not_found,
    unprocessable,
)
from holdfast.exchange.validation import validate

_GTC_LIFETIME = timedelta(days=90)
_SHARE_STEP = Decimal("0.000000001")


@dataclass(frozen=True, slots=True)
class Phase:
    """Where the market is: in a session or between two, and when the current or next one closes."""

    is_open: bool
    day_close: datetime


class Exchange:
    """Orders, matching and books of one account.

    Every command returns the events it caused, in order, each carrying the order's new value. Nothing else
    changes: what the events say plus `ledger` and `ids.count` is all there is to save.
    """

    def __init__(
        self,
        *,
        instruments: Mapping[str, Instrument],
        ledger: Ledger,
        ids: Ids,
        orders: Iterable[Order] = (),
        fills: Iterable[Fill] = (),
    ) -> None:
        self.instruments = instruments
        self.ledger = ledger
        self.ids = ids
        self.orders = OrderBook(orders)
        self.fills = list(fills)
        self.last_prices: dict[str, Decimal] = {}
        self._bars_today: dict[str, Bar] = {}
        self._frozen: set[str] = set()

    # Commands

    def submit(self, request: OrderRequest, phase: Phase, at: datetime, *, frozen: bool = False) -> list[OrderEvent]:
        """Accept an order and fill it if the market is there; `frozen` accepts it and lets it wait.

        The first event carries the order as it stands in the answer: `pending_new` while the market is open,
        else `accepted`.

        Raises:
            Refusal: and nothing has changed.
        """
        validate(request, self.instruments)
        if request.client_order_id is not None and self.orders.knows_client_order_id(request.client_order_id):
            raise malformed("client_order_id must be unique")
        self._check_means(request)
        order = self._new_order(request, phase, at)
        if frozen:
            self._frozen.add(order.id)
        events = [self._record(order.status.value, order, at)]
        if phase.is_open:
            order = replace(order, status=OrderStatus.NEW)
            events.append(self._record("new", order, at))
            events += self._match_quote(order, at)
        return events

    def cancel(self, order_id: str, at: datetime) -> list[OrderEvent]:
        """End a working order; canceling a canceled one changes nothing.

        Raises:
            Refusal: 404 for an unknown id, 422 for an order that ended another way.
        """
        order = self.orders.get(order_id)
        if order.status is OrderStatus.CANCELED:
            return []
        if not order.is_working:
            raise unprocessable(f'order is already in "{order.status.value}" state')
        return [self._end(order, OrderStatus.CANCELED, at)]

    def close_position(
        self,
        symbol: str,
        phase: Phase,
        at: datetime,
        *,
        quantity: Decimal | None = None,
        percentage: Decimal | None = None,
    ) -> list[OrderEvent]:
        """Sell `quantity` shares, a `percentage` (0 to 100) or all of a holding at the market.

        Raises:
            Refusal: 404 without a holding, 403 if other orders hold the shares, 422 for a bad amount.
        """
        held = self.ledger.quantity(symbol)
        if not held:
            raise not_found("position does not exist")
        if percentage is not None:
            quantity = (held * percentage / 100).quantize(_SHARE_STEP, ROUND_DOWN)
        request = OrderRequest(
            symbol=symbol,
            side=Side.SELL,
            type=OrderType.MARKET,
            time_in_force=TimeInForce.DAY,
            quantity=held if quantity is None else quantity,
        )
        return self.submit(request, phase, at)

    def advance(self, bars: Sequence[Bar], session: Session, at: datetime) -> list[OrderEvent]:
        """Let the market move to `at` within `session`: queued orders open, `bars` fill, the close expires.

        `bars` are those that closed at `at`, one a symbol at most.
        """
        events = self._open_queued(at) if at > session.open else []
        for bar in bars:
            for order in self.orders.working(bar.symbol):
                events += self._match_bar(order, bar, at)
        self.see(bars)
        if at >= session.close:
            self._bars_today.clear()
            due = (order for order in self.orders.working() if order.expires_at <= at)
            events += [self._end(order, OrderStatus.EXPIRED, at) for order in due]
        return events

    def see(self, bars: Iterable[Bar]) -> None:
        """Take the quotes that `bars` leave behind, without matching: also how they come back after a restart."""
        for bar in bars:
            self.last_prices[bar.symbol] = bar.close
            self._bars_today[bar.symbol] = bar

    def release(self, at: datetime) -> list[OrderEvent]:
        """Let all frozen orders fill from now on: at the current quote, or else at the next bar."""
        released, self._frozen = self._frozen, set()
        waiting = [order for order in self.orders.working() if order.id in released]
        ready = [order for order in waiting if order.status is OrderStatus.NEW]
        return [event for order in ready for event in self._match_quote(order, at)]

    # Queries

    def quote(self, symbol: str) -> Quote | None:
        """Return the current quote; None before the symbol's first bar of the session, and outside one."""
        bar = self._bars_today.get(symbol)
        return quote_of(bar) if bar else None

    @property
    def buying_power(self) -> Decimal:
        """Cash in USD that no working buy has spoken for, never negative."""
        return max(self.ledger.cash - self.orders.reserved(), ZERO)

    def available_quantity(self, symbol: str) -> Decimal:
        """Return the shares of `symbol` that no working sell holds."""
        return self.ledger.quantity(symbol) - self.orders.held_quantity(symbol)

    # Inside

    def _check_means(self, request: OrderRequest) -> None:
        price = self._reserve_price(request)
        quantity = request.quantity
        if quantity is None:
            quantity = (request.notional or ZERO) / price if price else ZERO
        if request.side is Side.SELL:
            if quantity > self.available_quantity(request.symbol):
                held = self.orders.held_quantity(request.symbol)
                raise insufficient_quantity(request.symbol, quantity, self.ledger.quantity(request.symbol), held)
            return
        cost = request.notional if request.notional is not None else quantity * price
        if cost > self.buying_power:
            raise insufficient_buying_power(self.buying_power, cost)

    def _reserve_price(self, request: OrderRequest) -> Decimal:
        if request.limit_price is not None:
            return request.limit_price
        quote = self.quote(request.symbol)
        return quote.taken_by(request.side) if quote else self.last_prices.get(request.symbol, ZERO)

    def _new_order(self, request: OrderRequest, phase: Phase, at: datetime) -> Order:
        order_id = self.ids.next()
        lasts = _GTC_LIFETIME if request.time_in_force is TimeInForce.GTC else timedelta(0)
        return Order(
            id=order_id,
            client_order_id=request.client_order_id or self.ids.next(),
            request=request,
            status=OrderStatus.PENDING_NEW if phase.is_open else OrderStatus.ACCEPTED,
            sequence=self.ids.count,
            submitted_at=at,
            updated_at=at,
            expires_at=phase.day_close + lasts,
            reserve_price=self._reserve_price(request),
        )

    def _open_queued(self, at: datetime) -> list[OrderEvent]:
        queued = (order for order in self.orders.working() if order.status is OrderStatus.ACCEPTED)
        return [self._record("new", replace(order, status=OrderStatus.NEW, updated_at=at), at) for order in queued]

    def _match_quote(self, order: Order, at: datetime) -> list[OrderEvent]:
        quote = self.quote(order.symbol)
        if quote is None:
            return []
        return self._match(order, lambda: price_at_quote(order, quote), at)

    def _match_bar(self, order: Order, bar: Bar, at: datetime) -> list[OrderEvent]:
        return self._match(order, lambda: price_in_bar(order, bar), at)

    def _match(self, order: Order, find_price: Callable[[], Decimal | None], at: datetime) -> list[OrderEvent]:
        if order.id in self._frozen:
            return []
        price = find_price()
        if price is not None:
            return [self._fill(order, price, at)]
        if order.request.time_in_force is TimeInForce.IOC:
            return [self._end(order, OrderStatus.CANCELED, at)]
        return []

    def _fill(self, order: Order, price: Decimal, at: datetime) -> OrderEvent:
        quantity = quantity_at(order, price)
        if order.side is Side.SELL:
            # An order placed by value can ask for more shares than there are once the price has dropped.
            quantity = min(quantity, self.ledger.quantity(order.symbol))
        filled = replace(
            order,
            status=OrderStatus.FILLED,
            filled_quantity=order.filled_quantity + quantity,
            filled_value=order.filled_value + quantity * price,
            filled_at=at,
            updated_at=at,
        )
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
        )
        self.fills.append(fill)
        return self._record("fill", filled, at, fill=fill, position_quantity=self.ledger.book(fill))

    def _end(self, order: Order, status: OrderStatus, at: datetime) -> OrderEvent:
        self._frozen.discard(order.id)
        canceled_at = at if status is OrderStatus.CANCELED else None
        expired_at = at if status is OrderStatus.EXPIRED else None
        ended = replace(order, status=status, updated_at=at, canceled_at=canceled_at, expired_at=expired_at)
        return self._record(status.value, ended, at)

    def _record(
        self,
        kind: str,
        order: Order,
        at: datetime,
        *,
        fill: Fill | None = None,
        position_quantity: Decimal | None = None,
    ) -> OrderEvent:
        self.orders.put(order)
        event_id = fill.id if fill else self.ids.next()
        return OrderEvent(kind, order, at, event_id, self.ids.count, fill, position_quantity)
