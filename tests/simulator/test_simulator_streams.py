"""The websockets, through the real alpaca-py streams and as raw sockets."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import msgpack
import pytest
from alpaca.data.live import StockDataStream
from alpaca.trading.stream import TradingStream
from websockets.sync.client import ClientConnection, connect

from holdfast.simulator.data_stream import NAMES_MAX
from simulator.sim_client import PATIENCE_S, SimClient

AUTH = {"action": "auth", "key": "key", "secret": "secret"}


class Seen:
    """What a stream has brought so far, to be waited for."""

    def __init__(self) -> None:
        self._items: list[Any] = []
        self._changed = threading.Condition()

    async def take(self, item: Any) -> None:  # noqa: ANN401 - any model
        """Take one item, in the stream's own thread."""
        with self._changed:
            self._items.append(item)
            self._changed.notify_all()

    @property
    def is_empty(self) -> bool:
        """Whether nothing has come yet."""
        return not self._items

    def wait_for(self, count: int, fits: Callable[[Any], bool] = lambda _: True) -> list[Any]:
        """Return the first `count` items that fit, once they are there."""

        def chosen() -> list[Any]:
            return [item for item in self._items if fits(item)]

        with self._changed:
            assert self._changed.wait_for(lambda: len(chosen()) >= count, PATIENCE_S), self._items
            return chosen()[:count]


