"""Clients that misbehave: they harm nobody but themselves, and the simulator ends in time whatever they do."""

import json
import socket
import threading
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import msgpack
import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from holdfast.simulator.bodies import BYTES_MAX
from simulator.sim_client import KEYS, PATIENCE_S, SimClient
from simulator.test_simulator_streams import AUTH, open_trading, read

STOP_S_MAX = 2.0
GARBAGE = [
    "",
    "null",
    "{",
    "[" * 50_000,
    b"\xff\xfe\x00",
    json.dumps([1, 2]),
    json.dumps({"action": {"a": 1}}),
    json.dumps({"action": "listen", "data": [1]}),
    json.dumps({"action": "listen", "data": {"streams": 5}}),
    json.dumps({"action": "auth", "data": "x", "key": {"a": 1}, "secret": [1]}),
    json.dumps({"action": "subscribe", "bars": 5}),
    json.dumps({"action": "subscribe", "bars": [["AAPL"], {"a": 1}, None, 5]}),
    msgpack.packb({"action": "subscribe", "bars": "AAPL"}),
]


def say_garbage(socket: ClientConnection) -> None:
    """Send everything that makes no sense."""
    for frame in GARBAGE:
        socket.send(frame)


def test_garbage_on_the_trading_stream_harms_nobody(sim: SimClient) -> None:
    """Before and after the keys: the same connection goes on, and gets its updates."""
    with connect(sim.endpoints.trading_stream, proxy=None) as stranger:
        say_garbage(stranger)
        assert read(stranger)["stream"] in {"error", "authorization"}
    with open_trading(sim) as listener:
        say_garbage(listener)
        listener.send(json.dumps(AUTH))
        listener.send(json.dumps({"action": "listen", "data": {"streams": ["trade_updates"]}}))
        while read(listener) != {"stream": "listening", "data": {"streams": ["trade_updates"]}}:
            pass
        sim.order()
        assert read(listener)["data"]["event"] == "pending_new"


@pytest.mark.parametrize("is_msgpack", [True, False])
def test_garbage_on_the_data_stream_harms_nobody(sim: SimClient, *, is_msgpack: bool) -> None:
    """Whatever language was agreed on, the connection can still be subscribed afterwards."""
    headers = {"Content-Type": "application/msgpack"} if is_msgpack else {}
    with connect(sim.endpoints.data_stream, additional_headers=headers, proxy=None) as client:

        def say(message: object) -> None:
            client.send(msgpack.packb(message) if is_msgpack else json.dumps(message))

        def hear() -> object:
            frame = client.recv(timeout=PATIENCE_S)
            return msgpack.unpackb(frame, timestamp=3) if isinstance(frame, bytes) else json.loads(frame)

        say_garbage(client)
        say(AUTH)
        say_garbage(client)
        say({"action": "subscribe", "bars": ["AAPL"]})
        while (message := hear()) and not (message[0]["T"] == "subscription" and "AAPL" in message[0]["bars"]):  # type: ignore[index]
            pass


def test_a_frame_that_is_too_long_ends_its_connection_alone(sim: SimClient) -> None:
    """A million bytes is the most; the other connections go on."""
    with open_trading(sim) as other, connect(sim.endpoints.trading_stream, proxy=None) as client:
        client.send("x" * (BYTES_MAX + 1))
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=PATIENCE_S)
        sim.order()
        assert read(other)["data"]["event"] == "pending_new"


@pytest.mark.parametrize("is_announced", [True, False])
def test_a_giant_body_is_refused_and_never_kept(sim: SimClient, *, is_announced: bool) -> None:
    """413 as soon as it is too long, whether its length was announced or it comes in pieces."""
    piece = b"x" * 100_000
    body = piece * 20 if is_announced else iter([piece] * 20)
    answer = sim.send("POST", "/v2/orders", data=body)
    assert (answer.status_code, answer.json()["code"]) == (413, 40010000)
    assert sim.send("GET", "/v2/account").status_code == 200


