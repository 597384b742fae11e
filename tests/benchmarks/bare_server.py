"""A server of constants, to measure the simulator against: the same uvicorn and starlette, and nothing behind them.

`python bare_server.py FOLDER` answers with the bytes of the files in FOLDER, which a real simulator has said before:
`answer` to every order, `market.*` or `limit.*` to `/stream` after it, and `bars` to `/v2/iex` for each instant.
"""

import asyncio
import contextlib
import json
import signal
import socket
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

CLIENT_ORDER_ID = b"c00-00000000"
"""Stands in the constants where each order's own id goes, which ends the body of its POST."""
ID_END = 2
Listeners = set[asyncio.Queue[bytes]]


class Bare:
    """Every answer is a constant; the only work is to put an order's id into the updates."""

    def __init__(self, folder: Path) -> None:
        said = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
        self._answer = said.get("answer", b"{}")
        self._market = [update for name, update in said.items() if name.startswith("market.")]
        self._limit = [update for name, update in said.items() if name.startswith("limit.")]
        self._bars = said.get("bars", b"")
        self._trading: Listeners = set()
        self._data: Listeners = set()

    def app(self) -> Starlette:
        """Put the routes together: those of Alpaca's and of the simulator's that the benchmarks use."""
        return Starlette(
            routes=[
                Route("/v2/orders", self.order, methods=["POST"]),
                Route("/_sim/clock", self.clock, methods=["POST"]),
                WebSocketRoute("/stream", self.trading_stream),
                WebSocketRoute("/v2/iex", self.data_stream),
            ]
        )

    async def order(self, request: Request) -> Response:
        """Take an order and tell the listeners what becomes of it."""
        body = await request.body()
        own = body[-len(CLIENT_ORDER_ID) - ID_END : -ID_END]
        for update in self._limit if b'"limit"' in body else self._market:
            for listener in self._trading:
                listener.put_nowait(update.replace(CLIENT_ORDER_ID, own))
        return Response(self._answer, media_type="application/json")

    async def clock(self, request: Request) -> Response:
        """Send the bars of as many instants as the query says."""
        await request.body()
        for _ in range(int(request.query_params["instants"])):
            for listener in self._data:
                listener.put_nowait(self._bars)
        return Response(b"{}", media_type="application/json")

    async def trading_stream(self, websocket: WebSocket) -> None:
        """Serve one listener of order updates."""
        await _serve(websocket, self._trading)

    async def data_stream(self, websocket: WebSocket) -> None:
        """Serve one listener of bars."""
        await _serve(websocket, self._data, greeting=b"connected")


async def _serve(websocket: WebSocket, listeners: Listeners, greeting: bytes | None = None) -> None:
    await websocket.accept()
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    if greeting:
        queue.put_nowait(greeting)
    writing = asyncio.create_task(_write(websocket, queue))
    listeners.add(queue)
    try:
        while (await websocket.receive())["type"] != "websocket.disconnect":
            queue.put_nowait(b"said")
    finally:
        listeners.discard(queue)
        writing.cancel()


async def _write(websocket: WebSocket, queue: asyncio.Queue[bytes]) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
        while True:
            await websocket.send_bytes(await queue.get())


def main() -> None:
    """Serve until SIGTERM; print where as one line of JSON, as `holdfast simulate` does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.bind(("127.0.0.1", 0))
    # The same options as the simulator's own server.
    config = uvicorn.Config(
        Bare(Path(sys.argv[1])).app(),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )
    bound.listen()
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{bound.getsockname()[1]}"}) + "\n")
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[bound])


if __name__ == "__main__":
    main()
