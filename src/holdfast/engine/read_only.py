"""The broker behind glass: a start can be rehearsed against the live account, and nothing can leave.

It is handed `BrokerReads`, a type without a write, so that no slip in this file can send anything.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from holdfast.domain.broker_facts import Account, Activity, Asset, BrokerPosition, Rows
from holdfast.domain.decimals import plain
from holdfast.domain.errors import Rejected
from holdfast.domain.order import OrderView
from holdfast.domain.session import Session
from holdfast.engine.approval import SavedIntent
from holdfast.engine.ports import Assumptions, BrokerReads


class ReadOnlyBroker:
    """A `Broker` that passes every question on and keeps every request to change something as a note in `withheld`.

    `looked_up` keeps its word on every order that was asked for by id.
    """

    def __init__(self, reads: BrokerReads) -> None:
        self._reads = reads
        self.withheld: list[str] = []
        self.looked_up: dict[str, OrderView | None] = {}

    @property
    def assumptions(self) -> Assumptions:
        """The delays that this broker may show."""
        return self._reads.assumptions

    @property
    def calls(self) -> int:
        """How many requests went out so far."""
        return self._reads.calls

    async def account(self) -> Account:
        """Read the account."""
        return await self._reads.account()

    async def positions(self) -> Rows[BrokerPosition]:
        """Read every position."""
        return await self._reads.positions()

    async def orders(self, *, after: datetime | None, open_only: bool = False) -> Rows[OrderView]:
        """Read the orders."""
        return await self._reads.orders(after=after, open_only=open_only)

    async def order_by_client_id(self, client_order_id: str) -> OrderView | None:
        """Look one order up."""
        view = await self._reads.order_by_client_id(client_order_id)
        self.looked_up[client_order_id] = view
        return view

    async def order(self, broker_order_id: str) -> OrderView | None:
        """Look an order up by the broker's own id."""
        return await self._reads.order(broker_order_id)

    async def position(self, symbol: str) -> BrokerPosition | None:
        """Read one position."""
        return await self._reads.position(symbol)

    async def activities(self, after: datetime) -> Rows[Activity]:
        """Read what changed the holdings after `after`."""
        return await self._reads.activities(after)

    async def assets(self) -> Mapping[str, Asset]:
        """Read every asset."""
        return await self._reads.assets()

    async def pairs(self) -> Mapping[str, Asset]:
        """Read every crypto pair."""
        return await self._reads.pairs()

    async def sessions(self, start: date, end: date) -> Sequence[Session]:
        """Read the market's sessions."""
        return await self._reads.sessions(start, end)

    async def submit(self, intent: SavedIntent) -> OrderView:
        """Note the order that would have been sent.

        Raises:
            Rejected: always; the order does not exist.
        """
        order = intent.intent
        self.withheld.append(f"send {order.client_order_id}: {order.side.value} {plain(order.quantity)} {order.symbol}")
        raise Rejected("this is a rehearsal: nothing is sent")

    async def cancel(self, broker_order_id: str) -> None:
        """Note the order that would have been canceled; it stays as it is."""
        self.withheld.append(f"cancel the order {broker_order_id}")
