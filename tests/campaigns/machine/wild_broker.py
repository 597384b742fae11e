"""`WildBroker`: the fake broker with everything that a real one may do within its assumptions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from fakes.broker import FakeBroker, Submit
from fakes.clock import ManualClock
from holdfast.domain.broker_facts import Activity, Rows
from holdfast.domain.errors import OutcomeUnknown, Recoverable
from holdfast.domain.order import Intent, OrderStatus, OrderView, Role, Side
from holdfast.engine.approval import SavedIntent

LATE_S_MAX = 149.0


@dataclass
class Flows:
    """What moved one symbol's holding so far, in shares: our orders' fills, and everything else."""

    bought: Decimal = Decimal(0)
    sold: Decimal = Decimal(0)
    foreign_in: Decimal = Decimal(0)
    foreign_out: Decimal = Decimal(0)

    @property
    def is_foreign(self) -> bool:
        """Whether anybody else ever moved it."""
        return bool(self.foreign_in or self.foreign_out)


class WildBroker(FakeBroker):
    """Late requests arrive before they die, views of orders are old, cancels may be lost, owners trade."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.updates: list[OrderView] = []
        self.on_update = self.updates.append
        self.view_lag_s = self.activities_lag_s = 0.0
        self.loses_cancels = False
        self.flows: dict[str, Flows] = {}
        self.late: list[tuple[float, Intent]] = []
        self.arrived_late = 0
        self.posted: dict[str, Intent] = {}
        self._history: dict[str, list[tuple[float, OrderView]]] = {}

    # What the bot asks

    async def orders(self, *, after: datetime | None, open_only: bool = False) -> Rows[OrderView]:
        """Read the list; a view in it may be `view_lag_s` old."""
        rows = await super().orders(after=after, open_only=open_only)
        return Rows(tuple(self._as_then(view) for view in rows.good), rows.bad)

    async def order_by_client_id(self, client_order_id: str) -> OrderView | None:
        """Look one order up; the view may be `view_lag_s` old."""
        view = await super().order_by_client_id(client_order_id)
        return view and self._as_then(view)

    async def activities(self, after: datetime) -> Rows[Activity]:
        """Read what changed the holdings; the last `activities_lag_s` are not listed yet."""
        until = self.clock.now() - timedelta(seconds=self.activities_lag_s)
        return Rows(tuple(one for one in (await super().activities(after)).good if one.time <= until))

    async def submit(self, intent: SavedIntent) -> OrderView:
        """Take a POST; a request that is late waits in `late`, and an exit of more than is free is refused."""
        order = intent.intent
        is_late = bool(self.plan) and self.plan[0] is Submit.ARRIVE_LATE
        if not is_late and self._is_uncovered(order):
            fates = [Submit.REFUSE, *list(self.plan)[1:]]
            self.plan.clear()
            self.plan.extend(fates)
        try:
            return await super().submit(intent)
        finally:
            self.posted[order.client_order_id] = order
            if is_late:
                self._late.clear()
                self.late.append((self.clock.monotonic() + LATE_S_MAX, order))

    async def cancel(self, broker_order_id: str) -> None:
        """Take a cancel: it takes effect later, or it is lost with its answer."""
        await super().cancel(broker_order_id)
        if self.loses_cancels:
            raise OutcomeUnknown("the connection was lost")
        for name, view in self.books.items():
            if view.broker_order_id == broker_order_id and not view.status.is_terminal:
                self.end(name, OrderStatus.PENDING_CANCEL)
                return
        raise Recoverable("the order cannot be canceled")

    def _as_then(self, view: OrderView) -> OrderView:
        seen = self.clock.monotonic() - self.view_lag_s
        history = self._history.get(view.client_order_id, [])
        return next((old for since, old in reversed(history) if since <= seen), history[0][1] if history else view)

    # What happens at the broker

    def accept(self, order: Intent) -> None:
        """Put an order into the book unless its id is taken, or it says that it closes what is not there."""
        if order.client_order_id not in self.books and not self._is_uncovered(order):
            super().accept(order)
            self._remember(order.client_order_id)

    def free(self, symbol: str, orders: Iterable[Intent]) -> Decimal:
        """Return how many shares none of these orders may sell."""
        claimed = sum(self.open_quantity(one) for one in orders if one.side is Side.SELL)
        return max(Decimal(0), self.held(symbol) - claimed)

    def _is_uncovered(self, order: Intent) -> bool:
        # An exit carries its intent to close, and Alpaca refuses one of more shares than are held and unclaimed.
        free = self.free(order.symbol, self.working(order.symbol))
        return order.role is Role.EXIT and order.side is Side.SELL and order.quantity > free

    def fill(self, name: str, quantity: Decimal | int | None = None) -> None:
        """Fill an order."""
        if name not in self._history:
            self._history[name] = [(self.clock.monotonic(), self.books[name])]
        super().fill(name, quantity)
        self._remember(name)

    def end(self, name: str, status: OrderStatus = OrderStatus.CANCELED) -> None:
        """Move an order to a status."""
        super().end(name, status)
        self._remember(name)

    def arrive(self, index: int = 0) -> None:
        """Let one request arrive that was on the wire all the time."""
        self.arrived_late += 1
        self.accept(self.late.pop(index)[1])

    @property
    def next_arrival_s(self) -> float | None:
        """The process second at which the oldest request on the wire arrives at the latest."""
        return min((due for due, _order in self.late), default=None)

    def owner_trades(self, side: Side, quantity: int, symbol: str) -> None:
        """Let the owner trade, and tell the stream."""
        self.trade_by_hand(side, quantity, symbol)
        name = list(self.books)[-1]
        self._remember(name)
        self.updates.append(self.books[name])

    def split(self, ratio: int, symbol: str = "AAPL") -> None:
        """Turn each share into so many."""
        self._moved(symbol, self.held(symbol) * (ratio - 1))
        super().split(ratio, symbol)

    def transfer(self, change: int, symbol: str) -> None:
        """Bring shares in, or take them out, with nothing that explains it."""
        self._moved(symbol, Decimal(change))
        self.hand_over(int(self.held(symbol)) + change, symbol)

    def _moved(self, symbol: str, change: Decimal) -> None:
        flows = self.flows.setdefault(symbol, Flows())
        flows.foreign_in += max(change, Decimal(0))
        flows.foreign_out -= min(change, Decimal(0))

    def _remember(self, name: str) -> None:
        self._history.setdefault(name, []).append((self.clock.monotonic(), self.books[name]))

    def _execute(self, order: str, symbol: str, side: Side, quantity: Decimal) -> None:
        super()._execute(order, symbol, side, quantity)
        flows = self.flows.setdefault(symbol, Flows())
        is_ours = order.startswith("broker-hf.")
        name = {(True, 1): "bought", (True, -1): "sold", (False, 1): "foreign_in", (False, -1): "foreign_out"}
        field = name[is_ours, side.sign]
        setattr(flows, field, getattr(flows, field) + quantity)

    # What is true

    def working(self, symbol: str) -> list[Intent]:
        """Return our orders that work at the broker."""
        names = [name for name, view in self.books.items() if not view.status.is_terminal]
        return [self.posted[name] for name in names if name in self.posted and self.posted[name].symbol == symbol]

    def live(self, symbol: str) -> list[Intent]:
        """Return our orders that may still fill: working at the broker, or on the wire."""
        return [*self.working(symbol), *(order for _due, order in self.late if order.symbol == symbol)]

    def open_quantity(self, intent: Intent) -> Decimal:
        """Return what of an order of ours may still fill."""
        view = self.books.get(intent.client_order_id)
        return intent.quantity - (view.filled_quantity if view else Decimal(0))
