"""The trading API, through the real alpaca-py where it has a method."""

import uuid
from decimal import Decimal
from typing import Any

import pytest
import requests
from alpaca.common.exceptions import APIError
from alpaca.trading.enums import OrderSide, OrderStatus, QueryOrderStatus, TimeInForce
from alpaca.trading.models import ClosePositionResponse, Order, Position
from alpaca.trading.requests import (
    ClosePositionRequest,
    GetCalendarRequest,
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
)

from simulator.sim_client import SimClient


def market_order(side: str, qty: float, symbol: str = "AAPL", **fields: Any) -> MarketOrderRequest:  # noqa: ANN401
    """Build alpaca-py's market order."""
    return MarketOrderRequest(symbol=symbol, qty=qty, side=OrderSide(side), time_in_force=TimeInForce.DAY, **fields)


def test_a_market_order_answers_pending_new_and_is_filled_when_looked_up(sim: SimClient) -> None:
    """alpaca-py sees pending_new in the answer, and filled, the position and the activity right after it."""
    order = sim.trading.submit_order(market_order("buy", 10, client_order_id="mine"))
    assert isinstance(order, Order)
    assert order.status is OrderStatus.PENDING_NEW
    found = sim.trading.get_order_by_client_id("mine")
    assert isinstance(found, Order)
    assert (found.id, found.status, found.filled_qty) == (order.id, OrderStatus.FILLED, "10")
    (position,) = sim.trading.get_all_positions()
    assert isinstance(position, Position)
    assert (position.symbol, position.qty, position.avg_entry_price) == ("AAPL", "10", found.filled_avg_price)
    (activity,) = sim.get("/v2/account/activities/FILL")
    assert (activity["order_id"], activity["qty"]) == (str(order.id), "10")


def test_an_order_before_the_open_is_accepted_and_fills_with_the_first_bar(start_simulator: Any) -> None:  # noqa: ANN401
    """A new account stands five minutes before the open; its order fills when the session has begun."""
    sim = start_simulator()
    assert sim.trading.get_clock().is_open is False
    order = sim.trading.submit_order(market_order("buy", 1))
    assert order.status is OrderStatus.ACCEPTED
    sim.step()
    filled = sim.trading.get_order_by_id(order.id)
    (bar,) = sim.get("/v2/stocks/AAPL/bars")["bars"]
    assert (filled.status, float(filled.filled_avg_price)) == (OrderStatus.FILLED, bar["o"])
    assert sim.trading.get_clock().is_open is True


def test_the_account_pays_for_what_it_buys(sim: SimClient) -> None:
    """Cash falls by the price paid, equity only by the spread."""
    sim.trading.submit_order(market_order("buy", 10))
    price = float(sim.trading.get_all_positions()[0].avg_entry_price)
    account = sim.trading.get_account()
    assert float(account.cash) == pytest.approx(100_000 - 10 * price)
    assert 0 <= 100_000 - float(account.equity) < 1
    assert account.account_number.startswith("PA")


