"""Both streams against real websocket servers that are mute, refuse, drop or send rubbish."""

import asyncio
import logging
import time
from decimal import Decimal
from typing import Any

import msgpack
import pytest
from loguru import logger
from websockets.asyncio.server import ServerConnection

from adapters.alpaca.alpaca_servers import (
    CREDENTIALS,
    KEY,
    SECRET,
    Reply,
    an_order,
    in_a_loop,
    serving,
    streaming,
    until,
)
from adapters.alpaca.alpaca_stream_servers import DataServer, TradeServer, a_bar_message, say, until_gone
from holdfast.adapters.alpaca.bar_stream import AlpacaBarStream
from holdfast.adapters.alpaca.bounded_stream import StreamLimits
from holdfast.adapters.alpaca.connect import check_sdk
from holdfast.adapters.alpaca.order_stream import AlpacaOrderStream
from holdfast.adapters.alpaca.stream_health import silence_sdk
from holdfast.domain.bar import Bar
from holdfast.domain.order import OrderView

STOP_S = 2.2
TIMES: dict[str, Any] = {"handshake_s": 0.4, "acknowledge_s": 0.4, "retry_s": (0.02, 0.1)}


def bars_at(url: str, **changes: object) -> AlpacaBarStream:
    """Build a bar stream with short times."""
    return AlpacaBarStream(f"{url}/v2/iex", f"{url}/v1beta3/crypto/us", CREDENTIALS, StreamLimits(**(TIMES | changes)))


def orders_at(url: str, **changes: object) -> AlpacaOrderStream:
    """Build an order stream with short times."""
    return AlpacaOrderStream(f"{url}/stream", CREDENTIALS, StreamLimits(**(TIMES | changes)))


def ignore(_item: object) -> None:
    """Take a bar or an update and forget it."""


async def stopped_in(stream: AlpacaBarStream | AlpacaOrderStream) -> float:
    """Stop a stream; returns how long that took."""
    began = time.monotonic()
    await stream.stop()
    return time.monotonic() - began


@pytest.mark.parametrize("stop_before", ["hello", "auth", "ack", ""])
@in_a_loop
async def test_stop_of_bars(stop_before: str) -> None:
    """A bar stream stops in time, at whatever point the peer went mute; only an acknowledged one was live."""
    server = DataServer(stop_before)
    async with streaming(server) as url:
        stream = bars_at(url, handshake_s=20, acknowledge_s=20)
        stream.start(["AAPL"], ignore)
        await (until(lambda: stream.is_live) if not stop_before else asyncio.wait_for(server.mute.wait(), 5))
        assert stream.is_live is (not stop_before)
        assert await stopped_in(stream) < STOP_S
        assert not stream.is_live


@pytest.mark.parametrize("stop_before", ["auth", "ack", ""])
@in_a_loop
async def test_stop_of_orders(stop_before: str) -> None:
    """An order stream stops in time, at whatever point the peer went mute; only an acknowledged one was live."""
    server = TradeServer(stop_before)
    async with streaming(server) as url:
        stream = orders_at(url, handshake_s=20, acknowledge_s=20)
        stream.start(ignore)
        await (until(lambda: stream.is_live) if not stop_before else asyncio.wait_for(server.mute.wait(), 5))
        assert stream.is_live is (not stop_before)
        assert await stopped_in(stream) < STOP_S
        assert not stream.is_live


@in_a_loop
async def test_stop_at_once() -> None:
    """A stream stopped right after its start, twice, or never started, ends."""
    async with streaming(DataServer()) as url:
        stream = bars_at(url)
        await stream.stop()
        for _ in range(5):
            stream.start(["AAPL"], ignore)
            assert await stopped_in(stream) < STOP_S
        await stream.stop()
        stream.start([], ignore)
        assert not stream.is_live
        await stream.stop()


