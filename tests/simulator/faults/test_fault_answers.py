"""What can happen to a request and to its answer, as a client sees it."""

import time
from typing import Any

import pytest
import requests
from alpaca.common.exceptions import APIError
from alpaca.trading.enums import OrderSide, TimeInForce
from alpaca.trading.requests import MarketOrderRequest

from simulator.sim_client import PATIENCE_S, SimClient

BODY = {"symbol": "AAPL", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
ONLY_AAPL = {"symbol": "AAPL"}
READ = {"path": "/v2/account"}


def post(sim: SimClient, client_order_id: str, **options: Any) -> requests.Response:  # noqa: ANN401 - any option
    """Post an order of one share of AAPL."""
    return sim.send("POST", "/v2/orders", json={**BODY, "client_order_id": client_order_id}, **options)


def look_up(sim: SimClient, client_order_id: str) -> requests.Response:
    """Ask for an order by its client id."""
    return sim.send("GET", "/v2/orders:by_client_order_id", params={"client_order_id": client_order_id})


def wait_for_order(sim: SimClient, client_order_id: str) -> None:
    """Return once the order is there."""
    limit = time.monotonic() + PATIENCE_S
    while look_up(sim, client_order_id).status_code != 200:
        assert time.monotonic() < limit


@pytest.mark.parametrize(
    ("kind", "is_there"), [("accept_no_answer", True), ("lose_request", False), ("request_late", False)]
)
def test_a_post_may_stay_unanswered(sim: SimClient, kind: str, *, is_there: bool) -> None:
    """The client times out; the order is there, or it is not; the next one is answered."""
    sim.fault(kind, count=1, match=ONLY_AAPL, **({"delay_s": 60.0} if kind == "request_late" else {}))
    with pytest.raises(requests.exceptions.ReadTimeout):
        post(sim, "lost", timeout=0.3)
    assert (look_up(sim, "lost").status_code == 200) == is_there
    assert post(sim, "next").json()["status"] == "pending_new"


def test_a_request_may_arrive_when_nobody_waits_for_it_any_more(sim: SimClient) -> None:
    """request_late: the client has gone, the order is unknown, and some time later it is there and filled."""
    sim.fault("request_late", count=1, delay_s=1)
    with pytest.raises(requests.exceptions.ReadTimeout):
        post(sim, "late", timeout=0.1)
    assert look_up(sim, "late").status_code == 404
    wait_for_order(sim, "late")
    assert look_up(sim, "late").json()["status"] == "filled"


def test_a_request_two_minutes_late_arrives_at_once_when_the_faults_are_cleared(sim: SimClient) -> None:
    """Clearing lets everything arrive that is under way, however long it had left."""
    sim.fault("request_late", count=1, delay_s=120)
    with pytest.raises(requests.exceptions.ReadTimeout):
        post(sim, "late", timeout=0.2)
    sim.send("DELETE", "/_sim/faults")
    wait_for_order(sim, "late")


@pytest.mark.parametrize(
    ("kind", "options", "status"),
    [
        ("accept_504", {}, 504),
        ("empty_200", {"match": {"path": "/v2/orders"}}, 200),
        ("garbage_200", {"match": {"method": "POST"}}, 200),
    ],
)
def test_an_order_may_be_placed_though_the_answer_says_nothing(
    sim: SimClient, kind: str, options: dict[str, object], status: int
) -> None:
    """The request was carried out; the answer is an error, empty, or no JSON."""
    sim.fault(kind, count=1, **options)
    answer = post(sim, "mine")
    assert answer.status_code == status
    with pytest.raises(KeyError if kind == "accept_504" else requests.exceptions.JSONDecodeError):
        answer.json()["id"]
    assert look_up(sim, "mine").json()["status"] == "filled"


def test_alpaca_py_sees_an_error_without_a_reason_in_a_504(sim: SimClient) -> None:
    """accept_504 through alpaca-py: its own retry sends the order again and is told that it exists."""
    sim.fault("accept_504", count=1)
    sim.trading._retry_wait = 0  # noqa: SLF001 - there is no other way
    order = MarketOrderRequest(
        symbol="AAPL", qty=1, side=OrderSide.BUY, time_in_force=TimeInForce.DAY, client_order_id="twice"
    )
    with pytest.raises(APIError) as caught:
        sim.trading.submit_order(order)
    assert (caught.value.status_code, caught.value.code) == (422, 40010001)
    assert len(sim.get("/v2/orders", status="all")) == 1


@pytest.mark.parametrize(
    ("kind", "error"),
    [("truncated_200", requests.exceptions.ChunkedEncodingError), ("drop_connection", requests.ConnectionError)],
)
def test_an_order_may_be_placed_though_the_connection_breaks(sim: SimClient, kind: str, error: type[Exception]) -> None:
    """The body ends before the length it promised, or nothing comes at all; the order is there."""
    sim.fault(kind, count=1, match={"method": "POST"})
    with pytest.raises(error):
        post(sim, "mine")
    assert look_up(sim, "mine").json()["status"] == "filled"


def test_an_answer_may_drip(sim: SimClient) -> None:
    """slow_drip: no single read takes long, and the whole is there no sooner than `for_s`."""
    sim.fault("slow_drip", count=1, match=READ, delay_s=0.05, for_s=0.5)
    began = time.monotonic()
    answer = sim.send("GET", "/v2/account", timeout=2)
    assert time.monotonic() - began >= 0.5
    assert answer.json()["status"] == "ACTIVE"


def test_a_kept_alive_connection_may_be_closed_behind_an_answer(sim: SimClient) -> None:
    """close_idle: the answer promises nothing, the next request finds another connection by itself."""
    sim.fault("close_idle", count=1, match=READ)
    answer = sim.send("GET", "/v2/account", stream=True)
    socket = answer.raw.connection.sock
    assert "connection" not in answer.headers
    assert answer.json()["status"] == "ACTIVE"
    socket.settimeout(PATIENCE_S)
    assert socket.recv(1) == b""
    assert sim.send("GET", "/v2/account").status_code == 200


@pytest.mark.parametrize("status", [401, 403, 404, 422, 500, 503])
def test_any_request_may_be_answered_with_a_status(sim: SimClient, status: int) -> None:
    """answer_status: matched by method and path, counted down, without effect."""
    sim.fault("answer_status", status=status, count=2, match={"method": "POST", "path": "/v2/ord*"})
    assert [post(sim, f"mine-{number}").status_code for number in range(3)] == [status, status, 200]
    assert len(sim.get("/v2/orders", status="all")) == 1


def test_a_burst_of_429_carries_its_headers(sim: SimClient) -> None:
    """rate_limit: the limit, nothing remaining, and the second at which the window ends."""
    sim.fault("rate_limit", count=2)
    answers = [sim.send("GET", "/v2/positions") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    headers = answers[0].headers
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("200", "0")
    assert int(headers["X-RateLimit-Reset"]) > 0


def test_a_gateway_may_answer_in_its_own_words(sim: SimClient) -> None:
    """html_502: a page for people; alpaca-py's error has no code to read."""
    sim.fault("html_502", match=READ)
    with pytest.raises(APIError) as caught:
        sim.trading.get_account()
    assert caught.value.status_code == 502
    assert "<html>" in str(caught.value)


def test_a_request_may_be_sent_elsewhere(sim: SimClient) -> None:
    """redirect: 302 and a place where nothing is."""
    sim.fault("redirect", count=1, match=READ)
    answer = sim.send("GET", "/v2/account", allow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (302, "/elsewhere/v2/account")


def test_a_refused_order_may_execute(sim: SimClient) -> None:
    """refuse_then_execute: 403 now, and a little later the order is there."""
    sim.fault("refuse_then_execute", count=1, delay_s=1)
    answer = post(sim, "untrue")
    assert (answer.status_code, answer.json()["code"]) == (403, 40310000)
    assert look_up(sim, "untrue").status_code == 404
    wait_for_order(sim, "untrue")


def test_an_account_may_be_blocked(sim: SimClient) -> None:
    """account_blocked: orders are refused with 403 and the account says why."""
    sim.fault("account_blocked")
    assert post(sim, "mine").status_code == 403
    assert sim.trading.get_account().trading_blocked is True
    sim.send("DELETE", "/_sim/faults")
    assert sim.trading.get_account().trading_blocked is False


def test_a_refusal_is_not_what_an_answer_fault_waits_for(sim: SimClient) -> None:
    """accept_no_answer passes by an order that the exchange refuses."""
    sim.fault("accept_no_answer", count=1)
    assert sim.order(symbol="NOPE!")["code"] == 42210000
    assert sim.get("/_sim/faults")["waiting"][0]["count"] == 1


def test_the_control_page_is_never_struck(sim: SimClient) -> None:
    """A fault that matches everything leaves /_sim alone."""
    sim.fault("answer_status", status=500)
    sim.fault("drop_connection")
    assert sim.send("GET", "/_sim/status").status_code == 200
    assert sim.send("GET", "/v2/clock").status_code == 500