def test_a_refusal_carries_alpacas_status_code_and_fields(sim: SimClient) -> None:
    """Selling what is not there is 403 with the quantities; a taken id is 422 with its own code."""
    sim.trading.submit_order(market_order("buy", 3))
    with pytest.raises(APIError) as caught:
        sim.trading.submit_order(market_order("sell", 5))
    assert (caught.value.status_code, caught.value.code) == (403, 40310000)
    sim.order(client_order_id="taken")
    answer = sim.order(client_order_id="taken")
    assert answer == {"code": 40010001, "message": "client_order_id must be unique"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"symbol": ""}, "symbol is required"),
        ({"side": "hold"}, "invalid side: hold"),
        ({"qty": "ten"}, "invalid qty: ten"),
        ({"qty": True}, "invalid qty: True"),
        ({"qty": "NaN"}, "invalid qty: NaN"),
        ({"take_profit": 3}, "invalid take_profit"),
        ({"extended_hours": "yes"}, "invalid extended_hours: yes"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(sim: SimClient, fields: dict[str, Any], words: str) -> None:
    """Each unreadable field is 422 and named."""
    assert sim.order(**fields) == {"code": 40010001, "message": words}


def test_numbers_may_come_as_json_numbers(sim: SimClient) -> None:
    """A quantity of 1.0 and a scientific price are read exactly."""
    order = sim.order(qty=1.0, type="limit", limit_price=1e1)
    assert (order["qty"], order["limit_price"]) == ("1", "10")


def test_a_limit_order_is_listed_until_it_is_canceled(sim: SimClient) -> None:
    """An open order leaves the list of open ones when it is canceled, and canceling twice is no error."""
    order = sim.trading.submit_order(
        LimitOrderRequest(symbol="MSFT", qty=2, side=OrderSide.BUY, time_in_force=TimeInForce.GTC, limit_price=1.5)
    )
    assert [each.id for each in sim.trading.get_orders()] == [order.id]
    sim.trading.cancel_order_by_id(order.id)
    sim.trading.cancel_order_by_id(order.id)
    assert sim.trading.get_orders() == []
    (closed,) = sim.trading.get_orders(GetOrdersRequest(status=QueryOrderStatus.CLOSED))
    assert closed.status is OrderStatus.CANCELED


def test_the_order_list_filters_and_pages(sim: SimClient) -> None:
    """Every filter of the list chooses its orders, newest first unless asked otherwise."""
    orders = [sim.order(symbol=symbol) for symbol in ("AAPL", "MSFT", "AAPL", "IBM")]
    ids = [order["id"] for order in orders]

    def listed(**query: Any) -> list[int]:  # noqa: ANN401 - any filter
        return [ids.index(order["id"]) for order in sim.get("/v2/orders", **{"status": "all", **query})]

    assert listed() == [3, 2, 1, 0]
    assert listed(status="open") == []
    assert listed(direction="asc", limit=2) == [0, 1]
    assert listed(symbols="AAPL,IBM") == [3, 2, 0]
    assert listed(side="sell") == []
    assert listed(after=orders[1]["submitted_at"]) == [3, 2]
    assert listed(until=orders[1]["submitted_at"]) == [0]
    assert listed(after_order_id=ids[2]) == [3]
    assert listed(before_order_id=ids[2]) == [1, 0]


def test_activities_are_paged_by_their_last_id(sim: SimClient) -> None:
    """Following the page token sees every fill once, oldest first when asked for."""
    ids = [sim.order(symbol=symbol)["id"] for symbol in ("AAPL", "MSFT", "IBM")]
    path, query = "/v2/account/activities", {"activity_types": "FILL", "page_size": 2, "direction": "asc"}
    first = sim.get(path, **query)
    second = sim.get(path, **query, page_token=first[-1]["id"])
    assert [row["order_id"] for row in [*first, *second]] == ids
    assert [row["order_id"] for row in sim.get(path, after=first[-1]["transaction_time"])] == ids[2:]
    assert sim.get(path, activity_types="CFEE") == []
    assert len(sim.get(path, date="2026-01-05")) == 3
    assert sim.get(path, date="2026-01-06") == []


def test_positions_close_one_by_one_and_together(sim: SimClient) -> None:
    """A part, a percentage, and the rest of everything are sold; nothing is left."""
    for symbol in ("AAPL", "MSFT"):
        sim.order(qty="10", symbol=symbol)
    sim.trading.close_position("AAPL", ClosePositionRequest(qty="4"))
    sim.trading.close_position("AAPL", ClosePositionRequest(percentage="50"))
    assert sim.trading.get_open_position("AAPL").qty == "3"
    rows = sim.trading.close_all_positions(cancel_orders=True)
    assert [row.status for row in rows if isinstance(row, ClosePositionResponse)] == [200, 200]
    assert sim.trading.get_all_positions() == []
    with pytest.raises(APIError) as caught:
        sim.trading.get_open_position("AAPL")
    assert (caught.value.status_code, caught.value.code) == (404, 40410000)


def test_canceling_all_answers_for_each_order(sim: SimClient) -> None:
    """Every working order is in the answer, and none works afterwards."""
    ids = {sim.order(type="limit", limit_price="1")["id"] for _ in range(3)}
    assert {str(row.id) for row in sim.trading.cancel_orders()} == ids
    assert sim.trading.get_orders() == []


def test_assets_and_calendar_are_those_of_the_exchange(sim: SimClient) -> None:
    """A listed stock is found by symbol and by id, an unknown one is 404, and half days are short."""
    asset = sim.trading.get_asset("BRK.B")
    assert sim.trading.get_asset(str(asset.id)).symbol == "BRK.B"
    assert len(sim.trading.get_all_assets()) == 42
    with pytest.raises(APIError) as caught:
        sim.trading.get_asset("NOPE")
    assert caught.value.status_code == 404
    days = sim.trading.get_calendar(GetCalendarRequest(start="2026-11-25", end="2026-11-29"))
    assert [(f"{day.date}", f"{day.close:%H:%M}") for day in days] == [("2026-11-25", "16:00"), ("2026-11-27", "13:00")]


def test_only_key_holders_come_in(start_simulator: Any) -> None:  # noqa: ANN401 - a factory
    """Without keys every path is 401; with a fixed pair any other is 401 too; unknown paths are 404 in JSON."""
    sim = start_simulator(key="key", secret="secret")  # noqa: S106 - a test's own
    url = sim.endpoints.url + "/v2/account"
    assert sim.session.get(url, timeout=5).json() == {"message": "unauthorized."}
    wrong = {"APCA-API-KEY-ID": "key", "APCA-API-SECRET-KEY": "other"}
    assert sim.session.get(url, headers=wrong, timeout=5).status_code == 401
    assert sim.send("GET", "/v2/account").status_code == 200
    unknown = sim.send("GET", "/v2/positions/BTC/USD")
    assert (unknown.status_code, unknown.json()["code"]) == (404, 40410000)
    assert sim.send("POST", "/v2/orders", data="{").status_code == 400


def test_an_unknown_order_is_not_found(sim: SimClient) -> None:
    """Both look-ups and the cancel answer 404 for an id that was never given."""
    for method, path in [
        ("GET", f"/v2/orders/{uuid.uuid4()}"),
        ("DELETE", f"/v2/orders/{uuid.uuid4()}"),
        ("GET", "/v2/orders:by_client_order_id?client_order_id=x"),
    ]:
        answer: requests.Response = sim.send(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, 40410000)


def test_the_days_profit_counts_from_yesterdays_close(sim: SimClient) -> None:
    """What was opened today counts from its entry; what was held before counts from the last close."""
    sim.order(qty="10")
    (opened,) = sim.get("/v2/positions")
    assert opened["unrealized_intraday_pl"] == opened["unrealized_pl"]
    sim.run_to("2026-01-06T14:32:00Z")
    (held,) = sim.get("/v2/positions")
    expected = 10 * (Decimal(held["current_price"]) - Decimal(held["lastday_price"]))
    assert Decimal(held["unrealized_intraday_pl"]) == expected != Decimal(held["unrealized_pl"])


def test_what_was_opened_and_closed_today_is_no_part_of_the_days_open_profit(sim: SimClient) -> None:
    """Round trips of today leave the day's profit of the shares from yesterday as it was."""
    sim.order(qty="10")
    sim.run_to("2026-01-06T14:32:00Z")
    for _ in range(3):
        sim.order(qty="100")
        sim.step()
        sim.order(side="sell", qty="100")
        sim.step()
    (held,) = sim.get("/v2/positions")
    expected = 10 * (Decimal(held["current_price"]) - Decimal(held["lastday_price"]))
    assert (held["qty"], Decimal(held["unrealized_intraday_pl"])) == ("10", expected)


@pytest.mark.parametrize("query", [{}, {"start": "2039-12-01"}, {"end": "9999-12-31"}, {"start": "0001-01-01"}])
def test_the_calendar_answers_however_wide_it_is_asked(sim: SimClient, query: dict[str, str]) -> None:
    """Without bounds, and beyond its own, the calendar gives the days that it knows."""
    days = sim.get("/v2/calendar", **query)
    assert days[-1]["date"] > "2039-12-01"
