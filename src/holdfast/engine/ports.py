"""The ports: what the engine needs of the outside world. Only these differ between live and simulation."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from holdfast.domain.bar import Bar
from holdfast.domain.broker_facts import Account, Activity, Asset, BrokerPosition, Rows
from holdfast.domain.order import OrderView
from holdfast.domain.session import Session
from holdfast.domain.timeframe import Timeframe
from holdfast.engine.approval import SavedIntent


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What may be believed about the broker's delays, in process seconds (FAULTS part 1).

    `request_lifetime_s`: a lost request can still arrive for this long. `listing_lag_s`: an accepted order
    can be invisible to a look-up for this long. `position_lag_s`: positions may lag the orders by this much.
    """

    request_lifetime_s: float
    listing_lag_s: float
    position_lag_s: float

    @property
    def absence_proof_s(self) -> float:
        """How long an id must stay unknown, counted from this process's start or send, to prove it absent."""
        return (self.request_lifetime_s + self.listing_lag_s) * 1.1 + 1

    @property
    def listing_proof_s(self) -> float:
        """How long a look-up must not show an order that has filled to prove that it is none of ours."""
        return self.listing_lag_s * 1.1 + 1


class BrokerReads(Protocol):
    """What may be asked about the account. Every call may raise Recoverable, Rejected or Fatal."""

    @property
    def assumptions(self) -> Assumptions:
        """The delays that this broker may show."""
        ...

    async def account(self) -> Account:
        """Read the account; one call."""
        ...

    async def positions(self) -> Rows[BrokerPosition]:
        """Read every position in one call."""
        ...

    async def orders(self, *, after: datetime | None, open_only: bool = False) -> Rows[OrderView]:
        """Read all pages of orders submitted after `after`; all statuses, or only the open ones."""
        ...

    async def order_by_client_id(self, client_order_id: str) -> OrderView | None:
        """Look one order up; None when the broker does not know the id (404)."""
        ...

    async def order(self, broker_order_id: str) -> OrderView | None:
        """Look an order up by the broker's own id, whoever sent it; None when the broker does not know it (404)."""
        ...

    async def position(self, symbol: str) -> BrokerPosition | None:
        """Read one position; None when the account holds none (404)."""
        ...

    async def activities(self, after: datetime) -> Rows[Activity]:
        """Read all pages of what changed the account's holdings after `after`: fills, splits, transfers, fees."""
        ...

    async def assets(self) -> Mapping[str, Asset]:
        """Read every stock that may be traded, by symbol; one call."""
        ...

    async def pairs(self) -> Mapping[str, Asset]:
        """Read every crypto pair that may be traded, by symbol; one call."""
        ...

    async def sessions(self, start: date, end: date) -> Sequence[Session]:
        """Read the market's sessions from `start` to `end`, both included; one call."""
        ...

    @property
    def calls(self) -> int:
        """How many requests went out so far."""
        ...


class Broker(BrokerReads, Protocol):
    """The account, read and written: the two writes there are (I13). They may also raise OutcomeUnknown."""

    async def submit(self, intent: SavedIntent) -> OrderView:
        """POST the order, once. A market order of our own, good for the day (for a pair: till canceled)."""
        ...

    async def cancel(self, broker_order_id: str) -> None:
        """Ask for a cancel of our own order. Only a terminal look-up says that it happened."""
        ...


class MarketData(Protocol):
    """Historical bars."""

    async def bars(
        self, symbols: Sequence[str], timeframe: Timeframe, start: datetime, end: datetime
    ) -> Mapping[str, Sequence[Bar]]:
        """Read the complete bars with start <= time < end of all symbols, all pages; silent symbols are absent."""
        ...


class BarStream(Protocol):
    """Live bars. A stream that is not live is being retried; the caller polls meanwhile."""

    @property
    def is_live(self) -> bool:
        """Whether the subscription is in effect now."""
        ...

    @property
    def connections(self) -> int:
        """How often it has come into effect; a change means that something may have been missed."""
        ...

    def start(self, symbols: Iterable[str], on_bar: Callable[[Bar], None]) -> None:
        """Connect in the background; `on_bar` is called in the event loop that called `start`."""
        ...

    async def stop(self) -> None:
        """End within a bound, even against a mute peer."""
        ...


class OrderStream(Protocol):
    """Live order updates: a doorbell, not a ledger."""

    @property
    def is_live(self) -> bool:
        """Whether updates are being listened to now."""
        ...

    @property
    def connections(self) -> int:
        """How often listening has begun; a change means that something may have been missed."""
        ...

    def start(self, on_update: Callable[[OrderView], None]) -> None:
        """Connect in the background; `on_update` is called in the event loop that called `start`."""
        ...

    async def stop(self) -> None:
        """End within a bound, even against a mute peer."""
        ...


class Clock(Protocol):
    """The only thing that knows the time."""

    def now(self) -> datetime:
        """Market time, timezone-aware UTC: sessions, bar age."""
        ...

    def monotonic(self) -> float:
        """Process seconds: deadlines, back-off, proofs of absence."""
        ...

    def wall(self) -> datetime:
        """The wall clock, aware UTC: for people and file names, never for a safety decision."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait process seconds."""
        ...
