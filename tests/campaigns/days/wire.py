"""The Broker and MarketData ports of one process: requests cross the network, reads are late, partial or odd."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from campaigns.days.loop import Process, VirtualLoop
from campaigns.days.market import Tape
from campaigns.days.network import Network
from campaigns.days.settings import Settings, dice
from campaigns.days.venue import Venue
from holdfast.domain.bar import Bar
from holdfast.domain.broker_facts import Account, Activity, Asset, BadRow, BrokerPosition, Rows
from holdfast.domain.errors import DuplicateOrder, HoldfastError, OutcomeUnknown, Rejected
from holdfast.domain.order import Intent, OrderView, Role, Side
from holdfast.domain.session import Session
from holdfast.domain.timeframe import Timeframe
from holdfast.engine.approval import SavedIntent
from holdfast.engine.ports import Assumptions
from holdfast.exchange.order import Fate, OrderRequest, OrderType, TimeInForce
from holdfast.exchange.order import Intent as PositionIntent
from holdfast.exchange.refusal import Refusal

ZERO = Decimal(0)
Row = TypeVar("Row")
FILLED_BARS_AFTER_S = 1.0
# For so long after one untrue list there is no other of its kind.
TRUTH_S = 200.0


class Oddities:
    """What reads show that is not so: lag, one empty answer, a missing row, a row that cannot be parsed."""

    def __init__(self, settings: Settings, now: Callable[[], float], note: Callable[[str], None]) -> None:
        self._random = dice(settings.seed, "oddities")
        self._now = now
        self._lied_at: dict[str, float] = {}
        self._note = note
        self._position_lag = settings.assumptions.position_lag_s if "positions_lag" in settings.faults else 0.0
        self._stale_s = min(8.0, settings.assumptions.listing_lag_s) if "stale" in settings.faults else 0.0
        self._empty = settings.chance("empty", 0.02)
        self._missing = settings.chance("missing", 0.02)
        self._unparsable = settings.chance("unparsable", 0.02)
        self.is_calm = False

    def position_lag(self) -> float:
        """Draw how old a read of the positions is."""
        return self._lag(self._position_lag, "positions_lag")

    def order_lag(self) -> float:
        """Draw how old the view of an order is."""
        return self._lag(self._stale_s, "stale")

    def _lag(self, most: float, name: str) -> float:
        if not most or self.is_calm or self._random.random() < 0.4:
            return 0.0
        self._note(name)
        return self._random.uniform(0, most)

    def rows(self, rows: Sequence[Row], kind: str, symbol_of: Callable[[Row], str]) -> Rows[Any]:
        """Return the rows of one answer, or what is left of them."""
        if self.is_calm or not rows:
            return Rows(tuple(rows))
        if kind == "positions" and self._may_lie(kind) and self._hits(self._empty, "empty"):
            self._lied_at[kind] = self._now()
            return Rows(())
        if self._may_lie(kind) and self._hits(self._missing, f"missing_{kind}"):
            self._lied_at[kind] = self._now()
            gone = self._random.randrange(len(rows))
            return Rows(tuple(rows[:gone]) + tuple(rows[gone + 1 :]))
        if self._hits(self._unparsable, f"unparsable_{kind}"):
            gone = self._random.randrange(len(rows))
            symbol = symbol_of(rows[gone]) if self._random.random() < 0.6 else None
            return Rows(tuple(rows[:gone]) + tuple(rows[gone + 1 :]), (BadRow(symbol, "an unknown word"),))
        return Rows(tuple(rows))

    def _may_lie(self, kind: str) -> bool:
        """Whether the last untrue list of this kind is long ago: two in a row are more than is assumed."""
        return self._now() - self._lied_at.get(kind, -TRUTH_S) > TRUTH_S

    def _hits(self, chance: float, name: str) -> bool:
        if not chance or self._random.random() >= chance:
            return False
        self._note(name)
        return True


@dataclass(frozen=True, slots=True)
class Witness:
    """Who is told of what a process does at the broker, the moment it happens."""

    posting: Callable[[Process, Intent], None]
    canceling: Callable[[Process, str], None]
    asked: Callable[[Process, str], None]
    answered: Callable[[Process, float], None]
    at_point: Callable[[str, Process], bool]


class WireBroker:
    """The Broker port."""

    def __init__(
        self,
        process: Process,
        venue: Venue,
        network: Network,
        oddities: Oddities,
        settings: Settings,
        witness: Witness,
        fates: Callable[[], Fate],
    ) -> None:
        self._process = process
        self._venue = venue
        self._network = network
        self._oddities = oddities
        self._assumptions = settings.assumptions
        self._witness = witness
        self._fates = fates
        self._calls = 0

    @property
    def assumptions(self) -> Assumptions:
        """The delays that this broker may show."""
        return self._assumptions

    @property
    def calls(self) -> int:
        """How many requests went out so far."""
        return self._calls

    async def read(self, kind: str, serve: Callable[[], Any], on_answer: Callable[[], object] = lambda: None) -> Any:  # noqa: ANN401 - what the request asks for
        """Send a read and wait for its answer."""
        self._calls += 1
        self._witness.asked(self._process, kind)
        return await self._network.send(self._process, self._network.read_way(kind), serve, on_answer=on_answer)

    async def account(self) -> Account:
        """Read the account."""

        def serve() -> Account:
            value = self._venue.exchange.value
            is_blocked = self._venue.exchange.standing.terms.is_blocked
            name = self._venue.account_id
            held = self._venue.positions_at(self._venue.seconds - self._oddities.position_lag())
            values = [one.market_value or ZERO for one in held]
            return Account(
                name,
                name[-4:],
                value.cash,
                value.equity,
                is_tradable=not is_blocked,
                long_market_value=sum((one for one in values if one > 0), ZERO),
                short_market_value=sum((one for one in values if one < 0), ZERO),
            )

        return await self.read("account", serve)

    async def positions(self) -> Rows[BrokerPosition]:
        """Read every position, perhaps as they were some seconds ago."""

        def serve() -> Rows[BrokerPosition]:
            found = self._venue.positions_at(self._venue.seconds - self._oddities.position_lag())
            return self._oddities.rows(found, "positions", lambda row: row.symbol)

        self._witness.at_point("c13", self._process)
        if self._process.is_dead:
            await self._process.gone()
        return await self.read("positions", serve)

    async def position(self, symbol: str) -> BrokerPosition | None:
        """Read one position."""

        def serve() -> BrokerPosition | None:
            found = self._venue.position_at(symbol, self._venue.seconds - self._oddities.position_lag())
            if found is None:
                return None
            free = min(abs(found.quantity), self._venue.exchange.available_quantity(symbol))
            return replace(found, available=free.copy_sign(found.quantity))

        return await self.read("position", serve)

    async def orders(self, *, after: datetime | None, open_only: bool = False) -> Rows[OrderView]:
        """Read the orders that a list shows by now."""

        def serve() -> Rows[OrderView]:
            when = self._venue.seconds - self._oddities.order_lag()
            views = [self._venue.view_at(order_id, when) for order_id in self._venue.listed()]
            if after is not None:
                views = [view for view in views if view.submitted_at > after]
            if open_only:
                views = [view for view in views if not view.status.is_terminal]
            return self._oddities.rows(views, "orders", lambda row: row.symbol)

        return await self.read("orders", serve)

    async def order_by_client_id(self, client_order_id: str) -> OrderView | None:
        """Look one order up."""
        return await self._look_up(lambda: self._venue.by_client_id.get(client_order_id))

    async def order(self, broker_order_id: str) -> OrderView | None:
        """Look one order up by the broker's own id."""
        return await self._look_up(lambda: broker_order_id)

    async def _look_up(self, which: Callable[[], str | None]) -> OrderView | None:
        def serve() -> OrderView | None:
            order_id = which()
            if order_id is None or self._venue.listed_at[order_id] > self._venue.seconds:
                return None
            return self._venue.view_at(order_id, self._venue.seconds - self._oddities.order_lag())

        return await self.read("look_up", serve)

    async def activities(self, after: datetime) -> Rows[Activity]:
        """Read the activities after `after` that are shown by now."""

        def serve() -> Rows[Activity]:
            now = self._venue.seconds
            found = [one for since, one in self._venue.activities if since <= now and one.time > after]
            return self._oddities.rows(found, "activities", lambda row: row.symbol)

        when = self._venue.seconds
        return await self.read("activities", serve, lambda: self._witness.answered(self._process, when))

    async def assets(self) -> Mapping[str, Asset]:
        """Read what may be traded."""

        def serve() -> Mapping[str, Asset]:
            listed = self._venue.exchange.instruments.values()
            return {one.symbol: Asset(one.symbol, one.is_tradable, one.is_fractionable) for one in listed}

        return await self.read("assets", serve)

    async def pairs(self) -> Mapping[str, Asset]:
        """Read the pairs that may be traded: none."""
        return await self.read("pairs", dict)

    async def sessions(self, start: date, end: date) -> Sequence[Session]:
        """Read the calendar."""
        return await self.read("calendar", lambda: self._venue.calendar.read(start, end))

    async def submit(self, intent: SavedIntent) -> OrderView:
        """POST an order."""
        order, process = intent.intent, self._process
        self._calls += 1
        self._witness.posting(process, order)
        if self._witness.at_point("c3", process):
            await process.gone()
        fate = self._fates()

        def serve() -> OrderView:
            return self._accept(order, fate)

        answer = self._network.send(
            process,
            self._network.post_way(),
            serve,
            lambda: self._witness.at_point("c5", process),
            lambda: self._witness.at_point("c6", process),
        )
        self._network.loop.outside(0.001, self._witness.at_point, "c4", process)
        return await answer

    def _accept(self, order: Intent, fate: Fate) -> OrderView:
        request = OrderRequest(
            order.symbol, order.side, OrderType.MARKET, TimeInForce.DAY, order.quantity,
            client_order_id=order.client_order_id, intent=_position_intent(order),
        )  # fmt: skip
        try:
            return self._venue.submit(request, fate)
        except Refusal as refusal:
            raise refused(refusal) from None

    async def cancel(self, broker_order_id: str) -> None:
        """DELETE an order."""
        process = self._process
        self._calls += 1
        self._witness.canceling(process, broker_order_id)

        def serve() -> None:
            try:
                self._venue.cancel(broker_order_id, is_stuck=self._fates() is Fate.STUCK)
            except Refusal as refusal:
                raise refused(refusal) from None

        answer = self._network.send(process, self._network.read_way("cancel"), serve)
        if self._witness.at_point("c12", process):
            await process.gone()
        try:
            await answer
        except Rejected:
            raise
        except HoldfastError as error:
            raise OutcomeUnknown(str(error)) from None


