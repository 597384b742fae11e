"""The market's time: lockstep, holding, ends, and what a restart finds."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from holdfast.domain.bar import Bar
from holdfast.domain.errors import UsageError
from holdfast.simulator.prices import RecordedPrices
from holdfast.simulator.server import SimulatorServer
from holdfast.simulator.settings import SimulatorSettings
from simulator.sim_client import KEYS, SimClient

OPEN = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


def recorded(minutes: int = 3, start: datetime = OPEN) -> RecordedPrices:
    """Build recorded prices: one symbol, some minutes, a cent up each."""
    bars = [
        Bar("XYZ", start + timedelta(minutes=i), price, price + 1, price - 1, price, Decimal(100))
        for i in range(minutes)
        for price in [Decimal(50) + Decimal(i) / 100]
    ]
    return RecordedPrices({"XYZ": bars})


def test_in_lockstep_each_instant_waits_for_the_client(start_simulator: Any) -> None:  # noqa: ANN401
    """Nothing comes before the first word, then exactly one instant for each."""
    sim = start_simulator()
    assert sim.clock(after="2026-01-05T14:25:00Z", wait=0.2)["time"] == "2026-01-05T14:25:00Z"
    seen = [sim.step()["time"] for _ in range(3)]
    assert seen == [f"2026-01-05T14:{minute}:00Z" for minute in (31, 32, 33)]
    assert sim.clock(after=seen[-1], wait=0.2)["time"] == seen[-1]


def test_without_lockstep_the_market_runs_by_itself(start_simulator: Any) -> None:  # noqa: ANN401
    """At a high speed the session goes on with nobody there, until it is held."""
    sim = start_simulator(speed=Decimal(60_000))
    later = sim.clock(after="2026-01-05T14:40:00Z")
    assert later["time"] > "2026-01-05T14:40:00Z"
    held = sim.send("POST", "/_sim/clock", json={"hold": True}).json()["time"]
    assert sim.clock(after=held, wait=0.2)["time"] == held
    sim.send("POST", "/_sim/clock", json={"hold": False})
    assert sim.clock(after=held)["time"] > held


def test_an_order_fills_while_the_market_is_held(sim: SimClient) -> None:
    """Holding stops the time, not the exchange."""
    sim.send("POST", "/_sim/clock", json={"hold": True})
    order_id = sim.order()["id"]
    assert sim.get(f"/v2/orders/{order_id}")["status"] == "filled"


def test_a_synthetic_simulator_ends_after_its_sessions_and_the_next_run_plays_the_next(
    start_simulator: Any,  # noqa: ANN401
) -> None:
    """One session is played to its close; opened again, the account goes on with the day after."""
    sim = start_simulator(sessions=1)
    last = sim.step(391)
    assert (last["finished"], last["reason"], last["time"]) == (True, "session over", "2026-01-05T21:00:00Z")
    account = sim.get("/_sim/status")["account_id"]
    sim.close()
    again = start_simulator(sessions=1)
    assert again.clock()["finished"] is False
    assert again.step()["time"] == "2026-01-06T14:25:00Z"
    assert again.get("/_sim/status")["account_id"] == account


def test_recorded_bars_end_and_stay_used_up(start_simulator: Any) -> None:  # noqa: ANN401
    """After the last bar the day is closed; another start says at once that nothing is left."""
    sim = start_simulator(recorded())
    times = [sim.step()["time"] for _ in range(4)]
    assert times == [f"2026-01-05T{time}:00Z" for time in ("14:31", "14:32", "14:33", "21:00")]
    assert sim.clock()["reason"] == "bars used up"
    sim.close()
    assert start_simulator(recorded()).clock()["finished"] is True


def test_time_never_goes_back_for_an_account(start_simulator: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """Older bars are refused with the flag that helps; with it the old account is kept aside."""
    sim = start_simulator(recorded())
    sim.step(4)
    old = sim.get("/_sim/status")["account_id"]
    sim.close()
    earlier = recorded(start=OPEN - timedelta(days=3))
    settings = {"data_dir": tmp_path / "sim", "speed": None}
    with pytest.raises(UsageError, match="--new-account"):
        SimulatorServer(SimulatorSettings(**settings), earlier).start()
    fresh = start_simulator(earlier, new_account=True)
    assert fresh.get("/_sim/status")["account_id"] != old
    assert fresh.clock()["time"] == "2026-01-02T14:25:00Z"
    assert list((tmp_path / "sim" / "archive").glob("*/account.sqlite"))


def test_an_account_survives_a_restart_whole(start_simulator: Any) -> None:  # noqa: ANN401
    """Positions, orders, fills, cash, ids and the quote are the same before and after."""
    sim = start_simulator()
    sim.step(5)
    sim.order(qty="10", client_order_id="a")
    sim.order(qty="3", symbol="MSFT", type="limit", limit_price="1", time_in_force="gtc", client_order_id="b")
    paths = (
        "/v2/account",
        "/v2/positions",
        "/v2/orders?status=all",
        "/v2/account/activities",
        "/v2/stocks/quotes/latest?symbols=AAPL,MSFT",
        "/v2/stocks/bars?symbols=AAPL",
    )
    before = [sim.get(path) for path in paths]
    sim.close()
    again = start_simulator()
    assert [again.get(path) for path in paths] == before
    assert again.order(client_order_id="a")["code"] == 40010001
    assert again.order(client_order_id="c")["id"] not in str(before)


def serve(folder: Path, *flags: str) -> "subprocess.Popen[str]":
    """Start the real process; its first line on stdout says where it is."""
    command = [sys.executable, "-m", "holdfast", "simulate", "--data-dir", str(folder), *flags]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    return subprocess.Popen(  # the test ends it
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )


def first_line(process: "subprocess.Popen[str]") -> dict[str, str]:
    """Wait until the process serves."""
    assert process.stdout is not None
    line: dict[str, str] = json.loads(process.stdout.readline())
    return line


def test_a_killed_simulator_comes_back_with_its_account(tmp_path: Path) -> None:
    """SIGKILL right after an answer loses nothing; SIGTERM ends the second run with 0."""
    import requests  # noqa: PLC0415 - this test alone speaks to a process

    body = {"symbol": "AAPL", "qty": "2", "side": "buy", "type": "market", "time_in_force": "day"}
    with serve(tmp_path, "--speed", "max") as first:
        url = first_line(first)["url"]
        requests.post(url + "/_sim/clock", json={"through": "2026-01-05T14:29:00Z"}, timeout=5)
        time = requests.get(url + "/_sim/clock", params={"after": "2026-01-05T14:30:00Z"}, timeout=30).json()["time"]
        order = requests.post(url + "/v2/orders", json=body, headers=KEYS, timeout=5).json()
        first.send_signal(signal.SIGKILL)
    with serve(tmp_path, "--speed", "max") as second:
        lines = first_line(second)
        assert set(lines) == {"url", "trading_stream", "data_stream", "crypto_stream"}
        found = requests.get(f"{lines['url']}/v2/orders/{order['id']}", headers=KEYS, timeout=5).json()
        assert (found["status"], found["filled_qty"]) == ("filled", "2")
        assert requests.get(lines["url"] + "/_sim/clock", timeout=5).json()["time"] == time
        second.send_signal(signal.SIGTERM)
        assert second.wait(timeout=5) == 0


def test_the_status_counts_requests_and_shows_the_books(sim: SimClient) -> None:
    """Requests are counted by method and route, the simulator's own are not, and books follow the fills."""
    order_id = sim.order(qty="4")["id"]
    sim.get(f"/v2/orders/{order_id}")
    sim.get("/v2/positions")
    status = sim.get("/_sim/status")
    assert status["requests"] == {"POST /v2/orders": 1, "GET /v2/orders/{order_id}": 1, "GET /v2/positions": 1}
    assert status["assumptions"] == {"request_lifetime_s": 2, "listing_lag_s": 1, "position_lag_s": 1}
    assert (status["speed"], status["session"]) == ("max", "open")
    book = status["books"]["symbols"]["AAPL"]
    assert (book["quantity"], book["realized_pl"]) == ("4", "0")
    assert Decimal(status["books"]["cash"]) == 100_000 - 4 * Decimal(book["average_entry_price"])


@pytest.mark.parametrize("body", ["{", "[]", "{}", '{"through": "noon"}', '{"through": 5}', '{"speed": 3}'])
def test_a_bad_clock_command_is_refused(sim: SimClient, body: str) -> None:
    """Anything but hold and through is 400 and changes nothing."""
    assert sim.send("POST", "/_sim/clock", data=body).status_code == 400


def test_the_count_of_requests_does_not_grow_with_their_names(sim: SimClient) -> None:
    """One row for all symbols, and one for all that there is not."""
    before = sim.get("/_sim/status")["requests"]
    for number in range(5):
        sim.get(f"/v2/positions/NONE{number}")
        sim.get(f"/v2/none{number}")
        sim.send("PUT", f"/v2/assets/NONE{number}")
    after = sim.get("/_sim/status")["requests"]
    assert after == {**before, "GET /v2/positions/{symbol}": 5, "unknown": 10}