ORDER = (
    '{"symbol": "AAPL", "qty": %s, "client_order_id": "%s", "side": "buy", "type": "market", "time_in_force": "day"}'
)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ((ORDER % ("1", r"\ud800")).encode(), 400),
        ((ORDER % ("1", "X")).encode().replace(b"X", b"\xed\xa0\x80"), 400),
        ((ORDER % ("1", r"\ud800")).encode("utf-16"), 400),
        ((ORDER % ("1e999999999999999999999", "a")).encode(), 400),
        ((ORDER % ("1e1000000", "a")).encode(), 422),
        ((ORDER % ("1e-99999999", "a")).encode(), 422),
    ],
)
def test_a_body_that_nobody_could_write_down_is_refused(sim: SimClient, body: bytes, status: int) -> None:
    """Halves of characters in any spelling, and numbers without end, change nothing; the next order is taken."""
    assert sim.send("POST", "/v2/orders", data=body).status_code == status
    assert sim.order()["status"] == "pending_new"


@pytest.mark.parametrize(
    "query",
    ["limit=\u00b2", f"limit={'9' * 5000}", "after=0001-01-01T00:00:00%2B14:00", "until=9999-12-31T23:59:59-14:00"],
)
def test_a_query_beyond_all_bounds_is_refused(sim: SimClient, query: str) -> None:
    """Counts that are no plain digits and times past the end of the calendar are 422, not a failure."""
    assert sim.send("GET", f"/v2/orders?{query}").status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        "/v2/calendar?end=9999-12-30",
        "/v2/stocks/bars?symbols=AAPL&start=0001-01-01",
        "/v2/stocks/bars?symbols=AAPL&start=0001-01-02&timeframe=1Week",
        "/v2/stocks/bars?symbols=AAPL&end=9999-12-31T23:59:59Z",
        "/v2/stocks/bars?symbols=AAPL&page_token=QUFQTHwyMDI2LTAxLTAx",
    ],
)
def test_the_ends_of_the_calendar_can_be_asked_for(sim: SimClient, path: str) -> None:
    """Days before all bars and after all sessions are a question like any other; so is a token without a zone."""
    assert sim.send("GET", path).status_code == 200


@pytest.mark.parametrize("query", ["after=0001-01-01T00:00:00%2B14:00", "after=2030-01-01&wait=nan"])
def test_a_clock_asked_for_nonsense_says_so_at_once(sim: SimClient, query: str) -> None:
    """A time that does not exist, or a wait that is no number, is 400."""
    assert sim.send("GET", f"/_sim/clock?{query}").status_code == 400


def test_a_deep_body_is_refused(sim: SimClient) -> None:
    """Brackets without end are 400."""
    assert sim.send("POST", "/v2/orders", data="[" * 200_000).status_code == 400


def deaf_client(sim: SimClient, stack: ExitStack) -> socket.socket:
    """Open a listening trading stream by hand and never read it again."""
    place = urlsplit(sim.endpoints.trading_stream)
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect((place.hostname, place.port))
    stack.callback(raw.close)
    client = stack.enter_context(connect(sim.endpoints.trading_stream, sock=raw, max_queue=1, proxy=None))
    client.send(json.dumps(AUTH))
    client.send(json.dumps({"action": "listen", "data": {"streams": ["trade_updates"]}}))
    return raw


def hang(sim: SimClient, path: str) -> None:
    """Send a request whose answer may never come."""
    try:
        requests.get(sim.endpoints.url + path, headers=KEYS, timeout=PATIENCE_S)
    except requests.RequestException:
        return


def test_the_simulator_ends_in_time_whatever_is_under_way(sim: SimClient) -> None:
    """Late requests, drips, silences, lags, mute and deaf streams: two seconds at the most."""
    orders = {"request_late": "/v2/clock", "slow_drip": "/v2/account", "accept_no_answer": "/v2/calendar"}
    for kind, path in orders.items():
        sim.fault(kind, match={"method": "GET", "path": path})
    sim.fault("list_late", delay_s=100)
    sim.fault("delay_update", delay_s=100)
    sim.fault("mute_hello", match={"path": "/v2/iex"})
    with ExitStack() as stack:
        deaf_client(sim, stack)
        stack.enter_context(connect(sim.endpoints.data_stream, proxy=None))
        sim.order()
        clients = [threading.Thread(target=hang, args=(sim, path), daemon=True) for path in orders.values()]
        for client in clients:
            client.start()
        while len(sim.get("/_sim/faults")["happened"]) < 6:
            pass
        began = time.monotonic()
        sim.server.stop()
        assert time.monotonic() - began < STOP_S_MAX
        assert sim.server.wait(seconds=0)
        assert sim.server.failure is None
        for client in clients:
            client.join(PATIENCE_S)
