"""A fault finds its symbol however a request spells it: a pair without its slash, an asset's id, an order's id."""

import pytest

from holdfast.simulator.timetable import MarketHours
from holdfast.simulator.wire import asset_id
from simulator.conftest import StartSimulator
from simulator.orders.desk import a_market
from simulator.sim_client import SimClient

PAIR = {"symbol": "BTC/USD"}


@pytest.fixture
def pairs(start_simulator: StartSimulator) -> SimClient:
    """A simulator where BTC/USD and XYZ stand at $100."""
    market = a_market(MarketHours.ALWAYS, BTC_USD="100 | 100 | 100", XYZ="100 | 100 | 100")
    client = start_simulator(market, participation=None)
    client.run_to("2026-01-05T14:31:00+00:00")
    return client


@pytest.mark.parametrize("named", ["BTC/USD", "BTCUSD", asset_id("BTC/USD")])
def test_an_order_is_struck_by_any_name_of_its_symbol(pairs: SimClient, named: str) -> None:
    """reject_accepted for BTC/USD: the request may name the pair with or without its slash, or by id."""
    pairs.fault("reject_accepted", match=PAIR)
    order_id = pairs.order(symbol=named, time_in_force="gtc")["id"]
    assert pairs.get(f"/v2/orders/{order_id}")["status"] == "rejected"


@pytest.mark.parametrize("named", ["BTC/USD", "BTCUSD", asset_id("BTC/USD")])
def test_a_fault_may_be_ordered_by_any_name(pairs: SimClient, named: str) -> None:
    """The order of a fault may use any name too; the list of faults shows the listed one."""
    pairs.fault("reject_accepted", match={"symbol": named})
    order_id = pairs.order(symbol="BTC/USD", time_in_force="gtc")["id"]
    assert pairs.get(f"/v2/orders/{order_id}")["status"] == "rejected"
    assert pairs.get("/_sim/faults")["waiting"][0]["symbol"] == "BTC/USD"


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_request_about_an_order_is_about_its_symbol(pairs: SimClient, method: str) -> None:
    """answer_status for BTC/USD strikes what names the pair's order by id, and spares the other's."""
    ids = [
        pairs.order(symbol=symbol, type="limit", limit_price="90", time_in_force="gtc")["id"]
        for symbol in ("BTC/USD", "XYZ")
    ]
    pairs.fault("answer_status", status=503, match={"method": method, **PAIR})
    statuses = [pairs.send(method, f"/v2/orders/{order_id}", json={"qty": "2"}).status_code for order_id in ids]
    assert statuses[0] == 503
    assert statuses[1] < 300


def test_a_pairs_position_may_lag(pairs: SimClient) -> None:
    """positions_lag: though positions spell a pair without its slash."""
    pairs.fault("positions_lag", delay_s=60, match=PAIR)
    pairs.order(symbol="BTC/USD", qty="2", time_in_force="gtc")
    assert pairs.get("/v2/positions") == []
    assert pairs.send("GET", "/v2/positions/BTCUSD").status_code == 404


def test_a_pairs_position_may_be_missing(pairs: SimClient) -> None:
    """missing_row: the row of the pair that the fault names by its listed name."""
    pairs.order(symbol="BTC/USD", qty="2", time_in_force="gtc")
    pairs.order(symbol="XYZ")
    pairs.fault("missing_row", match=PAIR)
    assert [row["symbol"] for row in pairs.get("/v2/positions")] == ["XYZ"]


def test_the_owner_may_trade_a_pair(pairs: SimClient) -> None:
    """owner_trade: a pair's order is good till canceled, for it has no day."""
    pairs.fault("owner_trade", match=PAIR, side="buy", qty="2")
    assert [row["symbol"] for row in pairs.get("/v2/positions")] == ["BTCUSD"]