@contextmanager
def running(stream: Any) -> Iterator[None]:  # noqa: ANN401 - either stream
    """Run one of alpaca-py's streams in a thread until the block ends."""
    thread = threading.Thread(target=stream.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stream.stop()
        thread.join(PATIENCE_S)


def read(socket: ClientConnection) -> Any:  # noqa: ANN401 - any JSON
    """Return the next JSON message."""
    return json.loads(socket.recv(timeout=PATIENCE_S))


@contextmanager
def open_trading(sim: SimClient) -> Iterator[ClientConnection]:
    """Open a listening trading socket."""
    with connect(sim.endpoints.trading_stream, proxy=None) as socket:
        socket.send(json.dumps(AUTH))
        assert read(socket)["data"]["status"] == "authorized"
        socket.send(json.dumps({"action": "listen", "data": {"streams": ["trade_updates"]}}))
        assert read(socket) == {"stream": "listening", "data": {"streams": ["trade_updates"]}}
        yield socket


def test_alpaca_py_receives_the_updates_of_an_order(sim: SimClient) -> None:
    """pending_new, new and fill arrive in order, with the fill's own price and quantity."""
    stream, seen = TradingStream("key", "secret", url_override=sim.endpoints.trading_stream), Seen()
    stream.subscribe_trade_updates(seen.take)
    with running(stream):
        while seen.is_empty:
            # The stream gives no sign that it listens: the first update is the sign.
            sim.order()
        order_id = sim.order(qty="7")["id"]
        mine = seen.wait_for(3, lambda update: str(update.order.id) == order_id)
    assert [update.event for update in mine] == ["pending_new", "new", "fill"]
    assert (mine[-1].qty, str(mine[-1].order.filled_qty)) == (7.0, "7")


def test_alpaca_py_receives_each_bar_of_what_it_subscribed_to(sim: SimClient) -> None:
    """The bars of the stream are those of the REST history, and only of the subscribed symbols."""
    stream, seen = StockDataStream("key", "secret", url_override=sim.endpoints.data_stream), Seen()
    stream.subscribe_bars(seen.take, "AAPL", "MSFT")
    with running(stream):
        while seen.is_empty:
            sim.step()
        sim.step(2)
        bars = seen.wait_for(6)
    assert {bar.symbol for bar in bars} == {"AAPL", "MSFT"}
    history = sim.get("/v2/stocks/AAPL/bars", start=bars[0].timestamp.isoformat())["bars"]
    mine = [bar.close for bar in bars if bar.symbol == "AAPL"]
    assert len(mine) > 1
    assert mine == [row["c"] for row in history][: len(mine)]


def test_the_trading_stream_speaks_both_forms_of_authentication_in_binary(sim: SimClient) -> None:
    """The old and the new form open it; frames are binary; a wrong listener stays out."""
    with connect(sim.endpoints.trading_stream, proxy=None) as socket:
        socket.send(json.dumps({"action": "listen", "data": {"streams": ["trade_updates"]}}))
        assert read(socket)["data"]["status"] == "unauthorized"
        data = {"key_id": "key", "secret_key": "secret"}
        socket.send(json.dumps({"action": "authenticate", "data": data}))
        frame = socket.recv(timeout=PATIENCE_S)
        assert isinstance(frame, bytes)
        assert json.loads(frame)["data"] == {"action": "authenticate", "status": "authorized"}


def test_a_canceled_order_is_streamed(sim: SimClient) -> None:
    """New is followed by canceled, event ids are sortable and the order carries its stream-only field."""
    with open_trading(sim) as socket:
        order_id = sim.order(type="limit", limit_price="1")["id"]
        sim.send("DELETE", f"/v2/orders/{order_id}")
        updates = [read(socket)["data"] for _ in range(3)]
    assert [update["event"] for update in updates] == ["pending_new", "new", "canceled"]
    ids = [update["event_id"] for update in updates]
    assert ids == sorted(set(ids))
    assert "cancel_requested_at" in updates[0]["order"]


@pytest.mark.parametrize("is_msgpack", [True, False])
def test_the_data_stream_answers_in_the_language_of_the_handshake(sim: SimClient, is_msgpack: bool) -> None:  # noqa: FBT001
    """Msgpack carries real timestamps, JSON text; one message holds all bars of an instant."""
    headers = {"Content-Type": "application/msgpack"} if is_msgpack else {}
    with connect(sim.endpoints.data_stream, additional_headers=headers, proxy=None) as socket:

        def say(message: Any) -> Any:  # noqa: ANN401 - any JSON
            if message:
                socket.send(iter([msgpack.packb(message)]) if is_msgpack else json.dumps(message))
            frame = socket.recv(timeout=PATIENCE_S)
            return msgpack.unpackb(frame, timestamp=3) if isinstance(frame, bytes) else json.loads(frame)

        assert say(None) == [{"T": "success", "msg": "connected"}]
        assert say(AUTH) == [{"T": "success", "msg": "authenticated"}]
        assert say({"action": "subscribe", "bars": ["*"]})[0]["bars"] == ["*"]
        sim.step()
        bars = say(None)
    assert len(bars) == 42
    time = bars[0]["t"].isoformat() if is_msgpack else bars[0]["t"]
    assert time.startswith("2026-01-05T14:31:00")


def test_a_second_data_connection_is_refused_until_the_first_has_gone(sim: SimClient) -> None:
    """One endpoint has one place, and the other endpoint has its own."""
    limit = [{"T": "error", "code": 406, "msg": "connection limit exceeded"}]

    with ExitStack() as sockets:

        def authenticate(url: str) -> Any:  # noqa: ANN401 - any JSON
            socket = sockets.enter_context(connect(url, proxy=None))
            read(socket)
            socket.send(json.dumps(AUTH))
            return read(socket)

        url = sim.endpoints.data_stream
        assert authenticate(url)[0]["msg"] == "authenticated"
        assert authenticate(url) == limit
        assert authenticate(url.replace("iex", "sip"))[0]["msg"] == "authenticated"
        sockets.close()
        # The server notices a little later that the place is free.
        assert any(authenticate(url) != limit for _ in range(50))


def test_the_server_stops_in_bounded_time_with_clients_connected(sim: SimClient) -> None:
    """Open sockets and a waiting long poll do not keep the simulator alive."""
    with open_trading(sim), connect(sim.endpoints.data_stream, proxy=None):
        poll = threading.Thread(target=lambda: sim.clock(after="2027-01-01T00:00:00Z"), daemon=True)
        poll.start()
        sim.server.stop()
        assert sim.server.wait(seconds=0)
        assert sim.server.failure is None
        poll.join(PATIENCE_S)


def test_a_client_may_name_only_so_many_symbols(sim: SimClient) -> None:
    """Error 405, and what was subscribed before stays; names that no symbol can have do not count."""
    with connect(sim.endpoints.data_stream, proxy=None) as client:
        client.send(json.dumps(AUTH))
        client.send(json.dumps({"action": "subscribe", "bars": ["AAPL", "X" * 1000]}))
        client.send(json.dumps({"action": "subscribe", "trades": [f"S{number}" for number in range(NAMES_MAX)]}))
        client.send(json.dumps({"action": "unsubscribe", "trades": []}))
        answers = [json.loads(client.recv(timeout=PATIENCE_S))[0] for _ in range(5)][2:]
    assert answers[1] == {"T": "error", "code": 405, "msg": "symbol limit exceeded"}
    assert [(answer["bars"], answer["trades"]) for answer in answers[::2]] == [(["AAPL"], [])] * 2