@in_a_loop
async def test_stop_during_the_upgrade() -> None:
    """A stream stops in time when the peer does not even answer the websocket's HTTP request."""
    arrived = asyncio.Event()

    async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        arrived.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(never_answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        for stream in (
            bars_at(f"ws://127.0.0.1:{port}", handshake_s=20),
            orders_at(f"ws://127.0.0.1:{port}", handshake_s=20),
        ):
            arrived.clear()
            stream.start(["AAPL"], ignore) if isinstance(stream, AlpacaBarStream) else stream.start(ignore)
            await asyncio.wait_for(arrived.wait(), 5)
            assert await stopped_in(stream) < STOP_S


@pytest.mark.parametrize("stop_before", ["hello", "auth", "ack"])
@in_a_loop
async def test_mute_then_well(stop_before: str) -> None:
    """A peer that is mute at first is left and tried again, and is live once it answers."""
    server = DataServer(stop_before)
    async with streaming(server) as url:
        stream = bars_at(url)
        stream.start(["AAPL"], ignore)
        await until(lambda: server.connections >= 2)
        assert not stream.is_live
        server.stop_before = ""
        await until(lambda: stream.is_live)
        await stream.stop()


@pytest.mark.parametrize(
    ("code", "words"), [(406, "connection limit exceeded"), (409, "insufficient subscription"), (402, "auth failed")]
)
@in_a_loop
async def test_refused_then_well(code: int, words: str) -> None:
    """A refused connection is tried again until it is granted; the first refusal is one line in the log."""
    server = DataServer()
    grant = server.auth

    async def refuse(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(msgpack.packb([{"T": "error", "code": code, "msg": words}]))
        if server.connections == 3:
            server.auth = grant  # type: ignore[method-assign]

    server.auth = refuse  # type: ignore[method-assign]
    lines: list[str] = []
    sink = logger.add(lambda line: lines.append(str(line)), level="INFO", format="{message}")
    async with streaming(server) as url:
        stream = bars_at(url)
        stream.start(["AAPL"], ignore)
        await until(lambda: stream.is_live)
        await stream.stop()
    logger.remove(sink)
    assert server.connections >= 3
    # Stopping on purpose is not a loss: these two are all.
    assert lines == [f"bar stream lost: {words}; polling until it is back\n", "bar stream is live\n"]


@in_a_loop
async def test_error_after_subscribe() -> None:
    """A subscription that is revoked after its acknowledgement is not live, and is asked for again."""
    revoke = asyncio.Event()

    async def limit(connection: ServerConnection) -> None:
        if server.connections == 1:
            await revoke.wait()
            await connection.send(msgpack.packb([{"T": "error", "code": 405, "msg": "symbol limit exceeded"}]))
        await until_gone(connection)

    server = DataServer(after=limit)
    async with streaming(server) as url:
        stream = bars_at(url, retry_s=(0.5, 0.5))
        stream.start(["AAPL"], ignore)
        await until(lambda: stream.is_live)
        revoke.set()
        await until(lambda: not stream.is_live)
        await until(lambda: stream.is_live)
        assert server.connections == 2
        await stream.stop()


@in_a_loop
async def test_dropped() -> None:
    """A dropped connection is not live, then live again with the whole subscription."""
    drop = asyncio.Event()

    async def abort(connection: ServerConnection) -> None:
        if server.connections == 1:
            await drop.wait()
            connection.transport.abort()
        await until_gone(connection)

    server = DataServer(after=abort)
    async with streaming(server) as url:
        stream = bars_at(url, retry_s=(0.5, 0.5))
        stream.start(["MSFT", "AAPL"], ignore)
        await until(lambda: stream.is_live)
        drop.set()
        await until(lambda: not stream.is_live)
        await until(lambda: stream.is_live)
        await stream.stop()
    assert [asked["bars"] for asked in server.subscribed] == [["AAPL", "MSFT"]] * 2


@in_a_loop
async def test_bars_arrive() -> None:
    """Bars arrive in the loop that called start; the rubbish between them costs only itself and is counted."""
    batch = [
        a_bar_message(),
        5,
        a_bar_message(c=0),
        {"T": "b"},
        a_bar_message([1]),
        a_bar_message(t="soon"),
        {"T": "?"},
    ]

    async def send(connection: ServerConnection) -> None:
        await connection.send(b"\xc1rubbish")
        await connection.send('[{"T":"b"}]')
        await connection.send(msgpack.packb([*batch, a_bar_message("MSFT", 1)]))
        await until_gone(connection)

    home = asyncio.get_running_loop()
    arrived: list[Bar] = []

    def take(bar: Bar) -> None:
        assert asyncio.get_running_loop() is home
        arrived.append(bar)

    async with streaming(DataServer(after=send)) as url:
        stream = bars_at(url)
        stream.start(["AAPL", "MSFT"], take)
        await until(lambda: len(arrived) == 2)
        await stream.stop()
    assert [(bar.symbol, bar.close, bar.time.minute) for bar in arrived] == [
        ("AAPL", Decimal("190.2"), 30),
        ("MSFT", Decimal("190.2"), 31),
    ]
    assert stream.unreadable == 7


@in_a_loop
async def test_updates_arrive() -> None:
    """Order updates arrive; null data, unknown statuses and rubbish are counted, and nothing is lost by them."""

    async def send(connection: ServerConnection) -> None:
        await connection.send(b"{rubbish")
        await connection.send(b"[]")
        await say(connection, "trade_updates", None)
        await say(connection, "trade_updates", {"event": "fill", "order": None})
        await say(connection, "trade_updates", {"event": "new", "order": an_order(status="on_the_moon")})
        filled = an_order(status="filled", filled_qty="129.7", filled_avg_price="0.0851")
        await say(connection, "trade_updates", {"event": "fill", "qty": "1", "order": filled})
        await until_gone(connection)

    arrived: list[OrderView] = []
    async with streaming(TradeServer(after=send)) as url:
        stream = orders_at(url)
        stream.start(arrived.append)
        await until(lambda: len(arrived) == 1)
        await stream.stop()
    assert (arrived[0].filled_quantity, stream.unreadable) == (Decimal("129.7"), 5)


@in_a_loop
async def test_bad_keys_on_the_order_stream() -> None:
    """An unauthorized order stream is not live and keeps trying."""

    class Refusing(TradeServer):
        async def auth(self, connection: ServerConnection) -> None:
            await connection.recv()
            await say(connection, "authorization", {"action": "authenticate", "status": "unauthorized"})
            await until_gone(connection)

    server = Refusing()
    async with streaming(server) as url:
        stream = orders_at(url)
        stream.start(ignore)
        await until(lambda: server.connections >= 3)
        assert not stream.is_live
        await stream.stop()


@in_a_loop
async def test_nobody_there() -> None:
    """A stream whose server refuses connections, or speaks no websocket, is not live and stops in time."""
    with serving(Reply({"message": "too many requests"}, 429)) as server:
        url = server.url.replace("http", "ws")
        stream = bars_at(url)
        stream.start(["AAPL"], ignore)
        await until(lambda: len(server.requests) >= 2)
        assert not stream.is_live
    assert await stopped_in(stream) < STOP_S


@in_a_loop
async def test_secret_in_the_logs(caplog: pytest.LogCaptureFixture) -> None:
    """With every logger at DEBUG, neither the keys nor a line of the SDK reaches a log."""
    silence_sdk()
    caplog.set_level(logging.DEBUG)
    lines: list[str] = []
    sink = logger.add(lambda line: lines.append(str(line)), level="DEBUG")

    async def echo(connection: ServerConnection) -> None:
        await connection.send(msgpack.packb([{"T": "error", "code": 400, "msg": f"bad {KEY} {SECRET}"}]))
        await until_gone(connection)

    server = DataServer(after=echo)
    async with streaming(server) as url:
        stream = bars_at(url)
        stream.start(["AAPL"], ignore)
        await until(lambda: server.connections >= 3)
        await stream.stop()
    logger.remove(sink)
    assert any("bad *** ***" in line for line in lines)
    assert not [line for line in lines if KEY in line or SECRET in line]
    # The test's own server logs through the same library; the client's lines would name the SDK's loggers.
    assert not [record for record in caplog.records if record.name.startswith(("alpaca", "websockets.client"))]
    assert SECRET not in caplog.text


def test_sdk_parts() -> None:
    """The installed SDK still has every private part that the streams override."""
    check_sdk()


@in_a_loop
async def test_start_twice() -> None:
    """A running stream cannot be started a second time, but again after its stop."""
    server = DataServer()
    async with streaming(server) as url:
        stream = bars_at(url)
        stream.start(["AAPL"], ignore)
        with pytest.raises(RuntimeError, match="stop it first"):
            stream.start(["MSFT"], ignore)
        await stream.stop()
        stream.start(["MSFT"], ignore)
        await until(lambda: stream.is_live)
        await stream.stop()
    assert server.subscribed[-1]["bars"] == ["MSFT"]


@in_a_loop
async def test_pairs_have_a_stream_of_their_own() -> None:
    """Stocks and pairs are subscribed at their own addresses and arrive as one; live is only what is so in both."""
    server, arrived = DataServer(after=answer_with_a_bar), list[Bar]()
    async with streaming(server) as url:
        stream = bars_at(url)
        stream.start(["MSFT", "ETH/USD", "BTC/USD"], arrived.append)
        await until(lambda: stream.is_live and len(arrived) == 2)
        assert stream.connections == 2
        await stream.stop()
        assert not stream.is_live
        stream.start(["BTC/USD"], ignore)
        await until(lambda: stream.is_live)
        await stream.stop()
    assert sorted(asked["bars"] for asked in server.subscribed) == [["BTC/USD"], ["BTC/USD", "ETH/USD"], ["MSFT"]]
    assert sorted(bar.symbol for bar in arrived) == ["BTC/USD", "MSFT"]


async def answer_with_a_bar(connection: ServerConnection) -> None:
    """Send a bar of the market that the address names."""
    assert connection.request is not None
    symbol = "BTC/USD" if "crypto" in connection.request.path else "MSFT"
    await connection.send(msgpack.packb([a_bar_message(symbol)]))
    await until_gone(connection)


@in_a_loop
async def test_a_lost_stream_of_one_market_is_not_live() -> None:
    """While the pairs' stream is mute the whole is not live, so that bars are asked for."""
    mute = DataServer("ack")
    async with streaming(DataServer()) as stocks, streaming(mute) as pairs:
        stream = AlpacaBarStream(stocks, pairs, CREDENTIALS, StreamLimits(**TIMES))
        stream.start(["AAPL", "BTC/USD"], ignore)
        await until(lambda: stream.connections == 1 and mute.connections > 0)
        assert not stream.is_live
        await stream.stop()
