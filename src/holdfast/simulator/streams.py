"""The websockets' shared part: who is connected, and what each of them is told."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Protocol

from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from holdfast.domain.bar import Bar
from holdfast.exchange.order import OrderEvent
from holdfast.simulator.faults.fault import Occasion
from holdfast.simulator.faults.faults import Faults
from holdfast.simulator.faults.kinds import Place
from holdfast.simulator.faults.streams import BarFaults, UpdateFaults
from holdfast.simulator.faults.under_way import UnderWay
from holdfast.simulator.outbox import Outbox
from holdfast.simulator.wire import trade_update


class BarListener(Protocol):
    """A data connection: it takes all bars of an instant and sends those it subscribed to."""

    outbox: Outbox

    def see_bars(self, bars: list[Bar], corrections: list[Bar]) -> None:
        """Take all bars of one instant, and corrections of earlier ones."""
        ...


class Hub:
    """The market's audience: every connected stream, and whoever else listens. Telling them never waits.

    `cut` ends the connection of a scope at once; it is there as soon as the server is.
    """

    def __init__(self, faults: Faults, under_way: UnderWay) -> None:
        self.faults = faults
        self.trading: set[Outbox] = set()
        self.data: dict[str, BarListener] = {}
        self.listeners: list[Callable[[list[OrderEvent]], None]] = []
        self.cut: Callable[[Mapping[str, Any]], None] = lambda _scope: None
        self.is_closed = False
        self._open: set[Outbox] = set()
        self._updates = UpdateFaults(faults, under_way)
        self._bars = BarFaults(faults)

    def see_events(self, events: list[OrderEvent]) -> None:
        """Send order events to every listening trading stream, in binary frames as Alpaca does."""
        for listener in self.listeners:
            listener(events)
        for event in events if self.trading else ():
            self._updates.pass_on(trade_update(event), self._send_update)

    def see_bars(self, bars: list[Bar]) -> None:
        """Send the bars of one instant to every data stream, in one message each."""
        news = self._bars.news(bars)
        for listener in self.data.values():
            listener.see_bars(news.bars, news.corrections)

    def speak_again(self) -> None:
        """Close the connections that had fallen silent: their clients join anew."""
        for outbox in self._open:
            if outbox.is_mute:
                outbox.end()

    def close(self) -> None:
        """Let every connection go."""
        self.is_closed = True
        for outbox in self._open:
            outbox.end()

    @contextlib.asynccontextmanager
    async def connected(self, socket: WebSocket) -> AsyncIterator[Outbox]:
        """Accept a websocket and write its outbox until the block is left."""
        await socket.accept()
        outbox = Outbox(socket, lambda: self.cut(socket.scope))
        self._open.add(outbox)
        self.may_fall_silent(Place.HELLO, socket.url.path, outbox)
        if self.is_closed:
            outbox.end()
        writer = asyncio.create_task(outbox.write())
        try:
            yield outbox
        finally:
            self._open.discard(outbox)
            self.trading.discard(outbox)
            outbox.end()
            await writer

    def may_fall_silent(self, place: Place, path: str, outbox: Outbox) -> bool:
        """Let a connection fall silent for good if a fault waits at `place`; whether it did."""
        if self.faults.take(place, Occasion("GET", path)):
            outbox.mute()
        return outbox.is_mute

    def _send_update(self, message: dict[str, Any]) -> None:
        frame = json.dumps(message).encode()
        for outbox in self.trading:
            outbox.put(frame)


async def is_turned_away(socket: WebSocket, faults: Faults) -> bool:
    """Answer a handshake with HTTP 429 if a fault says so; whether it did."""
    if not faults.take(Place.HANDSHAKE, Occasion("GET", socket.url.path)):
        return False
    await socket.send_denial_response(JSONResponse({"message": "too many requests"}, status_code=429))
    # uvicorn takes the handshake for unfinished, and logs an error, until the connection has gone.
    for _ in range(2):
        await asyncio.sleep(0)
    return True


async def read_messages(socket: WebSocket, take: Callable[[bytes | str], Awaitable[bool]]) -> None:
    """Hand every incoming frame to `take` until it answers False or the client goes."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while True:
            frame = await socket.receive()
            if frame["type"] == "websocket.disconnect":
                return
            content: Any = frame.get("bytes")
            if not await take(content if content is not None else frame.get("text") or ""):
                return
