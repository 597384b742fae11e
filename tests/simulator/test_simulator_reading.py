"""How strictly requests are read: what is no number, no time, no word or no switch is refused, never guessed."""

import base64
from typing import Any

import pytest

from simulator.sim_client import SimClient

NOT_NUMBERS = ["1_000", " 10 ", "\u0661", "\uff11", "0x10", "1e", ".", "", "NaN", "Infinity", "1e9999", True, [], {}]
AWAY = "0001-01-01T00:00:00+14:00"


@pytest.mark.parametrize("given", NOT_NUMBERS)
def test_a_quantity_is_a_plain_number(sim: SimClient, given: object) -> None:
    """Python reads more as a number than a broker does: 422 for all of it."""
    body = {"symbol": "AAPL", "qty": given, "side": "buy", "type": "market", "time_in_force": "day"}
    assert sim.send("POST", "/v2/orders", json=body).status_code == 422


@pytest.mark.parametrize("given", ["2", 2, 2.0, "2.0", "+2", "0.2e1"])
def test_a_number_may_be_written_in_many_ways(sim: SimClient, given: object) -> None:
    """As JSON's number or as the text of one."""
    assert float(sim.order(qty=given)["qty"]) == 2  # type: ignore[arg-type]


def test_a_number_that_nothing_can_hold_is_no_body(sim: SimClient) -> None:
    """JSON allows exponents of any length: 400."""
    body = '{"symbol": "AAPL", "qty": 1e999999999999999999999, "side": "buy", "type": "market", "time_in_force": "day"}'
    assert sim.send("POST", "/v2/orders", data=body).status_code == 400


@pytest.mark.parametrize("given", [123, {"a": 1}, [1], True])
def test_a_clients_own_id_is_text(sim: SimClient, given: object) -> None:
    """Nothing else is taken for its words, in a new order and in a replacement."""
    assert sim.order(client_order_id=given)["message"] == f"invalid client_order_id: {given}"
    order_id = sim.order(type="limit", limit_price="1")["id"]
    answer = sim.send("PATCH", f"/v2/orders/{order_id}", json={"client_order_id": given})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v2/orders?limit=\u00b2", 422),
        ("/v2/orders?limit=\u0661", 422),
        (f"/v2/orders?limit={'9' * 5000}", 422),
        ("/v2/orders?limit=999999999", 200),
        (f"/v2/orders?after={AWAY.replace('+', '%2B')}", 422),
        ("/v2/orders?until=9999-12-31T23:59:59-14:00", 422),
        ("/v2/orders?after=0001-01-01", 200),
        ("/v2/account/activities?date=9999-12-31", 200),
        ("/v2/calendar?start=9999-12-30", 200),
        ("/v2/calendar?start=2026-01-05&end=9999-12-30", 200),
        ("/v2/stocks/bars?symbols=AAPL&start=0001-01-01&end=9999-12-31", 200),
        ("/v2/stocks/bars?symbols=AAPL&timeframe=1Week&start=0001-01-02", 200),
        ("/v2/stocks/bars?symbols=AAPL&timeframe=99999999Hour", 422),
        ("/v2/stocks/bars?symbols=AAPL&timeframe=00Hour", 422),
        ("/v2/stocks/bars?symbols=AAPL&timeframe=\u0661Min", 422),
        ("/_sim/clock?wait=nan", 400),
        ("/_sim/clock?wait=-1", 400),
        ("/_sim/clock?wait=0", 200),
        (f"/_sim/clock?after={AWAY.replace('+', '%2B')}", 400),
    ],
)
def test_queries_are_read_strictly(sim: SimClient, path: str, status: int) -> None:
    """Counts in plain digits, times within the calendar; far away in time there is simply nothing."""
    assert sim.send("GET", path).status_code == status


def test_a_page_token_without_an_offset_is_utc(sim: SimClient) -> None:
    """A token that was not made here cannot mix two kinds of time."""
    token = base64.urlsafe_b64encode(b"AAPL|2026-01-01").decode()
    assert sim.send("GET", f"/v2/stocks/bars?symbols=AAPL&timeframe=1Min&page_token={token}").status_code == 200


@pytest.mark.parametrize("body", [{"hold": "x"}, {"hold": 1}, {"hold": None}, {"through": AWAY}, {"through": 5}])
def test_the_clock_is_set_by_true_and_false_alone(sim: SimClient, body: Any) -> None:  # noqa: ANN401 - any JSON
    """Anything else is 400, and a held market stays held."""
    sim.send("POST", "/_sim/clock", json={"hold": True})
    assert sim.send("POST", "/_sim/clock", json=body).status_code == 400
    assert sim.clock(wait=0)["hold"] is True


@pytest.mark.parametrize(
    "field", [{"after_s": False}, {"count": False}, {"match": []}, {"match": ""}, {"one_in": True}, {"seed": "7"}]
)
def test_a_fault_is_ordered_in_the_right_kinds_of_values(sim: SimClient, field: dict[str, object]) -> None:
    """False is not zero, and an empty list is not an empty object: 400."""
    assert sim.send("POST", "/_sim/faults", json={"kind": "rate_limit", **field}).status_code == 400


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_can_have_no_body_has_none(sim: SimClient, status: int) -> None:
    """answer_status: the connection lives on."""
    sim.fault("answer_status", status=status, count=1)
    answer = sim.send("GET", "/v2/account")
    assert (answer.status_code, answer.content) == (status, b"")
    assert sim.send("GET", "/v2/account").status_code == 200
