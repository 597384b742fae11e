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
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"

    @property
    def has_limit(self) -> bool:
        """Whether the request carries a limit price."""
        return self in {OrderType.LIMIT, OrderType.STOP_LIMIT}

    @property
    def has_stop(self) -> bool:
        """Whether the request carries a stop price."""
        return self in {OrderType.STOP, OrderType.STOP_LIMIT}

    @property
    def waits_for_trigger(self) -> bool:
        """Whether it sleeps until the market trades at its stop."""
        return self.has_stop or self is OrderType.TRAILING_STOP


class TimeInForce(StrEnum):
    """How long an order works; `opg` and `cls` trade in the opening and the closing auction only."""

    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    OPG = "opg"
    CLS = "cls"

    @property
    def is_immediate(self) -> bool:
        """Whether what does not fill at once is canceled."""
        return self in {TimeInForce.IOC, TimeInForce.FOK}

    @property
    def is_auction(self) -> bool:
        """Whether it trades in one auction only."""
        return self in {TimeInForce.OPG, TimeInForce.CLS}


class OrderClass(StrEnum):
    """How an order belongs together with others."""

    SIMPLE = "simple"
    BRACKET = "bracket"
    OCO = "oco"
    OTO = "oto"

    @property
    def is_advanced(self) -> bool:
        """Whether there are legs."""
        return self is not OrderClass.SIMPLE


class Intent(StrEnum):
    """What an order does to the position."""

    BUY_TO_OPEN = "buy_to_open"
    BUY_TO_CLOSE = "buy_to_close"
    SELL_TO_OPEN = "sell_to_open"
    SELL_TO_CLOSE = "sell_to_close"

    @property
    def closes(self) -> bool:
        """Whether it makes the position smaller."""
        return self in {Intent.BUY_TO_CLOSE, Intent.SELL_TO_CLOSE}


class Fate(StrEnum):
    """What a fault has laid upon an order: it is kept with the order until it is released.

    FROZEN: nothing fills. PARTIAL: half of it fills once, then it is frozen. REJECTED: rejected after it was
    accepted. STUCK: its cancel stays pending for ever; it can still fill. RACING: nothing fills until it is to be
    canceled.
    """

    NORMAL = "normal"
    FROZEN = "frozen"
    PARTIAL = "partial"
    REJECTED = "rejected"
    STUCK = "stuck"
    RACING = "racing"


@dataclass(frozen=True, slots=True)
class TakeProfit:
    """The leg that takes the profit: a limit order; price in USD."""

    limit_price: Decimal


@dataclass(frozen=True, slots=True)
class StopLoss:
    """The leg that stops the loss: a stop order, or a stop-limit if there is a limit; prices in USD."""

    stop_price: Decimal
    limit_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a client asks for. Exactly one of `quantity` (shares or coins) and `notional` (USD) is set.

    Prices in USD, `trail_percent` in percent. `intent` is what the client believes it does; None leaves it open.
    """

    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None
    trail_percent: Decimal | None = None
    client_order_id: str | None = None
    extended_hours: bool = False
    order_class: OrderClass = OrderClass.SIMPLE
    take_profit: TakeProfit | None = None
    stop_loss: StopLoss | None = None
    intent: Intent | None = None

    @property
    def is_fractional(self) -> bool:
        """Whether it asks for a part of a share, or by value."""
        return self.quantity is None or self.quantity != self.quantity.to_integral_value()


@dataclass(frozen=True, slots=True)
class Order:
    """One order at one moment; every change makes a new value.

    Quantities in shares or coins, prices in USD, times in UTC. `filled_value` is the sum of price x quantity over
    its fills. `reserve_price` values one share at acceptance: what an opening order keeps of the buying power.
    `routes_at` is when a queued order goes to the market. `trail_mark` is the best price since a trailing stop
    began (Alpaca's hwm). `parent_id` names the order whose leg it is, `leg_ids` its own legs.
    """

    id: str
    client_order_id: str
    request: OrderRequest
    status: OrderStatus
    sequence: int
    submitted_at: datetime
    updated_at: datetime
    expires_at: datetime
    routes_at: datetime
    intent: Intent = Intent.BUY_TO_OPEN
    is_crypto: bool = False
    reserve_price: Decimal = ZERO
    filled_quantity: Decimal = ZERO
    filled_value: Decimal = ZERO
    is_triggered: bool = False
    trail_mark: Decimal | None = None
    fate: Fate = Fate.NORMAL
    parent_id: str | None = None
    leg_ids: tuple[str, ...] = ()
    replaces: str | None = None
    replaced_by: str | None = None
    filled_at: datetime | None = None
    canceled_at: datetime | None = None
    expired_at: datetime | None = None
    failed_at: datetime | None = None
    replaced_at: datetime | None = None
    cancel_requested_at: datetime | None = None

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
        """Whether it may still fill, now or later."""
        return not self.status.is_terminal

    @property
    def is_at_market(self) -> bool:
        """Whether it has been handed to the market: not queued, not a leg that waits."""
        return self.is_working and self.status not in {OrderStatus.ACCEPTED, OrderStatus.HELD}

    @property
    def is_exit_leg(self) -> bool:
        """Whether it is one of two exits of which one ends the other."""
        return self.parent_id is not None or self.request.order_class is OrderClass.OCO

    @property
    def open_quantity(self) -> Decimal:
        """What may still fill; zero for a finished order and for one placed by value."""
        if not self.is_working or self.request.quantity is None:
            return ZERO
        return self.request.quantity - self.filled_quantity

    @property
    def held_quantity(self) -> Decimal:
        """What it keeps of the position from being closed twice: only closing orders at work keep any."""
        if not self.is_working or not self.intent.closes or self.status is OrderStatus.HELD:
            return ZERO
        if self.request.notional is not None:
            return self.request.notional / self.reserve_price if self.reserve_price else ZERO
        return self.open_quantity

    @property
    def reserved(self) -> Decimal:
        """Buying power it keeps, in USD: only opening orders at work keep any."""
        if not self.is_working or self.intent.closes or self.status is OrderStatus.HELD:
            return ZERO
        if self.request.notional is not None:
            return max(self.request.notional - self.filled_value, ZERO)
        return self.open_quantity * self.reserve_price

    @property
    def filled_average_price(self) -> Decimal | None:
        """Average price of its fills in USD; None before the first."""
        return self.filled_value / self.filled_quantity if self.filled_quantity else None


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution: `quantity` at `price` USD, at market time `time`.

    `fee_quantity` coins or `fee` USD stay with the exchange; stocks are free.
    """

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
    fee_quantity: Decimal = ZERO
    fee: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """Something that happened to an order: `kind` is Alpaca's word (new, fill, canceled, expired ...).

    `position_quantity` is the signed holding after a fill; `sequence` grows by every event of the account.
    """

    kind: str
    order: Order
    time: datetime
    id: str
    sequence: int
    fill: Fill | None = None
    position_quantity: Decimal | None = None
