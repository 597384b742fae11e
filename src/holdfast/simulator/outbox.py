"""What one websocket still has to be sent. A client that is too slow is let go, not waited for."""

import asyncio

from starlette.websockets import WebSocket, WebSocketDisconnect

_MESSAGES_MAX = 20_000
_NORMAL, _GOING_AWAY = 1000, 1001


class Outbox:
    """A queue of ready-made messages with one writer."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._queue: asyncio.Queue[bytes | str | None] = asyncio.Queue()

    def put(self, message: bytes | str) -> None:
        """Queue a message without waiting; a client that has fallen too far behind is closed instead."""
        if self._queue.qsize() >= _MESSAGES_MAX:
            self.end()
        else:
            self._queue.put_nowait(message)

    def end(self) -> None:
        """Close the connection once what is queued has been sent."""
        self._queue.put_nowait(None)

    async def write(self) -> None:
        """Send until `end` or until the client has gone."""
        while (message := await self._queue.get()) is not None:
            try:
                await (
                    self._socket.send_bytes(message) if isinstance(message, bytes) else self._socket.send_text(message)
                )
            except (WebSocketDisconnect, RuntimeError, OSError):
                return
        await self._close()

    async def _close(self) -> None:
        try:
            await self._socket.close(_GOING_AWAY)
        except (WebSocketDisconnect, RuntimeError, OSError):
            return
