"""The Broker port over alpaca-py's TradingClient: raw rows, one meaning per failure, one request per write.

The account is changed by two requests only, POST an order of our own and DELETE one (I13). No decision here.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from alpaca.common.enums import Sort
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import (
    AssetClass,
    AssetStatus,
    OrderSide,
    OrderType,
    PositionIntent,
    QueryOrderStatus,
    TimeInForce,
)
from alpaca.trading.requests import GetAssetsRequest, GetCalendarRequest, GetOrdersRequest, MarketOrderRequest
from loguru import logger

from holdfast.adapters.alpaca import paging, rows
from holdfast.adapters.alpaca.credentials import Credentials
from holdfast.adapters.alpaca.failures import cancel_failure, is_no_position, is_unknown_order, order_failure
from holdfast.adapters.alpaca.rest import RestCaller
from holdfast.adapters.alpaca.transport import DEADLINE_S
from holdfast.domain.broker_facts import Account, Activity, Asset, BrokerPosition, Rows
from holdfast.domain.decimals import plain
from holdfast.domain.errors import Recoverable, Rejected
from holdfast.domain.order import Intent, OrderView, Role, Side
from holdfast.domain.session import Session
from holdfast.domain.symbols import asset_key, is_pair, parse_symbol
from holdfast.engine.approval import SavedIntent
from holdfast.engine.ports import Assumptions

ORDERS_PAGE = 500
ACTIVITIES_PAGE = 100
_NOT_FOUND = 404


class _ExactMarketOrder(MarketOrderRequest):
    """A market order whose quantity travels as the text it is; the SDK's own field is a float."""

    exact_quantity: str

    def to_request_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().to_request_fields()
        fields["qty"] = fields.pop("exact_quantity")
        return fields


class AlpacaBroker:
    """The account behind one key pair. Every call ends within the transport's deadline and a grace.

    Reads raise Recoverable, Rejected or CredentialsError; writes also OutcomeUnknown and DuplicateOrder.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        assumptions: Assumptions,
        *,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._assumptions = assumptions
        self._client = TradingClient(
            credentials.key.get_secret_value(),
            credentials.secret.get_secret_value(),
            raw_data=True,
            url_override=url,
        )
        self._rest = RestCaller(self._client, url, credentials, name="alpaca-trading", deadline_s=deadline_s)

    @property
    def assumptions(self) -> Assumptions:
        """The delays that this broker may show."""
        return self._assumptions

    @property
    def calls(self) -> int:
        """How many requests went out so far, reads and writes."""
        return self._rest.calls

    async def account(self) -> Account:
        """Read the account; one call."""
        return await self._rest.run(lambda: rows.account(self._client.get_account()))

    async def positions(self) -> Rows[BrokerPosition]:
        """Read every position in one call."""
        return await self._rest.run(lambda: rows.rows_of(self._client.get_all_positions(), rows.position))

    async def orders(self, *, after: datetime | None, open_only: bool = False) -> Rows[OrderView]:
        """Read all pages of orders submitted after `after`, oldest first; all statuses, or only the open ones."""
        status = QueryOrderStatus.OPEN if open_only else QueryOrderStatus.ALL
        collected = paging.Collected()
        ask = functools.partial(self._orders_by_time, status, after)
        while True:
            page = rows.list_of(await self._rest.run(ask))
            is_stuck = not collected.add(page)
            if len(page) < ORDERS_PAGE:
                break
            if is_stuck:
                # More orders share one instant than fit on a page: time alone cannot get past it.
                await self._past_the_crowd(collected, status, paging.last_id(page))
                break
            ask = functools.partial(self._orders_by_time, status, paging.next_after(page))
        return rows.rows_of(collected.rows, rows.order_view)

    async def order_by_client_id(self, client_order_id: str) -> OrderView | None:
        """Look one order up; None only when the broker itself, not a gateway, says that it does not know the id."""
        return await self._look_up(
            lambda: _echoed(self._client.get_order_by_client_id(client_order_id), "client_order_id", client_order_id)
        )

    async def order(self, broker_order_id: str) -> OrderView | None:
        """Look an order up by the broker's own id, whoever sent it; None as above."""
        order_id = _order_id(broker_order_id)
        return await self._look_up(lambda: _echoed(self._client.get_order_by_id(order_id), "id", str(order_id)))

    async def _look_up(self, ask: Callable[[], OrderView]) -> OrderView | None:
        try:
            return await self._rest.run(ask)
        except Rejected as refused:
            if is_unknown_order(refused):
                return None
            if refused.status == _NOT_FOUND:
                raise Recoverable("a 404 that does not name the order: nobody knows who answered") from None
            raise

    async def position(self, symbol: str) -> BrokerPosition | None:
        """Read one position; None only when the broker itself says that there is none."""
        name = asset_key(parse_symbol(symbol))
        try:
            return await self._rest.run(lambda: rows.position_answer(self._client.get_open_position(name)))
        except Rejected as refused:
            if is_no_position(refused):
                return None
            if refused.status == _NOT_FOUND:
                raise Recoverable("a 404 that does not name the position: nobody knows who answered") from None
            raise

    async def activities(self, after: datetime) -> Rows[Activity]:
        """Read all pages of what changed the account's holdings after `after`, oldest first."""
        collected = paging.Collected()
        token: str | None = None
        while True:
            page = rows.list_of(await self._rest.run(functools.partial(self._activities_page, after, token)))
            fresh = collected.add(page)
            if len(page) < ACTIVITIES_PAGE:
                return rows.rows_of(rows.moves_of(collected.rows), rows.activity)
            if not fresh:
                raise Recoverable("the broker gives the same page of activities again and again")
            token = paging.last_id(page)

    async def assets(self) -> Mapping[str, Asset]:
        """Read every active US equity, by symbol; one call. Rows that cannot be read are left out and counted."""
        return await self._assets(AssetClass.US_EQUITY)

    async def pairs(self) -> Mapping[str, Asset]:
        """Read every active crypto pair, by symbol; one call."""
        return await self._assets(AssetClass.CRYPTO)

    async def _assets(self, asset_class: AssetClass) -> Mapping[str, Asset]:
        wanted = GetAssetsRequest(status=AssetStatus.ACTIVE, asset_class=asset_class)
        found = await self._rest.run(lambda: rows.rows_of(self._client.get_all_assets(wanted), rows.asset))
        if found.bad:
            logger.warning("{} of the broker's assets could not be read", len(found.bad))
        if not found.good:
            raise Recoverable("the broker's list of assets came back empty or unreadable")
        return {asset.symbol: asset for asset in found.good}

    async def sessions(self, start: date, end: date) -> Sequence[Session]:
        """Read the market's sessions from `start` to `end`, both included; one call."""
        wanted = GetCalendarRequest(start=start, end=end)
        return await self._rest.run(lambda: rows.sessions(self._client.get_calendar(wanted)))

    async def submit(self, intent: SavedIntent) -> OrderView:
        """POST the order, once. A market day order of our own (a pair is good till canceled: crypto has no day)."""
        request = _market_order(intent.intent)
        return await self._rest.run(lambda: self._post(request), order_failure)

    async def cancel(self, broker_order_id: str) -> None:
        """Ask for a cancel of our own order. Only a terminal look-up says that it happened."""
        order_id = _order_id(broker_order_id)
        await self._rest.run(lambda: self._delete(order_id), cancel_failure)

    async def aclose(self) -> None:
        """Cut what is on its way and end the threads; safe to call twice."""
        await self._rest.aclose()

    def _orders_by_time(self, status: QueryOrderStatus, after: datetime | None) -> object:
        wanted = GetOrdersRequest(status=status, limit=ORDERS_PAGE, after=after, direction=Sort.ASC)
        return self._client.get_orders(wanted)

    async def _past_the_crowd(self, collected: paging.Collected, status: QueryOrderStatus, last: str) -> None:
        """Page by order id, which the SDK's request lacks, until a page is not full."""
        while True:
            query = {"status": status.value, "limit": ORDERS_PAGE, "direction": "asc", "after_order_id": last}
            page = rows.list_of(await self._rest.run(functools.partial(self._client.get, "/orders", query)))
            fresh = collected.add(page)
            if len(page) < ORDERS_PAGE:
                return
            if not fresh:
                raise Recoverable("the broker gives the same page of orders again and again")
            last = paging.last_id(page)

    def _activities_page(self, after: datetime, token: str | None) -> object:
        # The SDK has no method for activities. No types are named: an unknown name is an error at Alpaca.
        query = {"after": after.isoformat(), "direction": "asc", "page_size": ACTIVITIES_PAGE}
        return self._client.get("/account/activities", query if token is None else query | {"page_token": token})

    def _delete(self, order_id: UUID) -> None:
        # Not cancel_order_by_id: it throws the answer away, and a page of HTML with a 200 is not a cancel.
        if self._client.delete(f"/orders/{order_id}") is not None:
            raise ValueError("a cancel is answered with nothing")

    def _post(self, request: _ExactMarketOrder) -> OrderView:
        return _echoed(self._client.submit_order(request), "client_order_id", str(request.client_order_id))


