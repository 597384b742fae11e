"""Orders as the exchange keeps them, and the requests they come from. How they fill lives in `matching`."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from holdfast.domain.order import OrderStatus, Side

ZERO = Decimal(0)


class OrderType(StrEnum):
    """The order types of this exchange."""

    MARKET = "market"
    LIMIT = "limit"


class TimeInForce(StrEnum):
    """How long an order works: to the session's close, until canceled, or only at once."""

    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a client asks for. Exactly one of `quantity` (shares) and `notional` (USD) is set."""

    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    client_order_id: str | None = None
    extended_hours: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """One order at one moment; every change makes a new value.

    Quantities in shares, prices in USD, times in UTC. `filled_value` is the sum of price x quantity over its
    fills. `reserve_price` values one share at acceptance: what a buy keeps of the buying power.
    """

    id: str
    client_order_id: str
    request: OrderRequest
    status: OrderStatus
    sequence: int
    submitted_at: datetime
    updated_at: datetime
    expires_at: datetime
    reserve_price: Decimal = ZERO
    filled_quantity: Decimal = ZERO
    filled_value: Decimal = ZERO
    filled_at: datetime | None = None
    canceled_at: datetime | None = None
    expired_at: datetime | None = None

    @property
    def symbol(self) -> str:
        """The traded symbol."""
        return self.request.symbol

    @property
    def side(self) -> Side:
        """Buy or sell."""
        return self.request.side

    @property
    def is_working(self) -> bool:
        """Whether it may still fill."""
        return not self.status.is_terminal

    @property
    def open_quantity(self) -> Decimal:
        """Shares that may still fill; zero for a finished order and for one placed by value."""
        if not self.is_working or self.request.quantity is None:
            return ZERO
        return self.request.quantity - self.filled_quantity

    @property
    def held_quantity(self) -> Decimal:
        """Shares it keeps from being sold twice: only working sells keep any."""
        if not self.is_working or self.side is Side.BUY:
            return ZERO
        if self.request.notional is not None:
            return self.request.notional / self.reserve_price if self.reserve_price else ZERO
        return self.open_quantity

    @property
    def filled_average_price(self) -> Decimal | None:
        """Average price of its fills in USD; None before the first."""
        return self.filled_value / self.filled_quantity if self.filled_quantity else None

    @property
    def reserved(self) -> Decimal:
        """Buying power it keeps, in USD: only working buys keep any."""
        if not self.is_working or self.side is Side.SELL:
            return ZERO
        if self.request.notional is not None:
            return self.request.notional
        return self.open_quantity * self.reserve_price


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution: `quantity` shares at `price` USD, at market time `time`."""

    id: str
    order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    time: datetime
    cumulative_quantity: Decimal
    leaves_quantity: Decimal
    order_status: OrderStatus


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """Something that happened to an order: `kind` is Alpaca's word (new, fill, canceled, expired ...).

    `position_quantity` is the holding after a fill, in shares; `sequence` grows by every event of the account.
    """

    kind: str
    order: Order
    time: datetime
    id: str
    sequence: int
    fill: Fill | None = None
    position_quantity: Decimal | None = None
