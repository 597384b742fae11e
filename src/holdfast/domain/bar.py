"""One bar of one symbol, exact, as it stands on the wire and in the exchange."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Bar:
    """OHLCV of one period. `time` is the period's open, timezone-aware UTC; prices in USD, volume in shares."""

    symbol: str
    time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
