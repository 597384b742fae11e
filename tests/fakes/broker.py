"""`FakeBroker`: a small in-memory exchange with an account, which can be told to misbehave like a real one."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, auto

from builders import ACCOUNT, SESSION
from fakes.clock import ManualClock
from holdfast.domain.broker_facts import Account, Activity, Asset, BrokerPosition, FillActivity, HoldingMoved, Rows
from holdfast.domain.errors import DuplicateOrder, HoldfastError, OutcomeUnknown, Recoverable, Rejected
from holdfast.domain.order import Intent, OrderStatus, OrderView, Side
from holdfast.domain.session import Session
from holdfast.domain.symbols import asset_key, is_pair
from holdfast.engine.approval import SavedIntent
from holdfast.engine.ports import Assumptions

FEE = Decimal("0.0025")
A_PAIR = Asset(
    "BTC/USD",
    is_tradable=True,
    is_fractionable=True,
    is_shortable=False,
    quantity_min=Decimal("0.000011"),
    lot=Decimal("1e-9"),
    value_min=Decimal(10),
)
ASSUMPTIONS = Assumptions(request_lifetime_s=150, listing_lag_s=40, position_lag_s=10)


class Submit(Enum):
    """What becomes of one POST."""

    ACCEPT = auto()
    ACCEPT_AND_TIME_OUT = auto()
    LOSE = auto()
    ARRIVE_LATE = auto()
    REFUSE = auto()
    REFUSE_BUT_ACCEPT = auto()


class FakeBroker:
    """Orders fill at once at `price` unless `fills_at_once` is off; then `fill` and `end` move them.

    `plan` says what becomes of the next POSTs; `witness` sees each one before anything happens to it.
    """

    def __init__(self, clock: ManualClock, assumptions: Assumptions = ASSUMPTIONS) -> None:
        self.clock = clock
        self.assumptions = assumptions
        self.cash = ACCOUNT.cash
        self.account_id = ACCOUNT.id
        self.price = Decimal(100)
        self.fills_at_once = True
        self.plan: deque[Submit] = deque()
        self.witness: Callable[[Intent], None] = lambda _intent: None
        self.on_update: Callable[[OrderView], None] = lambda _view: None
        self.received: list[Intent] = []
        self.canceled: list[str] = []
        self.reads_failing: HoldfastError | None = None
        self.listing_lag_s = 0.0
        self.left_out: set[str] = set()
        self.position_lag_s = 0.0
        self.books: dict[str, OrderView] = {}
        self.executions: list[Activity] = []
        self.listed = ["AAPL", "MSFT", "GOOG"]
        self.pairs_listed = {"BTC/USD": A_PAIR}
        self.calls = 0
        self.account_reads = 0
        self._late: list[Intent] = []
        self._accepted_at: dict[str, float] = {}
        self._holdings: list[tuple[float, dict[str, BrokerPosition]]] = [(float("-inf"), {})]

    def _read(self) -> None:
        self.calls += 1
        if self.reads_failing:
            raise self.reads_failing

    async def account(self) -> Account:
        """Read the account."""
        self.account_reads += 1
        self._read()
        return replace(ACCOUNT, id=self.account_id, cash=self.cash)

    async def positions(self) -> Rows[BrokerPosition]:
        """Read the positions as they were `position_lag_s` ago."""
        self._read()
        seen = self.clock.monotonic() - self.position_lag_s
        holdings = next(held for since, held in reversed(self._holdings) if since <= seen)
        return Rows(tuple(one for one in holdings.values() if one.quantity))

    async def orders(self, *, after: datetime | None, open_only: bool = False) -> Rows[OrderView]:
        """Read the orders that a list shows by now, but for those `left_out`."""
        self._read()
        shown = [view for name, view in self.books.items() if self._is_listed(view) and name not in self.left_out]
        if open_only:
            shown = [view for view in shown if not view.status.is_terminal]
        return Rows(tuple(view for view in shown if after is None or view.submitted_at > after))

    async def order_by_client_id(self, client_order_id: str) -> OrderView | None:
        """Look one order up; one accepted within `listing_lag_s` is unknown."""
        self._read()
        view = self.books.get(client_order_id)
        return view if view and self._is_listed(view) else None

    async def order(self, broker_order_id: str) -> OrderView | None:
        """Look one order up by the broker's own id."""
        names = (name for name, view in self.books.items() if view.broker_order_id == broker_order_id)
        return await self.order_by_client_id(next(names, ""))

    def _is_listed(self, view: OrderView) -> bool:
        age = self.clock.monotonic() - self._accepted_at.get(view.client_order_id, float("-inf"))
        return age >= self.listing_lag_s

    async def position(self, symbol: str) -> BrokerPosition | None:
        """Read one position as it was `position_lag_s` ago."""
        return next((one for one in (await self.positions()).good if one.symbol == asset_key(symbol)), None)

    async def activities(self, after: datetime) -> Rows[Activity]:
        """Read what changed the holdings after `after`."""
        self._read()
        return Rows(tuple(fill for fill in self.executions if fill.time > after))

    async def assets(self) -> Mapping[str, Asset]:
        """Read what may be traded."""
        self._read()
        return {symbol: Asset(symbol, is_tradable=True, is_fractionable=False) for symbol in self.listed}

    async def pairs(self) -> Mapping[str, Asset]:
        """Read which pairs may be traded."""
        self._read()
        return dict(self.pairs_listed)

    async def sessions(self, start: date, end: date) -> Sequence[Session]:
        """Read the one session there is."""
        self._read()
        return [SESSION] if start <= SESSION.open.date() <= end else []

    async def submit(self, intent: SavedIntent) -> OrderView:
        """Take a POST; what becomes of it stands in `plan`, and without one it is accepted."""
        order = intent.intent
        self.calls += 1
        self.witness(order)
        self.received.append(order)
        fate = self.plan.popleft() if self.plan else Submit.ACCEPT
        if fate is Submit.REFUSE:
            raise Rejected("insufficient buying power", status=403)
        if fate is Submit.LOSE:
            raise OutcomeUnknown("the connection was lost")
        if fate is Submit.ARRIVE_LATE:
            self._late.append(order)
            raise OutcomeUnknown("no answer within 10 s")
        if order.client_order_id in self.books:
            raise DuplicateOrder("client_order_id must be unique", status=422)
        self.accept(order)
        if fate is Submit.ACCEPT_AND_TIME_OUT:
            raise OutcomeUnknown("504 from the gateway")
        if fate is Submit.REFUSE_BUT_ACCEPT:
            raise Rejected("wash trade", status=403)
        return self.books[order.client_order_id]

    async def cancel(self, broker_order_id: str) -> None:
        """Take a request for a cancel."""
        self.calls += 1
        self.canceled.append(broker_order_id)

    def accept(self, order: Intent) -> None:
        """Put an order into the book, whoever sent it; it fills at once if the market does that."""
        name = order.client_order_id
        self._accepted_at[name] = self.clock.monotonic()
        self.books[name] = OrderView(
            f"broker-{name}", name, order.symbol, order.side, order.quantity, OrderStatus.NEW, Decimal(0), None,
            self.clock.now(),
        )  # fmt: skip
        if self.fills_at_once:
            self.fill(name)

    def deliver_late(self) -> None:
        """Let the requests arrive that were on the wire all the time."""
        late, self._late = self._late, []
        for order in late:
            self.accept(order)

    def fill(self, name: str, quantity: Decimal | int | None = None) -> None:
        """Fill an order, wholly or by so many shares, and tell the stream."""
        view = self.books[name]
        assert view.quantity is not None
        new = view.quantity - view.filled_quantity if quantity is None else Decimal(quantity)
        filled = view.filled_quantity + new
        cost = view.filled_quantity * (view.filled_average_price or 0) + new * self.price
        status = OrderStatus.FILLED if filled == view.quantity else OrderStatus.PARTIALLY_FILLED
        self.books[name] = replace(view, status=status, filled_quantity=filled, filled_average_price=cost / filled)
        self._execute(view.broker_order_id, view.symbol, view.side, new)
        self.on_update(self.books[name])

    def end(self, name: str, status: OrderStatus = OrderStatus.CANCELED) -> None:
        """End an order, or move it to any status, and tell the stream."""
        self.books[name] = replace(self.books[name], status=status)
        self.on_update(self.books[name])

    def trade_by_hand(self, side: Side, quantity: int, symbol: str = "AAPL") -> None:
        """Let the account's owner trade."""
        name, shares = f"by-hand-{len(self.executions)}", Decimal(quantity)
        self.books[name] = OrderView(
            name, name, symbol, side, shares, OrderStatus.FILLED, shares, self.price, self.clock.now()
        )
        self._execute(name, symbol, side, shares)

    def split(self, ratio: int, symbol: str = "AAPL") -> None:
        """Turn each share into so many, as the exchange does before a session."""
        change = self.held(symbol) * (ratio - 1)
        self.executions.append(HoldingMoved(f"split-{symbol}", "SPLIT", symbol, change, self.clock.now()))
        self._hold(symbol, self.held(symbol) + change)

    def hand_over(self, quantity: int, symbol: str = "AAPL") -> None:
        """Set the holding without any execution: a transfer, a split, a ghost."""
        self._hold(symbol, Decimal(quantity))

    def held(self, symbol: str = "AAPL") -> Decimal:
        """Return the true position, without lag."""
        holding = self._holdings[-1][1].get(symbol)
        return holding.quantity if holding else Decimal(0)

    def _execute(self, order: str, symbol: str, side: Side, quantity: Decimal) -> None:
        number = len(self.executions)
        self.executions.append(
            FillActivity(f"execution-{number}", order, symbol, side, quantity, self.price, self.clock.now())
        )
        self.cash -= quantity * side.sign * self.price
        fee = quantity * FEE if is_pair(symbol) and side is Side.BUY else 0
        self._hold(symbol, self.held(symbol) + quantity * side.sign - fee)

    def _hold(self, symbol: str, quantity: Decimal) -> None:
        newest = dict(self._holdings[-1][1])
        newest[symbol] = BrokerPosition(asset_key(symbol), quantity, self.price, self.price)
        self._holdings.append((self.clock.monotonic(), newest))


UNREACHABLE = Recoverable("the broker does not answer")
