"""Websocket servers that speak Alpaca's two stream protocols up to a point. Shared by the tests beside."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import msgpack
from websockets.asyncio.server import ServerConnection

from adapters.alpaca.alpaca_servers import KEY, SECRET


async def until_gone(connection: ServerConnection) -> None:
    """Stay mute until the client leaves."""
    await connection.wait_closed()


class DataServer:
    """Speaks the market data protocol up to a point; `after` is what it then sends, or does."""

    def __init__(
        self, stop_before: str = "", after: Callable[[ServerConnection], Awaitable[None]] = until_gone
    ) -> None:
        self.stop_before = stop_before
        self.after = after
        self.connections = 0
        self.subscribed: list[dict[str, Any]] = []
        self.mute = asyncio.Event()

    async def __call__(self, connection: ServerConnection) -> None:
        self.connections += 1
        steps: tuple[tuple[str, Callable[..., Awaitable[None]]], ...] = (
            ("hello", self.hello),
            ("auth", self.auth),
            ("ack", self.ack),
        )
        for name, step in steps:
            if name == self.stop_before:
                self.mute.set()
                await until_gone(connection)
                return
            await step(connection)
        await self.after(connection)

    async def hello(self, connection: ServerConnection) -> None:
        await connection.send(msgpack.packb([{"T": "success", "msg": "connected"}]))

    async def auth(self, connection: ServerConnection) -> None:
        assert msgpack.unpackb(await connection.recv()) == {"action": "auth", "key": KEY, "secret": SECRET}
        await connection.send(msgpack.packb([{"T": "success", "msg": "authenticated"}]))

    async def ack(self, connection: ServerConnection) -> None:
        asked = msgpack.unpackb(await connection.recv())
        self.subscribed.append(asked)
        await connection.send(msgpack.packb([{"T": "subscription", "trades": [], "bars": asked["bars"]}]))


class TradeServer(DataServer):
    """The same for the account's stream, which speaks JSON in binary frames and says no hello."""

    async def hello(self, connection: ServerConnection) -> None:
        """Say nothing, as Alpaca does here."""

    async def auth(self, connection: ServerConnection) -> None:
        assert json.loads(await connection.recv())["data"] == {"key_id": KEY, "secret_key": SECRET}
        await say(connection, "authorization", {"action": "authenticate", "status": "authorized"})

    async def ack(self, connection: ServerConnection) -> None:
        asked = json.loads(await connection.recv())
        await say(connection, "listening", asked["data"])


async def say(connection: ServerConnection, stream: str, data: object) -> None:
    """Send one message of the account's stream."""
    await connection.send(json.dumps({"stream": stream, "data": data}).encode())


def a_bar_message(symbol: object = "AAPL", minute: int = 0, **changes: object) -> dict[str, Any]:
    """Build a bar as the stream sends it."""
    time_ = msgpack.Timestamp.from_unix(1795185000 + 60 * minute)
    return {
        "T": "b",
        "S": symbol,
        "o": 190.1,
        "h": 191,
        "l": 190,
        "c": 190.2,
        "v": 5,
        "n": 1,
        "vw": 1,
        "t": time_,
    } | changes
