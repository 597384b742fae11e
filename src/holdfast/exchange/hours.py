"""Which part of a trading day a moment falls into. The calendar itself is an argument.

Alpaca's parts (New York): pre-market 04:00 to 09:30, regular session, post-market to 20:00, closed. Its separate
overnight venue (20:00 to 04:00) is not part of this exchange.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Phase(StrEnum):
    """The part of the day."""

    CLOSED = "closed"
    PRE = "pre"
    REGULAR = "regular"
    POST = "post"

    @property
    def is_extended(self) -> bool:
        """Whether only orders for extended hours trade."""
        return self in {Phase.PRE, Phase.POST}


@dataclass(frozen=True, slots=True)
class TradingDay:
    """One day's borders in UTC: pre-market from `pre_open`, regular in [open, close), post-market to `post_close`."""

    pre_open: datetime
    open: datetime
    close: datetime
    post_close: datetime

    def phase(self, moment: datetime) -> Phase:
        """Return the part that `moment` falls into."""
        if self.open <= moment < self.close:
            return Phase.REGULAR
        if self.pre_open <= moment < self.open:
            return Phase.PRE
        return Phase.POST if self.close <= moment < self.post_close else Phase.CLOSED


@dataclass(frozen=True, slots=True)
class Hours:
    """The trading day that is running or comes next (it ends at its `post_close`), and the one after it."""

    day: TradingDay
    following: TradingDay

    def phase(self, moment: datetime) -> Phase:
        """Return the part that `moment` falls into."""
        return self.day.phase(moment)

    def regular_day(self, moment: datetime) -> TradingDay:
        """Return the day whose regular session is running at `moment` or comes next."""
        return self.day if moment < self.day.close else self.following
