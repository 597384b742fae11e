"""The lists that the broker reads from a real local server: every page, every row once."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from adapters.alpaca.alpaca_servers import (
    Handler,
    Reply,
    Request,
    a_fill,
    a_position,
    an_order,
    broker_at,
    in_a_loop,
    serving,
)
from holdfast.domain.errors import Recoverable

SINCE = datetime(2026, 11, 20, tzinfo=UTC)


def exchange_with(orders: list[dict[str, Any]], *, knows_ids: bool = True) -> Callable[..., Reply]:
    """Serve GET /v2/orders as Alpaca pages it: 500 at most, `after` exclusive on the time."""

    def script(request: Request, _handler: Handler) -> Reply:
        found = orders
        if "after" in request.query:
            after = datetime.fromisoformat(request.query["after"])
            found = [row for row in orders if datetime.fromisoformat(row["submitted_at"]) > after]
        elif knows_ids and "after_order_id" in request.query:
            ids = [row["id"] for row in orders]
            found = orders[ids.index(request.query["after_order_id"]) + 1 :]
        return Reply(found[: int(request.query["limit"])])

    return script


@pytest.mark.parametrize("per_instant", [1, 7, 300, 1300])
@in_a_loop
async def test_order_pages(per_instant: int) -> None:
    """All 1,300 orders are read once each, however many of them share an instant."""
    orders = [
        an_order(
            number, submitted_at=f"2026-11-20T21:{number // per_instant // 60:02d}:{number // per_instant % 60:02d}Z"
        )
        for number in range(1300)
    ]
    with serving(exchange_with(orders)) as server:
        async with broker_at(server.url) as broker:
            found = await broker.orders(after=None)
    assert [view.broker_order_id for view in found.good] == [row["id"] for row in orders]
    assert len(server.requests) <= 6
    assert server.requests[0].query == {"status": "all", "limit": "500", "direction": "asc"}


@in_a_loop
async def test_orders_that_cannot_be_paged() -> None:
    """A server that gives the same page again and again ends in an error, not in a part of the list."""
    orders = [an_order(number) for number in range(1300)]
    with serving(exchange_with(orders, knows_ids=False)) as server:
        async with broker_at(server.url) as broker:
            with pytest.raises(Recoverable, match="again and again"):
                await broker.orders(after=SINCE)


@in_a_loop
async def test_open_orders() -> None:
    """Only the open orders are asked for when only they are wanted."""
    with serving(Reply([an_order(status="on_the_moon"), an_order(2)])) as server:
        async with broker_at(server.url) as broker:
            found = await broker.orders(after=SINCE, open_only=True)
    assert server.requests[0].query["status"] == "open"
    assert datetime.fromisoformat(server.requests[0].query["after"]) == SINCE
    assert (len(found.good), len(found.bad)) == (1, 1)


@in_a_loop
async def test_fill_pages() -> None:
    """All pages of fills are read by token, one of them bad."""
    fills = [a_fill(number) for number in range(249)] + [a_fill(249, price="free")]

    def script(request: Request, _handler: Handler) -> Reply:
        ids = [row["id"] for row in fills]
        first = ids.index(request.query["page_token"]) + 1 if "page_token" in request.query else 0
        return Reply(fills[first : first + int(request.query["page_size"])])

    with serving(script) as server:
        async with broker_at(server.url) as broker:
            found = await broker.activities(SINCE)
    assert (len(found.good), len(found.bad), len(server.requests)) == (249, 1, 3)
    assert server.requests[0].path == "/v2/account/activities"
    assert "activity_types" not in server.requests[0].query


@in_a_loop
async def test_one_position() -> None:
    """One position is read by its symbol without a slash; only the broker's own 404 means that there is none."""
    answers = {
        "/v2/positions/BTCUSD": Reply(a_position(symbol="BTCUSD")),
        "/v2/positions/AAPL": Reply({"code": 40410000, "message": "position does not exist"}, status=404),
        "/v2/positions/MSFT": Reply(b"<html>", status=404),
    }
    with serving(lambda request, _handler: answers[request.path]) as server:
        async with broker_at(server.url) as broker:
            held = await broker.position("BTC/USD")
            none = await broker.position("AAPL")
            with pytest.raises(Recoverable, match="404"):
                await broker.position("MSFT")
    assert held is not None
    assert (held.symbol, none) == ("BTCUSD", None)


@in_a_loop
async def test_assets_and_sessions() -> None:
    """Assets come by symbol without the bad rows, sessions in UTC, each in one call."""
    assets = [{"symbol": "AAPL", "tradable": True, "status": "active", "fractionable": False}, {"symbol": 5}]
    answers = {"/v2/assets": assets, "/v2/calendar": [{"date": "2026-11-20", "open": "09:30", "close": "16:00"}]}
    with serving(lambda request, _handler: Reply(answers[request.path])) as server:
        async with broker_at(server.url) as broker:
            found = await broker.assets()
            (session,) = await broker.sessions(date(2026, 11, 20), date(2026, 11, 21))
    assert [(asset.symbol, asset.is_tradable, asset.is_fractionable) for asset in found.values()] == [
        ("AAPL", True, False)
    ]
    assert session.close == datetime(2026, 11, 20, 21, tzinfo=UTC)
    assert [request.query for request in server.requests] == [
        {"status": "active", "asset_class": "us_equity"},
        {"start": "2026-11-20", "end": "2026-11-21"},
    ]


@in_a_loop
async def test_pairs_that_may_be_traded() -> None:
    """Pairs come in a call of their own, with their steps and with the ten dollars that an order must be worth."""
    row = {"symbol": "BTC/USD", "class": "crypto", "tradable": True, "status": "active", "fractionable": True}
    row |= {"shortable": False, "min_order_size": "0.000011", "min_trade_increment": "0.000000001"}
    with serving(Reply([row])) as server:
        async with broker_at(server.url) as broker:
            (pair,) = (await broker.pairs()).values()
    assert (pair.quantity_min, pair.lot, pair.value_min) == (Decimal("0.000011"), Decimal("1e-9"), 10)
    assert (pair.is_fractionable, pair.is_shortable) == (True, False)
    assert server.requests[0].query == {"status": "active", "asset_class": "crypto"}
