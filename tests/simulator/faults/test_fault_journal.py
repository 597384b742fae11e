"""How faults are ordered, when they strike, and what is written down about it."""

import json
import socket
from typing import Any

import pytest
import requests

from simulator.sim_client import SimClient

READ = {"path": "/v2/account"}


def statuses(sim: SimClient, count: int) -> list[int]:
    """Read the account several times and return the answers' statuses."""
    return [sim.send("GET", "/v2/account").status_code for _ in range(count)]


def test_a_fault_may_begin_later(sim: SimClient) -> None:
    """after_s counts the market's seconds."""
    sim.fault("answer_status", status=500, after_s=90, match=READ)
    assert statuses(sim, 1) == [200]
    sim.step(2)
    assert statuses(sim, 1) == [500]


def test_one_in_strikes_the_same_occasions_for_the_same_seed(sim: SimClient) -> None:
    """About one occasion in three, drawn from the seed: the same again, and others for another seed."""
    rounds = []
    for seed in (1, 1, 2):
        sim.fault("answer_status", status=500, one_in=3, seed=seed, match=READ)
        rounds.append(statuses(sim, 60))
        sim.send("DELETE", "/_sim/faults")
    assert rounds[0] == rounds[1] != rounds[2]
    assert 10 <= rounds[0].count(500) <= 30


def test_the_journal_tells_every_strike(sim: SimClient) -> None:
    """Market time, kind, row of the fault table, seed, and what was struck; one line each."""
    sim.fault("answer_status", status=500, seed=5, count=2, match=READ)
    sim.fault("hold_fills", seed=6)
    statuses(sim, 3)
    sim.order(symbol="MSFT")
    time = "2026-01-05T14:30:00+00:00"
    read = {"time": time, "kind": "answer_status", "row": "F6", "seed": 5, "what": "GET /v2/account"}
    held = {"time": time, "kind": "hold_fills", "row": "F10", "seed": 6, "what": "POST /v2/orders MSFT"}
    assert [{**line, "time": time} for line in sim.get("/_sim/faults")["happened"]] == [read, read, held]
    assert {line["time"][:16] for line in sim.get("/_sim/faults")["happened"]} == {sim.clock()["time"][:16]}


def test_the_journal_outlives_the_faults(sim: SimClient) -> None:
    """Clearing forgets what waits, not what happened."""
    sim.fault("answer_status", count=1, match=READ)
    statuses(sim, 1)
    sim.send("DELETE", "/_sim/faults")
    listed = sim.get("/_sim/faults")
    assert (listed["waiting"], len(listed["happened"])) == ([], 1)


@pytest.mark.parametrize(
    ("kind", "delay_s", "name", "declared"),
    [
        ("request_late", 120, "request_lifetime_s", 120),
        ("list_late", 40, "listing_lag_s", 40),
        ("refuse_then_execute", 5, "listing_lag_s", 5),
        ("positions_lag", 10, "position_lag_s", 10),
    ],
)
def test_declared_delays_cover_what_was_ordered(
    sim: SimClient, kind: str, delay_s: float, name: str, declared: float
) -> None:
    """A longer lag raises what the simulator declares, and it stays raised; a shorter one changes nothing."""
    before = sim.get("/_sim/status")["assumptions"]
    assert before == {"request_lifetime_s": 2, "listing_lag_s": 1, "position_lag_s": 1}
    sim.fault(kind, delay_s=0.5)
    assert sim.get("/_sim/status")["assumptions"] == before
    sim.fault(kind, delay_s=delay_s)
    sim.send("DELETE", "/_sim/faults")
    after = sim.get("/_sim/status")["assumptions"]
    assert after[name] >= declared
    assert {**after, name: before[name]} == before


