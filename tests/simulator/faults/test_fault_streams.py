"""What can happen to the websockets and to their messages."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alpaca.trading.stream import TradingStream
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from simulator.sim_client import PATIENCE_S, SimClient
from simulator.test_simulator_streams import AUTH, Seen, open_trading, read, running

LISTEN = {"action": "listen", "data": {"streams": ["trade_updates"]}}
SUBSCRIBE = {"action": "subscribe", "bars": ["AAPL"], "updatedBars": ["AAPL"]}
PATHS = ["/stream", "/v2/iex"]


def url_of(sim: SimClient, path: str) -> str:
    """Return the address of one of the two streams."""
    return sim.endpoints.trading_stream if path == "/stream" else sim.endpoints.data_stream


@contextmanager
def open_data(sim: SimClient) -> Iterator[ClientConnection]:
    """Open a data socket that has subscribed to the bars of AAPL, and to their corrections."""
    with connect(sim.endpoints.data_stream, proxy=None) as socket:
        for message in (AUTH, SUBSCRIBE):
            read(socket)
            socket.send(json.dumps(message))
        assert read(socket)[0]["bars"] == ["AAPL"]
        yield socket


def updates(sim: SimClient, kind: str, count: int, **options: object) -> list[Any]:
    """Return the first messages after an order whose first update meets a fault."""
    with open_trading(sim) as socket:
        sim.fault(kind, count=1, match={"symbol": "AAPL"}, **options)
        sim.order()
        sim.order(symbol="MSFT")
        return [read(socket)["data"] for _ in range(count)]


def names(messages: list[Any]) -> list[str]:
    """Return what each update says of which symbol."""
    return [f"{message['event']} {message['order']['symbol']}" for message in messages]


FIRST, SECOND, THIRD = "pending_new AAPL", "new AAPL", "fill AAPL"


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("drop_update", [SECOND, THIRD, "pending_new MSFT"]),
        ("duplicate_update", [FIRST, FIRST, SECOND, THIRD]),
        ("swap_updates", [SECOND, FIRST, THIRD]),
        ("unknown_event", ["xunknown AAPL", SECOND, THIRD]),
    ],
)
def test_updates_may_be_lost_doubled_swapped_and_unheard_of(sim: SimClient, kind: str, seen: list[str]) -> None:
    """The first update of an order meets the fault; the others come as they should."""
    assert names(updates(sim, kind, len(seen))) == seen


def test_an_update_may_carry_a_status_that_nobody_knows(sim: SimClient) -> None:
    """unknown_status: the order of one update, and only of that one."""
    assert [each["order"]["status"] for each in updates(sim, "unknown_status", 3)] == ["xunknown", "new", "filled"]


def test_an_update_may_be_null(sim: SimClient) -> None:
    """null_update: `data` is null where the update should be; the next ones are whole."""
    messages = updates(sim, "null_update", 3)
    assert messages[0] is None
    assert names(messages[1:]) == [SECOND, THIRD]


def test_an_update_may_come_late(sim: SimClient) -> None:
    """delay_update: later ones overtake it, another symbol's too."""
    seen = names(updates(sim, "delay_update", 6, delay_s=1.5))
    assert seen == [SECOND, THIRD, "pending_new MSFT", "new MSFT", "fill MSFT", FIRST]


def test_a_swapped_update_without_a_next_one_comes_in_the_end(sim: SimClient) -> None:
    """swap_updates: nothing follows the fill, so it comes when its time is up."""
    with open_trading(sim) as socket:
        order_id = sim.order(type="limit", limit_price="1")["id"]
        assert [read(socket)["data"]["event"] for _ in range(2)] == ["pending_new", "new"]
        sim.fault("swap_updates", delay_s=0.1)
        sim.send("DELETE", f"/v2/orders/{order_id}")
        assert read(socket)["data"]["event"] == "canceled"


def test_an_update_may_beat_the_answer(sim: SimClient) -> None:
    """answer_late: the fill is on the stream while the POST has no answer yet."""
    sim.fault("answer_late", count=1, delay_s=60)
    with open_trading(sim) as socket:
        body = {"symbol": "AAPL", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
        with pytest.raises(OSError, match="timed out"):
            sim.send("POST", "/v2/orders", json=body, timeout=0.2)
        assert [read(socket)["data"]["event"] for _ in range(3)] == ["pending_new", "new", "fill"]


def test_alpaca_py_survives_a_null_update(sim: SimClient) -> None:
    """null_update through alpaca-py: the stream goes on with the next update."""
    stream, seen = TradingStream("key", "secret", url_override=sim.endpoints.trading_stream), Seen()
    stream.subscribe_trade_updates(seen.take)
    with running(stream):
        while seen.is_empty:
            sim.order()
        sim.fault("null_update", count=1)
        order_id = sim.order(symbol="MSFT")["id"]
        mine = seen.wait_for(2, lambda update: str(update.order.id) == order_id)
    assert [update.event for update in mine] == ["new", "fill"]


def say_nothing(socket: ClientConnection) -> None:
    """Expect silence, though the connection answers a ping."""
    assert socket.ping().wait(PATIENCE_S)
    with pytest.raises(TimeoutError):
        socket.recv(timeout=0.2)


@pytest.mark.parametrize("path", PATHS)
def test_a_stream_may_be_mute_from_the_start(sim: SimClient, path: str) -> None:
    """mute_hello: it opens, answers pings, and says nothing, whatever it is sent; the next one speaks."""
    sim.fault("mute_hello", count=1, match={"path": path})
    with connect(url_of(sim, path), proxy=None) as socket:
        socket.send(json.dumps(AUTH))
        say_nothing(socket)
    with connect(url_of(sim, path), proxy=None) as socket:
        socket.send(json.dumps(AUTH))
        assert read(socket)


@pytest.mark.parametrize("path", PATHS)
def test_a_stream_may_fall_silent_at_the_keys(sim: SimClient, path: str) -> None:
    """mute_auth: no word after the client has shown its keys."""
    sim.fault("mute_auth", count=1, match={"path": path})
    with connect(url_of(sim, path), proxy=None) as socket:
        if path != "/stream":
            assert read(socket)[0]["msg"] == "connected"
        socket.send(json.dumps(AUTH))
        say_nothing(socket)


@pytest.mark.parametrize("path", PATHS)
def test_a_stream_may_fall_silent_once_it_is_subscribed(sim: SimClient, path: str) -> None:
    """mute_stream: the subscription is confirmed, and neither updates nor bars ever come."""
    sim.fault("mute_stream", count=1, match={"path": path})
    with (open_trading if path == "/stream" else open_data)(sim) as socket:
        sim.order()
        sim.step()
        say_nothing(socket)
        sim.send("DELETE", "/_sim/faults")
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=PATIENCE_S)