def _position_intent(order: Intent) -> PositionIntent | None:
    """Say of an exit that it closes, as the adapter does."""
    if order.role is Role.ENTRY:
        return None
    return PositionIntent.SELL_TO_CLOSE if order.side is Side.SELL else PositionIntent.BUY_TO_CLOSE


def refused(refusal: Refusal) -> HoldfastError:
    """Return what the adapter makes of the exchange's no."""
    kind = DuplicateOrder if "client_order_id must be unique" in refusal.message else Rejected
    return kind(refusal.message, status=refusal.status, code=refusal.code)


class WireHistory:
    """The MarketData port: bars that closed a moment ago and before."""

    def __init__(self, broker: WireBroker, tapes: Mapping[str, Tape], loop: VirtualLoop, venue: Venue) -> None:
        self._broker = broker
        self._tapes = tapes
        self._loop = loop
        self._venue = venue

    async def bars(
        self, symbols: Sequence[str], timeframe: Timeframe, start: datetime, end: datetime
    ) -> Mapping[str, Sequence[Bar]]:
        """Read the complete bars of all symbols."""

        def serve() -> Mapping[str, Sequence[Bar]]:
            now = self._venue.now
            found = {}
            for symbol in symbols:
                bars = []
                for bar in reversed(self._tapes[symbol].bars):
                    if bar.time < start:
                        break
                    closed_for = (now - bar.time - timeframe.length).total_seconds()
                    if bar.time < end and closed_for >= FILLED_BARS_AFTER_S:
                        bars.append(bar)
                if bars:
                    found[symbol] = bars[::-1]
            return found

        return await self._broker.read("bars", serve)
