"""What binds the whole portfolio: the purse, the market's sessions, what stops every entry, the wish to reconcile."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

from holdfast.domain.order import Role
from holdfast.domain.position import ZERO
from holdfast.domain.risk import Means
from holdfast.domain.session import Session, session_at
from holdfast.domain.state import SymbolState
from holdfast.engine.purse import Purse


class Portfolio:
    """Shared by all workers of one account; every method is instant, so approvals are one at a time.

    Whoever hears of something that the files cannot explain sets `reconcile_wanted`.
    """

    def __init__(self, purse: Purse, sessions: Sequence[Session], is_halted: Callable[[], bool]) -> None:
        self.purse = purse
        self.sessions = sessions
        self._is_halted = is_halted
        self._stopped: str | None = None
        self.reconcile_wanted = asyncio.Event()

    def is_session_open(self, now: datetime) -> bool:
        """Whether the regular session is open at market time `now`."""
        return session_at(self.sessions, now) is not None

    def stop_entries(self, why: str) -> None:
        """Refuse every entry from now on, until the bot is started again."""
        self._stopped = why

    def means(self) -> Means:
        """Return what an approval may count on."""
        halted = "the file HALT in the state folder stops every entry" if self._is_halted() else None
        return Means(self.purse.free, self._stopped or halted)

    def follow(self, before: SymbolState, after: SymbolState) -> None:
        """Move cash with the fills that a save has just booked, and free the claims of settled orders.

        An entry binds what it cost, long or short; an exit frees what it brought.
        """
        for order in after.orders:
            known = before.order(order.client_order_id)
            cost_before = _cost(known.filled_quantity, known.filled_average_price) if known else ZERO
            cost = _cost(order.filled_quantity, order.filled_average_price) - cost_before
            if cost:
                self.purse.spend(cost if order.role is Role.ENTRY else -cost)
            if not order.is_unsettled:
                self.purse.release(order.client_order_id)


def _cost(quantity: Decimal, price: Decimal | None) -> Decimal:
    return quantity * (price or ZERO)
