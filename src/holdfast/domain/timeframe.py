"""Bar periods and their names in config (``1Min``) and in order ids (``1m``)."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Timeframe:
    """One bar period."""

    name: str
    code: str
    length: timedelta


TIMEFRAMES = {
    frame.name: frame
    for frame in (
        Timeframe("1Min", "1m", timedelta(minutes=1)),
        Timeframe("5Min", "5m", timedelta(minutes=5)),
        Timeframe("15Min", "15m", timedelta(minutes=15)),
        Timeframe("30Min", "30m", timedelta(minutes=30)),
        Timeframe("1Hour", "1h", timedelta(hours=1)),
        Timeframe("1Day", "1d", timedelta(days=1)),
    )
}
