"""What the broker says about the account: the rows of its answers, parsed and exact."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

from holdfast.domain.order import OrderView, Side

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Account:
    """The account behind the keys; money in USD. `ending` is what may be shown of its number."""

    id: str
    ending: str
    cash: Decimal
    equity: Decimal
    is_tradable: bool


@dataclass(frozen=True, slots=True)
class BrokerPosition:
    """One holding. `quantity` is signed (negative for a short); `symbol` may lack the slash of a pair."""

    symbol: str
    quantity: Decimal
    average_entry_price: Decimal
    current_price: Decimal | None


@dataclass(frozen=True, slots=True)
class FillActivity:
    """One execution from the account's activities, whoever ordered it."""

    id: str
    broker_order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    time: datetime


@dataclass(frozen=True, slots=True)
class Asset:
    """What may be traded."""

    symbol: str
    is_tradable: bool
    is_fractionable: bool


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be parsed; `symbol` is None where even that was unreadable."""

    symbol: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Rows(Generic[Row]):
    """The rows of one answer, parsed one by one so that a strange one costs one symbol, not the list."""

    good: tuple[Row, ...]
    bad: tuple[BadRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The broker's truth at one moment: orders, positions, orders again, fills since the cursor.

    `taken_at` is market time, before the first read; `calls` counts the requests it took.
    """

    taken_at: datetime
    account: Account
    orders: Rows[OrderView]
    positions: Rows[BrokerPosition]
    fills: Rows[FillActivity]
    calls: int
