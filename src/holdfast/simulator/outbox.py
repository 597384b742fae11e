"""What one websocket still has to be sent. A client that is too slow is let go, not waited for."""

import asyncio
from collections import deque
from collections.abc import Callable

from starlette.websockets import WebSocket, WebSocketDisconnect

MESSAGES_MAX = 20_000
BYTES_WAITING_MAX = 64_000_000
_GOING_AWAY = 1001
_GONE = (WebSocketDisconnect, RuntimeError, OSError)


class Outbox:
    """A queue of ready-made messages with one writer. `cut` ends the connection of a client that does not read."""

    def __init__(self, socket: WebSocket, cut: Callable[[], None]) -> None:
        self._socket = socket
        self._cut = cut
        self._waiting: deque[bytes | str] = deque()
        self._bytes = 0
        self._word = asyncio.Event()
        self._is_over = False
        self.is_mute = False

    def __len__(self) -> int:
        """How many messages wait."""
        return len(self._waiting)

    def put(self, message: bytes | str) -> None:
        """Queue a message without waiting; a client that has fallen too far behind is cut off instead."""
        if self._is_over or self.is_mute:
            return
        self._bytes += len(message)
        if len(self._waiting) >= MESSAGES_MAX or self._bytes > BYTES_WAITING_MAX:
            self._waiting.clear()
            self.end()
            self._cut()
            return
        self._waiting.append(message)
        self._word.set()

    def mute(self) -> None:
        """Never send anything again, and stay connected."""
        self.is_mute = True

    def end(self) -> None:
        """Close the connection once what is queued has been sent."""
        self._is_over = True
        self._word.set()

    async def write(self) -> None:
        """Send until `end` or until the client has gone."""
        try:
            while await self._has_something():
                message = self._waiting.popleft()
                self._bytes -= len(message)
                await (
                    self._socket.send_bytes(message) if isinstance(message, bytes) else self._socket.send_text(message)
                )
            await self._socket.close(_GOING_AWAY)
        except _GONE:
            return

    async def _has_something(self) -> bool:
        while not self._waiting and not self._is_over:
            self._word.clear()
            await self._word.wait()
        return bool(self._waiting)
