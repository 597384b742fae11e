"""Where a symbol's calendar day begins: at midnight in New York for a stock, in UTC for a crypto pair."""

from datetime import UTC, datetime, tzinfo

from holdfast.domain.symbols import is_pair
from holdfast.simulator.calendar import NEW_YORK


def zone_of(symbol: str) -> tzinfo:
    """Return the time zone of a symbol's days."""
    return UTC if is_pair(symbol) else NEW_YORK


def midnight_before(moment: datetime, zone: tzinfo) -> datetime:
    """Return the start of the day that `moment` falls into, in `zone`'s own time."""
    return moment.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