def test_a_data_connection_may_be_refused(sim: SimClient) -> None:
    """data_406: the place is said to be taken, once."""
    sim.fault("data_406", count=1)
    codes = []
    for _ in range(2):
        with connect(sim.endpoints.data_stream, proxy=None) as socket:
            read(socket)
            socket.send(json.dumps(AUTH))
            codes.append(read(socket)[0].get("code"))
    assert codes == [406, None]


@pytest.mark.parametrize("path", PATHS)
def test_a_handshake_may_be_answered_with_429(sim: SimClient, path: str) -> None:
    """handshake_429: no websocket at all; the other stream opens."""
    sim.fault("handshake_429", match={"path": path})
    with pytest.raises(InvalidStatus) as caught, connect(url_of(sim, path), proxy=None):
        pass
    assert caught.value.response.status_code == 429
    (other,) = set(PATHS) - {path}
    with connect(url_of(sim, other), proxy=None) as socket:
        assert socket.ping().wait(PATIENCE_S)


def test_streams_may_be_cut_again_and_again(sim: SimClient) -> None:
    """drop_streams: at its moment, and once more a minute later; the other path is spared."""
    sim.fault("drop_streams", match={"path": "/stream"}, count=2, after_s=60, every_s=60)
    with open_data(sim) as bars:
        for _ in range(2):
            with open_trading(sim) as socket:
                sim.step()
                with pytest.raises(ConnectionClosed):
                    socket.recv(timeout=PATIENCE_S)
            assert read(bars)[0]["T"] == "b"
        with open_trading(sim) as socket:
            sim.step()
            sim.order()
            assert read(socket)["data"]["event"] == "pending_new"


def bars(sim: SimClient, kind: str, count: int, steps: int = 3) -> list[list[dict[str, Any]]]:
    """Return the first messages after a fault has met the first of the bars that follow."""
    with open_data(sim) as socket:
        sim.fault(kind, count=1, match={"symbol": "AAPL"})
        sim.step(steps)
        return [read(socket) for _ in range(count)]


def minutes(messages: list[list[dict[str, Any]]]) -> list[list[str]]:
    """Return the kind and the minute of each bar of each message."""
    return [[f"{row['T']}{row['t'][14:16]}" for row in message] for message in messages]


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("drop_bar", [["b32"], ["b33"]]),
        ("duplicate_bar", [["b31", "b31"], ["b32"], ["b33"]]),
        ("delay_bar", [["b31", "b32"], ["b33"]]),
        ("zero_bar", [["b31"], ["b32"], ["b33"]]),
        ("correct_bar", [["b31"], ["b32"], ["u31"], ["b33"]]),
    ],
)
def test_bars_may_be_lost_doubled_late_and_corrected(sim: SimClient, kind: str, seen: list[list[str]]) -> None:
    """The first bar meets the fault, the next ones come as they should."""
    assert minutes(bars(sim, kind, len(seen))) == seen


def test_a_bar_may_have_no_prices(sim: SimClient) -> None:
    """zero_bar: zeros in place of all four prices."""
    first, second = bars(sim, "zero_bar", 2)
    assert {first[0][name] for name in "ohlc"} == {0}
    assert min(second[0][name] for name in "ohlc") > 0


def test_a_wrong_bar_is_put_right(sim: SimClient) -> None:
    """correct_bar: the close is a hundredth too high; what the correction says is what the history says."""
    first, _, update = bars(sim, "correct_bar", 3)
    truth = sim.get("/v2/stocks/AAPL/bars", start="2026-01-05T14:31:00Z")["bars"][0]
    assert {name: update[0][name] for name in "ohlcv"} == {name: truth[name] for name in "ohlcv"}
    assert first[0]["c"] == pytest.approx(truth["c"] * 1.01, abs=0.006)


def test_one_symbols_feed_may_fall_silent(sim: SimClient) -> None:
    """silent_feed: none of its bars for as long as it lasts; the history has them all."""
    with open_data(sim) as socket:
        sim.fault("silent_feed", count=2, match={"symbol": "AAPL"})
        sim.step(3)
        assert minutes([read(socket)]) == [["b33"]]
    assert len(sim.get("/v2/stocks/AAPL/bars", start="2026-01-05T14:31:00Z")["bars"]) == 3
