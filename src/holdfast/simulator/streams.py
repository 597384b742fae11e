"""The websockets' shared part: who is connected, and what each of them is told."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect

from holdfast.domain.bar import Bar
from holdfast.exchange.order import OrderEvent
from holdfast.simulator.outbox import Outbox
from holdfast.simulator.wire import trade_update


class BarListener(Protocol):
    """A data connection: it takes all bars of an instant and sends those it subscribed to."""

    outbox: Outbox

    def see_bars(self, bars: list[Bar]) -> None:
        """Take all bars of one instant."""
        ...


class Hub:
    """The market's audience: every connected stream. Telling them never waits."""

    def __init__(self) -> None:
        self.trading: set[Outbox] = set()
        self.data: dict[str, BarListener] = {}
        self._open: set[Outbox] = set()
        self.is_closed = False

    def see_events(self, events: list[OrderEvent]) -> None:
        """Send order events to every listening trading stream, in binary frames as Alpaca does."""
        if self.trading:
            for message in [json.dumps(trade_update(event)).encode() for event in events]:
                for outbox in self.trading:
                    outbox.put(message)

    def see_bars(self, bars: list[Bar]) -> None:
        """Send the bars of one instant to every data stream, in one message each."""
        for listener in self.data.values():
            listener.see_bars(bars)

    def close(self) -> None:
        """Let every connection go."""
        self.is_closed = True
        for outbox in self._open:
            outbox.end()

    @contextlib.asynccontextmanager
    async def connected(self, socket: WebSocket) -> AsyncIterator[Outbox]:
        """Accept a websocket and write its outbox until the block is left."""
        await socket.accept()
        outbox = Outbox(socket)
        self._open.add(outbox)
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
