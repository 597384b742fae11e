"""Bad days in a row: once ordered, every session gets the plan that follows from the seed and its date."""

from collections.abc import Sequence
from datetime import datetime

from loguru import logger

from holdfast.simulator.calendar import NEW_YORK
from holdfast.simulator.faults.bad_day import Order, bad_day, table
from holdfast.simulator.faults.faults import Faults
from holdfast.simulator.market import Market


class BadDays:
    """Orders the faults of the session that is open or comes next, and of each that follows."""

    def __init__(self, market: Market, faults: Faults) -> None:
        self._market = market
        self._faults = faults
        self._asked: tuple[int, Sequence[str], bool] | None = None
        self._planned: datetime | None = None
        self.plan: list[Order] = []

    def begin(self, seed: int, symbols: Sequence[str] | None, *, is_slow: bool = False) -> None:
        """Ask for bad days from `seed`; without `symbols` all that are listed may be struck."""
        self.clear()
        self._asked = (seed, symbols or sorted(self._market.exchange.instruments), is_slow)
        self.moved()

    def moved(self) -> None:
        """Plan the session that the market has come to, once."""
        session = self._market.session
        if self._asked is None or session.open == self._planned or self._market.next_instant() is None:
            return
        self._forget()
        self._planned = session.open
        seed, symbols, is_slow = self._asked
        day = session.open.astimezone(NEW_YORK).date()
        length_s = (session.close - session.open).total_seconds()
        self.plan = bad_day(seed, symbols, day, length_s, is_slow=is_slow)
        logger.info(f"bad day {seed}, {day}:\n{table(self.plan, session.open)}")
        gone_s = (self._market.time - session.open).total_seconds()
        for order in self.plan:
            if order["after_s"] >= gone_s:
                self._faults.order({**order, "after_s": order["after_s"] - gone_s}, plan=session.open.isoformat())

    def clear(self) -> None:
        """Plan no more days."""
        self._forget()
        self._asked = self._planned = None

    def _forget(self) -> None:
        if self._planned is not None:
            self._faults.forget(self._planned.isoformat())
