"""Orders: the intent a decision makes, the record a state file keeps, the view the broker gives.

Statuses are Alpaca's own words plus three that only exist on our side of the wire.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Side(StrEnum):
    """Buy or sell."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1


class Role(StrEnum):
    """What an order does to the position: an entry opens or enlarges it, an exit shrinks or closes it."""

    ENTRY = "entry"
    EXIT = "exit"


class OrderStatus(StrEnum):
    """Alpaca's statuses, and ours for what Alpaca has not confirmed."""

    # Ours. INTENT: saved, and so perhaps sent. REFUSED: the broker said no and is not believed yet.
    # ABSENT: proved never to have arrived.
    INTENT = "intent"
    REFUSED = "refused"
    ABSENT = "absent"

    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    DONE_FOR_DAY = "done_for_day"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REPLACED = "replaced"
    PENDING_CANCEL = "pending_cancel"
    PENDING_REPLACE = "pending_replace"
    PENDING_REVIEW = "pending_review"
    ACCEPTED = "accepted"
    PENDING_NEW = "pending_new"
    ACCEPTED_FOR_BIDDING = "accepted_for_bidding"
    STOPPED = "stopped"
    REJECTED = "rejected"
    SUSPENDED = "suspended"
    CALCULATED = "calculated"
    HELD = "held"

    # An enum hashes its members' names in Python; these stand in sets that are asked all day.
    __hash__ = str.__hash__

    @property
    def is_terminal(self) -> bool:
        """Whether the order can no longer fill."""
        return self in _TERMINAL


_TERMINAL = frozenset(
    {
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.EXPIRED,
        OrderStatus.REPLACED,
        OrderStatus.REJECTED,
        OrderStatus.ABSENT,
    }
)


@dataclass(frozen=True, slots=True)
class Intent:
    """The decision to trade `quantity` shares at the market. Its id is saved before it is sent (I1)."""

    client_order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    role: Role


@dataclass(frozen=True, slots=True)
class OrderView:
    """One order as the broker sees it: from an answer, a look-up, a list or the stream, all the same.

    `filled_quantity` is cumulative. `quantity` is None for an order placed by notional value. `filled_at` is when the
    newest fill came, where the broker says so.
    """

    broker_order_id: str
    client_order_id: str
    symbol: str
    side: Side
    quantity: Decimal | None
    status: OrderStatus
    filled_quantity: Decimal
    filled_average_price: Decimal | None
    submitted_at: datetime
    filled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """One of our orders as the state file remembers it; quantities in shares, price in USD."""

    client_order_id: str
    role: Role
    side: Side
    quantity: Decimal
    status: OrderStatus
    filled_quantity: Decimal = Decimal(0)
    filled_average_price: Decimal | None = None
    broker_order_id: str | None = None
    submitted_at: datetime | None = None
    reason: str | None = None

    @property
    def is_unsettled(self) -> bool:
        """Whether it may still fill, as far as we know."""
        return not self.status.is_terminal

    @property
    def open_quantity(self) -> Decimal:
        """What may still fill, in shares; zero once settled."""
        return self.quantity - self.filled_quantity if self.is_unsettled else Decimal(0)
