"""Real servers on 127.0.0.1 that misbehave on request, and the rows they speak in. Shared by the tests beside."""

import asyncio
import contextlib
import functools
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr
from websockets.asyncio.server import ServerConnection, serve

from holdfast.adapters.alpaca.broker import AlpacaBroker
from holdfast.adapters.alpaca.credentials import Credentials
from holdfast.adapters.alpaca.endpoints import AlpacaEndpoints
from holdfast.engine.ports import Assumptions

KEY, SECRET = "PKTESTKEY0000001", "s3cr3t-of-the-account"
CREDENTIALS = Credentials(SecretStr(KEY), SecretStr(SECRET))
ASSUMPTIONS = Assumptions(2, 1, 1)


@dataclass(frozen=True)
class Request:
    """One request as it arrived; the query holds the first value of each name."""

    method: str
    path: str
    query: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Reply:
    """One answer; `body` is bytes, or something to write as JSON. `length` lies about the body's length."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None


class Handler(BaseHTTPRequestHandler):
    """Hands every request to the server's script."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        request = Request(self.command, parts.path, query, json.loads(raw) if raw else None)
        self.server.requests.append(request)
        reply = self.server.script(request, self)
        if isinstance(reply, Reply):
            self.write(reply)

    do_POST = do_DELETE = do_GET  # noqa: N815 - names that http.server calls

    def write(self, reply: Reply) -> None:
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if reply.length is None else reply.length))
        self.end_headers()
        self.wfile.write(body)
        if reply.length is not None:
            self.close_connection = True

    def log_message(self, *_args: object) -> None:
        """Keep quiet."""


class Server(ThreadingHTTPServer):
    """A server whose answers are a function; `ended` is set when the test is over."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, script: Callable[[Request, Handler], Reply | None]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = script
        self.requests: list[Request] = []
        self.ended = threading.Event()

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_args: object) -> None:
        """Expect that clients hang up."""


@contextlib.contextmanager
def serving(script: Callable[[Request, Handler], Reply | None] | Reply) -> Iterator[Server]:
    """Serve `script`, or always the same reply, until the block ends."""
    always = (lambda _request, _handler: script) if isinstance(script, Reply) else script
    server = Server(always)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def mute(_request: Request, handler: Handler) -> None:
    """Accept the request and never answer."""
    handler.server.ended.wait(30)
    handler.close_connection = True


def drip_head(_request: Request, handler: Handler) -> None:
    """Send an endless header, a byte at a time."""
    _drip(handler, b"HTTP/1.1 200 OK\r\nX-Endless: ")


def drip_body(_request: Request, handler: Handler) -> None:
    """Send an endless body, a byte at a time, with no length: cut off, it would look complete."""
    _drip(handler, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")


def _drip(handler: Handler, start: bytes) -> None:
    handler.close_connection = True
    with contextlib.suppress(OSError):
        handler.wfile.write(start)
        while not handler.server.ended.wait(0.05):
            handler.wfile.write(b"1")


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an async test in a loop of its own, 30 seconds at most."""

    @functools.wraps(test)
    def run(*args: object, **kwargs: object) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 30))

    return run


async def until(condition: Callable[[], bool], limit_s: float = 8.0) -> None:
    """Return as soon as `condition` holds; fail after `limit_s` seconds."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def streaming(handler: Callable[[ServerConnection], Awaitable[None]]) -> AsyncIterator[str]:
    """Serve a websocket; each connection is given to `handler`. Yields ws://host:port."""
    async with serve(handler, "127.0.0.1", 0, close_timeout=0.2, ping_interval=None) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}"


def endpoints(url: str) -> AlpacaEndpoints:
    """Return the endpoints of a local server."""
    return AlpacaEndpoints.of_server(url)


@contextlib.asynccontextmanager
async def broker_at(url: str, deadline_s: float = 5.0) -> AsyncIterator[AlpacaBroker]:
    """Open a broker and close it."""
    broker = AlpacaBroker(url, CREDENTIALS, ASSUMPTIONS, deadline_s=deadline_s)
    try:
        yield broker
    finally:
        await broker.aclose()


def refusal(status: int, code: int | None, message: str) -> Reply:
    """Build an error as Alpaca writes it."""
    return Reply(({} if code is None else {"code": code}) | {"message": message}, status)


def an_order(number: int = 1, **changes: object) -> dict[str, Any]:
    """Build a row of GET /v2/orders."""
    return {
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "client_order_id": f"hf.main.AAPL.1m20261120T2059.b{number}",
        "created_at": "2026-11-20T21:00:00.123456789Z",
        "submitted_at": "2026-11-20T21:00:00.123456789Z",
        "symbol": "AAPL",
        "side": "buy",
        "qty": "10",
        "notional": None,
        "filled_qty": "0",
        "filled_avg_price": None,
        "type": "market",
        "order_type": "market",
        "status": "new",
    } | changes


def a_position(**changes: object) -> dict[str, Any]:
    """Build a row of GET /v2/positions."""
    return {
        "symbol": "AAPL",
        "qty": "0.557436865",
        "side": "long",
        "avg_entry_price": "86.879891",
        "current_price": "86.6",
    } | changes


def a_fill(number: int = 1, **changes: object) -> dict[str, Any]:
    """Build a row of GET /v2/account/activities."""
    return {
        "id": f"20261120160000000::{number:06d}",
        "activity_type": "FILL",
        "order_id": f"order-{number}",
        "symbol": "AAPL",
        "side": "buy",
        "qty": "1",
        "price": "187.12",
        "transaction_time": "2026-11-20T21:00:00.5Z",
    } | changes