def test_the_market_waits_in_lockstep_for_what_is_under_way(sim: SimClient) -> None:
    """No instant passes while a request is late; then the next one comes."""
    sim.fault("request_late", count=1, delay_s=60)
    with pytest.raises(requests.exceptions.ReadTimeout):
        sim.send("POST", "/v2/orders", json={"symbol": "AAPL"}, timeout=0.1)
    now = sim.clock()["time"]
    sim.send("POST", "/_sim/clock", json={"through": now})
    assert sim.clock(after=now, wait=0.3)["time"] == now
    sim.send("DELETE", "/_sim/faults")
    assert sim.clock(after=now)["time"] > now


def test_the_market_goes_on_without_lockstep(start_simulator: Any) -> None:  # noqa: ANN401 - the fixture
    """At a speed of its own it does not wait for what is under way."""
    sim = start_simulator(speed=1000)
    sim.fault("request_late", count=1, delay_s=60)
    with pytest.raises(requests.exceptions.ReadTimeout):
        sim.send("POST", "/v2/orders", json={"symbol": "AAPL"}, timeout=0.1)
    now = sim.clock()["time"]
    assert sim.clock(after=now)["time"] > now


def test_an_order_that_cannot_be_read_is_400(sim: SimClient) -> None:
    """The answer says what to send, and nothing waits."""
    answer = sim.send("POST", "/_sim/faults", json={"kind": "slow_drop"})
    assert (answer.status_code, "did you mean slow_drip?" in answer.json()["message"]) == (400, True)
    assert sim.get("/_sim/faults")["waiting"] == []


def test_what_is_no_object_is_refused(sim: SimClient) -> None:
    """Text, a list, and a body that is far too long are answered, not worked on."""
    for raw in ("what", json.dumps(["kind"]), "[" * 100_000):
        assert sim.send("POST", "/_sim/faults", data=raw).status_code == 400
    assert sim.send("POST", "/_sim/faults", data=b" " * 1_000_001).status_code == 413


def test_a_restart_forgets_what_waits(start_simulator: Any, tmp_path: Any) -> None:  # noqa: ANN401 - fixtures
    """Faults live in the running simulator alone; its account does not."""
    first = start_simulator(data_dir=tmp_path / "sim")
    first.fault("hold_fills")
    account = first.get("/_sim/status")["account_id"]
    first.server.stop()
    second = start_simulator(data_dir=tmp_path / "sim")
    assert second.get("/_sim/faults")["waiting"] == []
    assert second.get("/_sim/status")["account_id"] == account


def test_the_list_names_kinds_with_their_rows(sim: SimClient) -> None:
    """GET shows each kind with its row of the fault table and one sentence."""
    kinds = sim.get("/_sim/faults")["kinds"]
    assert kinds["lose_request"] == "F5: the request never reaches the exchange and is never answered"
    assert all(text.startswith("F") for text in kinds.values())


def test_a_used_up_fault_shows_that_it_happened(sim: SimClient) -> None:
    """It stays listed with count 0 and the number of its strikes."""
    sim.fault("answer_status", count=1, match=READ)
    statuses(sim, 2)
    (fault,) = sim.get("/_sim/faults")["waiting"]
    assert (fault["count"], fault["happened"]) == (0, 1)


def test_the_port_may_be_closed_and_opened_again(sim: SimClient) -> None:
    """refuse_connections: ECONNREFUSED, open connections end, and then the same port answers."""
    host, port = sim.endpoints.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as open_one:
        open_one.sendall(b"GET /v2/clock HTTP/1.1\r\nHost: x\r\nAPCA-API-KEY-ID: a\r\nAPCA-API-SECRET-KEY: b\r\n\r\n")
        assert open_one.recv(15) == b"HTTP/1.1 200 OK"
        sim.fault("refuse_connections", for_s=1)
        open_one.settimeout(10)
        while open_one.recv(65_536):
            pass
    refused = 0
    while True:
        try:
            socket.create_connection((host, int(port))).close()
        except ConnectionRefusedError:
            refused += 1
        else:
            break
    assert refused > 0
    assert sim.send("GET", "/v2/clock").status_code == 200
