"""What binds the whole portfolio: the purse, the market's sessions, what stops every entry, the wish to reconcile."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

from loguru import logger

from holdfast.domain.broker_facts import Account
from holdfast.domain.order import OrderRecord, Role, Side
from holdfast.domain.position import ZERO, Position
from holdfast.domain.risk import Means
from holdfast.domain.session import Session, session_at
from holdfast.domain.state import SymbolState
from holdfast.domain.symbols import is_pair
from holdfast.engine.purse import Purse


class Portfolio:
    """Shared by all workers of one account; every method is instant, so approvals are one at a time.

    Whoever hears of something that the files cannot explain sets `reconcile_wanted`.
    """

    def __init__(
        self,
        purse: Purse,
        sessions: Sequence[Session],
        entries_stopped: Callable[[], str | None],
        *,
        never_closes: bool = False,
    ) -> None:
        """With `never_closes`, a crypto pair is traded: some market is always open."""
        self.purse = purse
        self.sessions = sessions
        self.never_closes = never_closes
        self._entries_stopped = entries_stopped
        self._stopped: str | None = None
        self._blocked: str | None = None
        self.reconcile_wanted = asyncio.Event()

    def is_session_open(self, symbol: str, now: datetime) -> bool:
        """Whether `symbol` is traded at market time `now`: a stock in the regular session, a pair around the clock."""
        return is_pair(symbol) or session_at(self.sessions, now) is not None

    def is_open(self, now: datetime) -> bool:
        """Whether anything is traded at market time `now`."""
        return self.never_closes or session_at(self.sessions, now) is not None

    def stop_entries(self, why: str) -> None:
        """Refuse every entry from now on, until the bot is started again."""
        self._stopped = why

    def means(self) -> Means:
        """Return what an approval may count on."""
        return Means(self.purse.free, self._stopped or self._blocked or self._entries_stopped())

    def heard_of(self, account: Account) -> None:
        """Take the broker's newest word on whether the account may trade at all."""
        blocked = None if account.is_tradable else "the broker has blocked the account for trading: ask there"
        if blocked != self._blocked:
            logger.warning(blocked or "the broker lets the account trade again")
        self._blocked = blocked

    def follow(self, before: SymbolState, after: SymbolState) -> None:
        """Move cash with the fills that a save has just booked, and free the claims of settled orders.

        An entry binds what it cost, long or short; an exit frees what it brought.
        """
        for order in after.orders:
            known = before.order(order.client_order_id)
            filled, cost = _new_fill(order, known)
            if cost:
                self.purse.spend(cost if order.role is Role.ENTRY else -_freed(order, filled, cost, before.position))
            if not order.is_unsettled:
                self.purse.release(order.client_order_id)


def _new_fill(order: OrderRecord, known: OrderRecord | None) -> tuple[Decimal, Decimal]:
    """Return the shares that are new in an order, and what they cost in USD."""
    cost = order.filled_quantity * (order.filled_average_price or ZERO)
    if known is None:
        return order.filled_quantity, cost
    cost_before = known.filled_quantity * (known.filled_average_price or ZERO)
    return order.filled_quantity - known.filled_quantity, cost - cost_before


def _freed(order: OrderRecord, filled: Decimal, cost: Decimal, held: Position) -> Decimal:
    """Return the cash in USD that an exit sets free, at the least.

    A short binds its proceeds and as much again, at the price of the last recount, which may be the one it was sold at.
    """
    if order.side is Side.SELL or held.average_entry_price is None:
        return cost
    return min(cost, 2 * filled * held.average_entry_price - cost)
