"""The broker's truth: the pure exchange with everything that ever happened, so that any read can be given late."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from campaigns.days.loop import VirtualLoop
from campaigns.days.market import Calendar, moment
from campaigns.days.settings import Settings, dice
from holdfast.domain.bar import Bar
from holdfast.domain.broker_facts import Activity, BrokerPosition, FillActivity, HoldingMoved
from holdfast.domain.order import OrderView, Side
from holdfast.exchange.books import Books
from holdfast.exchange.exchange import Exchange
from holdfast.exchange.hours import Hours
from holdfast.exchange.ids import Ids
from holdfast.exchange.instrument import Instrument
from holdfast.exchange.ledger import Holding, Ledger
from holdfast.exchange.order import Fate, Order, OrderEvent, OrderRequest, OrderType, TimeInForce
from holdfast.exchange.replacement import Amendment

OUR_PREFIX = "hf.main."


class ShortIds(Ids):
    """Ids that count: cheap, and easy to read in a trace."""

    def __init__(self) -> None:
        super().__init__("")

    def next(self) -> str:
        """Make one more id."""
        self.count += 1
        return f"b{self.count:05d}"


@dataclass(frozen=True, slots=True)
class ForeignChange:
    """The holding of a symbol was changed by somebody else: by so much, and what is held since."""

    symbol: str
    change: Decimal
    total: Decimal
    ratio: Decimal | None = None


Listener = Callable[[OrderEvent, OrderView], None]


class Venue:
    """One account at one exchange; every change is kept with its time and told to the listeners."""

    def __init__(self, loop: VirtualLoop, calendar: Calendar, settings: Settings) -> None:
        self._loop = loop
        self.later = loop.outside
        self._random = dice(settings.seed, "venue")
        self._listing = settings.assumptions.listing_lag_s if "listing" in settings.faults else 0.0
        self._activity_lag = settings.assumptions.position_lag_s if "activities_lag" in settings.faults else 0.0
        self.calendar = calendar
        instruments = {
            one.name: Instrument(one.name, one.name, "NYSE", is_fractionable=one.is_fractionable)
            for one in settings.symbols
        }
        books = Books(ledger=Ledger(settings.cash), ids=ShortIds())
        self.exchange = Exchange(instruments=instruments, books=books, participation=settings.participation)
        self.account_id = "account-1"
        self.versions: dict[str, list[tuple[float, OrderView]]] = {}
        self.listed_at: dict[str, float] = {}
        self.by_client_id: dict[str, str] = {}
        self.holdings: dict[str, tuple[list[float], list[BrokerPosition]]] = {
            one.name: ([0.0], [BrokerPosition(one.name, Decimal(0), Decimal(0), None)]) for one in settings.symbols
        }
        self.activities: list[tuple[float, Activity]] = []
        self.on_order: list[Listener] = []
        self.on_foreign: list[Callable[[ForeignChange], None]] = []

    # Time

    @property
    def now(self) -> datetime:
        """The broker's own time."""
        return moment(self._loop.time())

    @property
    def seconds(self) -> float:
        """The same in the loop's seconds."""
        return self._loop.time()

    @property
    def hours(self) -> Hours:
        """The trading day around now."""
        return self.calendar.hours(self.now)

    # Commands. Each raises Refusal, and then nothing has changed.

    def submit(self, request: OrderRequest, fate: Fate = Fate.NORMAL) -> OrderView:
        """Take an order and return the view that its answer carries."""
        return self._happened(self.exchange.submit(request, self.hours, self.now, fate=fate))[0]

    def trade_by_hand(self, name: str, symbol: str, side: Side, quantity: Decimal) -> None:
        """Let somebody else send a market order."""
        self.submit(OrderRequest(symbol, side, OrderType.MARKET, TimeInForce.DAY, quantity, client_order_id=name))

    def cancel(self, order_id: str, *, is_stuck: bool = False) -> None:
        """End a working order, or leave its cancel pending."""
        self._happened(self.exchange.cancel(order_id, self.now, is_stuck=is_stuck))

    def replace(self, order_id: str, quantity: Decimal) -> None:
        """Put a new order with another quantity, and a name of nobody's, in the place of a working one."""
        self._happened(self.exchange.replace(order_id, Amendment(quantity), self.hours, self.now))

    def release(self, order_id: str | None = None) -> None:
        """Let a bound order go its normal way."""
        self._happened(self.exchange.release(self.hours, self.now, order_id))

    def liquidate(self, symbol: str) -> None:
        """Let the broker close a holding."""
        self._happened(self.exchange.liquidate(symbol, self.hours, self.now))

    def close(self, symbol: str) -> None:
        """Let the owner close a holding."""
        self._happened(self.exchange.close_position(symbol, self.hours, self.now))

    def resume(self, symbol: str) -> None:
        """Let a halted symbol trade again."""
        self._happened(self.exchange.resume(symbol, self.hours, self.now))

    def transfer(self, symbol: str, quantity: Decimal) -> None:
        """Move shares in or out."""
        self.exchange.transfer(symbol, quantity, self.now)
        self._moved(symbol, quantity)

    def split(self, symbol: str, ratio: Decimal) -> None:
        """Give `ratio` new shares for each old one."""
        before = self.quantity(symbol)
        self.exchange.split(symbol, ratio, self.now)
        self._moved(symbol, self.quantity(symbol) - before, ratio)

    def advance(self, bars: Sequence[Bar]) -> None:
        """Let the market come to now, with the bars that have just closed."""
        self._happened(self.exchange.advance(bars, self.calendar.hours(self.now), self.now))

    # Truth

    def quantity(self, symbol: str) -> Decimal:
        """What the account holds of a symbol."""
        return self.exchange.books.ledger.quantity(symbol)

    def order(self, order_id: str) -> Order:
        """Return an order as it stands."""
        return self.exchange.books.orders.get(order_id)

    def working(self, symbol: str) -> list[Order]:
        """Return the working orders of a symbol."""
        return self.exchange.books.orders.working(symbol)

    # Views with lag

    def view_at(self, order_id: str, when: float) -> OrderView:
        """Return an order as it stood at `when`; its first version if that is earlier."""
        versions = self.versions[order_id]
        for since, view in reversed(versions):
            if since <= when:
                return view
        return versions[0][1]

    def time_of(self, view: OrderView) -> float:
        """Return when an order came to look like this."""
        return next(since for since, one in self.versions[view.broker_order_id] if one is view)

    def listed(self) -> Iterable[str]:
        """The ids of the orders that lists and look-ups show by now."""
        now = self._loop.time()
        return (order_id for order_id, since in self.listed_at.items() if since <= now)

    def is_shown(self, client_order_id: str) -> bool:
        """Whether lists and look-ups show this order by now."""
        order_id = self.by_client_id.get(client_order_id)
        return order_id is not None and self.listed_at[order_id] <= self._loop.time()

    def positions_at(self, when: float) -> list[BrokerPosition]:
        """Return the holdings as they stood at `when`."""
        found = (self.position_at(symbol, when) for symbol in self.holdings)
        return [one for one in found if one is not None]

    def position_at(self, symbol: str, when: float) -> BrokerPosition | None:
        """Return one holding as it stood at `when`, None if there was none."""
        times, values = self.holdings[symbol]
        value = values[max(0, bisect_right(times, when) - 1)]
        return value if value.quantity else None

    # What happened

    def _happened(self, events: Sequence[OrderEvent]) -> list[OrderView]:
        return [self._keep(event) for event in events]

    def _keep(self, event: OrderEvent) -> OrderView:
        order, now = event.order, self._loop.time()
        view = view_of(order)
        if order.id not in self.versions:
            self.versions[order.id] = []
            self.by_client_id[order.client_order_id] = order.id
            lag = self._random.uniform(0, self._listing) * self._random.choice((0.1, 1)) if self._listing else 0.0
            self.listed_at[order.id] = now + lag
        self.versions[order.id].append((now, view))
        if event.fill is not None:
            fill = event.fill
            activity = FillActivity(
                fill.id, fill.order_id, fill.symbol, fill.side, fill.quantity, fill.price, fill.time
            )
            self.activities.append((now + self._random.uniform(0, self._activity_lag), activity))
            self._note_holding(order.symbol)
            if not is_ours(order.client_order_id):
                held = event.position_quantity or Decimal(0)
                self._tell_foreign(order.symbol, fill.quantity * fill.side.sign, held)
        for listener in self.on_order:
            listener(event, view)
        return view

    def _moved(self, symbol: str, change: Decimal, ratio: Decimal | None = None) -> None:
        now = self._loop.time()
        entry = self.exchange.books.activities[-1]
        moved = HoldingMoved(entry.id, entry.type.value, symbol, change, entry.time)
        self.activities.append((now + self._random.uniform(0, self._activity_lag), moved))
        self._note_holding(symbol)
        self._tell_foreign(symbol, change, self.quantity(symbol), ratio)

    def _note_holding(self, symbol: str) -> None:
        held = self.exchange.books.ledger.holdings.get(symbol, Holding())
        times, values = self.holdings[symbol]
        times.append(self._loop.time())
        price = self.exchange.prices.last.get(symbol)
        worth = held.quantity * price if price is not None else None
        values.append(
            BrokerPosition(symbol, held.quantity, held.average_entry_price, price, held.quantity, market_value=worth)
        )

    def _tell_foreign(self, symbol: str, change: Decimal, total: Decimal, ratio: Decimal | None = None) -> None:
        for listener in self.on_foreign:
            listener(ForeignChange(symbol, change, total, ratio))


def is_ours(client_order_id: str) -> bool:
    """Whether an order carries the bot's prefix."""
    return client_order_id.startswith(OUR_PREFIX)


def view_of(order: Order) -> OrderView:
    """Return what the broker shows of an order."""
    return OrderView(
        order.id,
        order.client_order_id,
        order.symbol,
        order.side,
        order.request.quantity,
        order.status,
        order.filled_quantity,
        order.filled_average_price,
        order.submitted_at,
        order.filled_at,
    )
