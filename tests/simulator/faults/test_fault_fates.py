"""What can become of an order that was accepted, and of its cancel."""

from decimal import Decimal

from simulator.conftest import StartSimulator
from simulator.sim_client import SimClient
from simulator.test_simulator_streams import open_trading, read


def status(sim: SimClient, order_id: str) -> str:
    """Return an order's status."""
    answer: str = sim.get(f"/v2/orders/{order_id}")["status"]
    return answer


def clear(sim: SimClient) -> None:
    """End all faults."""
    sim.send("DELETE", "/_sim/faults")


def test_fills_may_be_held_back(sim: SimClient) -> None:
    """hold_fills: the order stays new and the position list empty, until the faults are cleared."""
    sim.fault("hold_fills", match={"symbol": "AAPL"})
    held, free = sim.order()["id"], sim.order(symbol="MSFT")["id"]
    sim.step(2)
    assert (status(sim, held), status(sim, free)) == ("new", "filled")
    assert [row["symbol"] for row in sim.get("/v2/positions")] == ["MSFT"]
    clear(sim)
    assert status(sim, held) == "filled"


def test_an_order_may_fill_in_part(sim: SimClient) -> None:
    """partial_fills: a part of it, and the rest when the faults are cleared; the quantities add up."""
    sim.fault("partial_fills", count=1)
    with open_trading(sim) as socket:
        order_id = sim.order(qty="10")["id"]
        events = [read(socket)["data"] for _ in range(3)]
        assert [event["event"] for event in events] == ["pending_new", "new", "partial_fill"]
        assert (status(sim, order_id), events[-1]["qty"]) == ("partially_filled", "5")
        sim.step(2)
        assert sim.get("/v2/positions/AAPL")["qty"] == "5"
        clear(sim)
        last = read(socket)["data"]
        assert (last["event"], last["qty"], last["order"]["filled_qty"]) == ("fill", "5", "10")
    assert sim.get("/v2/positions/AAPL")["qty"] == "10"


def test_a_partly_filled_order_may_be_canceled(sim: SimClient) -> None:
    """partial_fills: what has filled stays, and the canceled order says how much."""
    sim.fault("partial_fills", count=1)
    order_id = sim.order(qty="10")["id"]
    assert sim.send("DELETE", f"/v2/orders/{order_id}").status_code == 204
    row = sim.get(f"/v2/orders/{order_id}")
    assert (row["status"], row["filled_qty"]) == ("canceled", "5")


def test_an_accepted_order_may_be_rejected(sim: SimClient) -> None:
    """reject_accepted: the answer accepts it, the stream rejects it, and nothing is bought."""
    sim.fault("reject_accepted", count=1)
    with open_trading(sim) as socket:
        answer = sim.order()
        assert answer["status"] == "pending_new"
        assert [read(socket)["data"]["event"] for _ in range(2)] == ["pending_new", "rejected"]
    assert status(sim, answer["id"]) == "rejected"
    assert sim.get("/v2/positions") == []


def test_a_cancel_may_never_end(sim: SimClient) -> None:
    """stuck_cancel: 204, pending_cancel for ever, and canceled when the faults are cleared."""
    sim.fault("stuck_cancel", match={"symbol": "AAPL"})
    order_id = sim.order(type="limit", limit_price="1")["id"]
    other = sim.order(symbol="MSFT", type="limit", limit_price="1")["id"]
    for each in (order_id, other):
        assert sim.send("DELETE", f"/v2/orders/{each}").status_code == 204
    sim.step(3)
    assert (status(sim, order_id), status(sim, other)) == ("pending_cancel", "canceled")
    clear(sim)
    assert status(sim, order_id) == "canceled"


def test_a_fill_may_beat_a_cancel(sim: SimClient) -> None:
    """fill_beats_cancel: the order rests, its cancel is refused because it has just filled."""
    sim.fault("fill_beats_cancel", count=1)
    order_id = sim.order(qty="4")["id"]
    sim.step()
    assert status(sim, order_id) == "new"
    refused = sim.send("DELETE", f"/v2/orders/{order_id}")
    assert (refused.status_code, refused.json()["message"]) == (422, 'order is already in "filled" state')
    assert Decimal(sim.get("/v2/positions/AAPL")["qty"]) == 4


def test_only_the_canceled_order_is_overtaken(sim: SimClient) -> None:
    """fill_beats_cancel: another held order stays held."""
    sim.fault("fill_beats_cancel")
    first, second = sim.order()["id"], sim.order(symbol="MSFT")["id"]
    sim.send("DELETE", f"/v2/orders/{first}")
    assert (status(sim, first), status(sim, second)) == ("filled", "new")


def test_what_the_exchange_refuses_uses_no_fault_up(sim: SimClient) -> None:
    """reject_accepted, stuck_cancel: a refused order and a refused cancel leave them for the next."""
    sim.fault("reject_accepted", count=1)
    assert "message" in sim.order(qty="0.0000000001")
    assert status(sim, sim.order()["id"]) == "rejected"
    filled = sim.order()["id"]
    sim.fault("stuck_cancel", count=1)
    assert sim.send("DELETE", f"/v2/orders/{filled}").status_code == 422
    resting = sim.order(type="limit", limit_price="1")["id"]
    sim.send("DELETE", f"/v2/orders/{resting}")
    assert status(sim, resting) == "pending_cancel"
    assert [line["kind"] for line in sim.get("/_sim/faults")["happened"]] == ["reject_accepted", "stuck_cancel"]


def test_a_cancel_of_what_is_not_at_the_market_yet_never_hangs(sim: SimClient) -> None:
    """stuck_cancel: a held leg is canceled at once, and the fault waits for another."""
    exits = {"take_profit": {"limit_price": "900"}, "stop_loss": {"stop_price": "0.5"}}
    entry = sim.order(type="limit", limit_price="1", order_class="bracket", **exits)
    sim.fault("stuck_cancel", count=1)
    leg = entry["legs"][0]["id"]
    sim.send("DELETE", f"/v2/orders/{leg}")
    assert (status(sim, leg), sim.get("/_sim/faults")["happened"]) == ("canceled", [])


def test_the_race_outlives_a_restart(start_simulator: StartSimulator) -> None:
    """fill_beats_cancel: the next simulator on the account lets the fill win too."""
    sim = start_simulator()
    sim.step(2)
    sim.fault("fill_beats_cancel")
    order_id = sim.order()["id"]
    sim.server.stop()
    again = start_simulator()
    assert again.send("DELETE", f"/v2/orders/{order_id}").status_code == 422
    assert status(again, order_id) == "filled"
