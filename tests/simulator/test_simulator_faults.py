"""Each fault, as a client sees it."""

import json

import pytest
import requests
from websockets.sync.client import connect

from simulator.sim_client import SimClient


def test_an_accepted_order_may_stay_unanswered(sim: SimClient) -> None:
    """accept_no_answer: the client times out, the order is there and filled; the next one is answered."""
    sim.fault("accept_no_answer", count=1, match={"symbol": "AAPL"})
    body = {"symbol": "AAPL", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
    with pytest.raises(requests.exceptions.ReadTimeout):
        sim.send("POST", "/v2/orders", json={**body, "client_order_id": "lost"}, timeout=0.3)
    assert sim.get("/v2/orders:by_client_order_id", client_order_id="lost")["status"] == "filled"
    assert sim.order()["status"] == "pending_new"


def test_a_request_may_be_lost(sim: SimClient) -> None:
    """lose_request: the client times out, and no order is there."""
    sim.fault("lose_request", count=1)
    with pytest.raises(requests.exceptions.ReadTimeout):
        sim.send("POST", "/v2/orders", json={"symbol": "AAPL"}, timeout=0.3)
    assert sim.get("/v2/orders", status="all") == []


def test_fills_may_be_held_back(sim: SimClient) -> None:
    """hold_fills: the order stays new and the position list empty, until the faults are cleared."""
    sim.fault("hold_fills", match={"symbol": "AAPL"})
    held, free = sim.order()["id"], sim.order(symbol="MSFT")["id"]
    sim.step(2)
    assert sim.get(f"/v2/orders/{held}")["status"] == "new"
    assert sim.get(f"/v2/orders/{free}")["status"] == "filled"
    assert [row["symbol"] for row in sim.get("/v2/positions")] == ["MSFT"]
    sim.send("DELETE", "/_sim/faults")
    assert sim.get(f"/v2/orders/{held}")["status"] == "filled"


def test_any_request_may_be_answered_with_a_status(sim: SimClient) -> None:
    """answer_status: matched by method and path, counted down, without effect."""
    sim.fault("answer_status", status=503, count=2, match={"method": "GET", "path": "/v2/pos*"})
    statuses = [sim.send("GET", "/v2/positions").status_code for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert sim.send("GET", "/v2/account").status_code == 200


def test_a_data_connection_may_be_refused(sim: SimClient) -> None:
    """data_406: the place is said to be taken, once."""
    sim.fault("data_406", count=1)
    codes = []
    for _ in range(2):
        with connect(sim.endpoints.data_stream, proxy=None) as socket:
            socket.recv(timeout=5)
            socket.send(json.dumps({"action": "auth", "key": "key", "secret": "secret"}))
            codes.append(json.loads(socket.recv(timeout=5))[0].get("code"))
    assert codes == [406, None]


def test_a_fault_may_begin_later(sim: SimClient) -> None:
    """after_s counts the market's seconds."""
    sim.fault("answer_status", status=500, after_s=90, match={"path": "/v2/account"})
    assert sim.send("GET", "/v2/account").status_code == 200
    sim.step(2)
    assert sim.send("GET", "/v2/account").status_code == 500


@pytest.mark.parametrize(
    "body", [{}, {"kind": "nope"}, {"kind": "hold_fills", "count": 0}, {"kind": "hold_fills", "x": 1}]
)
def test_a_fault_that_cannot_be_ordered_is_refused(sim: SimClient, body: dict[str, object]) -> None:
    """An unknown kind, key or count is 400, and the list names the kinds."""
    assert sim.send("POST", "/_sim/faults", json=body).status_code == 400
    listed = sim.get("/_sim/faults")
    assert listed["waiting"] == []
    assert "accept_no_answer" in listed["kinds"]