def _market_order(intent: Intent) -> _ExactMarketOrder:
    """Build the request of an intent.

    Raises:
        Rejected: if it could not be an order; nothing was sent.
    """
    try:
        symbol = parse_symbol(intent.symbol)
    except ValueError as error:
        raise Rejected(f"{error}; nothing was sent") from None
    if not intent.quantity.is_finite() or intent.quantity <= 0:
        raise Rejected(f"{intent.quantity} is not a quantity; nothing was sent")
    return _ExactMarketOrder(
        symbol=symbol,
        type=OrderType.MARKET,
        qty=float(intent.quantity),
        exact_quantity=plain(intent.quantity),
        side=OrderSide(intent.side.value),
        time_in_force=TimeInForce.GTC if is_pair(symbol) else TimeInForce.DAY,
        position_intent=_position_intent(intent),
        client_order_id=intent.client_order_id,
    )


def _position_intent(intent: Intent) -> PositionIntent | None:
    """Say of an exit that it closes: where the shares are gone the broker then refuses, and opens nothing."""
    if intent.role is Role.ENTRY or is_pair(intent.symbol):
        return None
    return PositionIntent.SELL_TO_CLOSE if intent.side is Side.SELL else PositionIntent.BUY_TO_CLOSE


def _order_id(text: str) -> UUID:
    """Parse a broker's order id before it becomes a part of a URL.

    Raises:
        Rejected: if it is none; nothing was sent.
    """
    try:
        return UUID(text)
    except ValueError:
        raise Rejected(f"{text!r:.60} is not an order's id; nothing was sent") from None


def _echoed(answer: object, field: str, asked_for: str) -> OrderView:
    """Parse an answer about one order; a ValueError if it is about another one, or about none."""
    if not isinstance(answer, Mapping) or answer.get(field) != asked_for:
        raise ValueError(f"the answer does not echo the {field}")
    return rows.order_view(answer)
