"""What happened to the account besides fills."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from holdfast.exchange.order import ZERO


class ActivityType(StrEnum):
    """The kinds, in Alpaca's words: a crypto fee, a split, shares moved in or out by the owner."""

    CRYPTO_FEE = "CFEE"
    SPLIT = "SPLIT"
    SHARES_MOVED = "JNLS"


@dataclass(frozen=True, slots=True)
class Activity:
    """One entry: `quantity` is what was added (negative: taken) in shares or coins, `net_amount` in USD."""

    id: str
    type: ActivityType
    symbol: str
    quantity: Decimal
    time: datetime
    description: str
    net_amount: Decimal = ZERO
    price: Decimal | None = None
