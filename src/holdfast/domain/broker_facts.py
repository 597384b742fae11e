"""What the broker says about the account: the rows of its answers, parsed and exact."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

from holdfast.domain.order import OrderView, Side

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Account:
    """The account behind the keys; money in USD. `ending` is what may be shown of its number.

    The market value of what is held short is negative.
    """

    id: str
    ending: str
    cash: Decimal
    equity: Decimal
    is_tradable: bool
    long_market_value: Decimal = Decimal(0)
    short_market_value: Decimal = Decimal(0)

    @property
    def spendable(self) -> Decimal:
        """Cash in USD that entries may claim without leverage; a short binds its proceeds and as much again."""
        return self.cash - 2 * abs(self.short_market_value)


@dataclass(frozen=True, slots=True)
class BrokerPosition:
    """One holding. `quantity` is signed (negative for a short); `symbol` may lack the slash of a pair.

    `available` is what no open order has claimed, signed as well; `market_value` in USD. None where it is not told.
    """

    symbol: str
    quantity: Decimal
    average_entry_price: Decimal
    current_price: Decimal | None
    available: Decimal | None = None
    market_value: Decimal | None = None


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

    @property
    def change(self) -> Decimal:
        """What it did to the holding, in signed shares."""
        return self.quantity * self.side.sign


@dataclass(frozen=True, slots=True)
class HoldingMoved:
    """A change of a holding that no order made: a split, a transfer, a merger, a fee taken in the asset.

    `kind` is Alpaca's activity type; `change` in signed shares or coins.
    """

    id: str
    kind: str
    symbol: str
    change: Decimal
    time: datetime


Activity = FillActivity | HoldingMoved


@dataclass(frozen=True, slots=True)
class Asset:
    """What may be traded. `quantity_min` is the smallest order, `lot` the smallest step, where the broker says so.

    `value_min` is what an order must be worth in USD.
    """

    symbol: str
    is_tradable: bool
    is_fractionable: bool
    is_shortable: bool = True
    quantity_min: Decimal | None = None
    lot: Decimal | None = None
    value_min: Decimal | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be parsed; `symbol` is None where even that was unreadable.

    `client_order_id` is that of an order whose id could be read.
    """

    symbol: str | None
    why: str
    client_order_id: str | None = None


@dataclass(frozen=True, slots=True)
class Rows(Generic[Row]):
    """The rows of one answer, parsed one by one so that a strange one costs one symbol, not the list."""

    good: tuple[Row, ...]
    bad: tuple[BadRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The broker's truth at one moment: orders, positions, orders again, activities since the cursor.

    `taken_at` is market time, before the first read; `calls` counts the requests it took. `unlisted` are the ids of
    orders that have filled although neither a list nor a look-up shows them.
    """

    taken_at: datetime
    account: Account
    orders: Rows[OrderView]
    positions: Rows[BrokerPosition]
    activities: Rows[Activity]
    calls: int
    unlisted: frozenset[str] = frozenset()
