"""The simulator's socket and the connections that came through it: what it takes to shut out and to cut off."""

import asyncio
import fnmatch
import socket
from collections.abc import Iterator, Mapping
from typing import Any

import uvicorn
from starlette.types import Scope

from holdfast.domain.errors import UsageError
from holdfast.simulator.bodies import BYTES_MAX

# As long as load balancers keep an idle connection. With a server's usual 5 s the close often meets the next request
# of a client that asks every few seconds, and such a request is lost.
KEEP_ALIVE_S = 75


class Door(uvicorn.Server):
    """A web server that says when it answers, and whose door can be shut for a while."""

    def __init__(self, app: Any) -> None:  # noqa: ANN401 - any ASGI app
        super().__init__(_config(app))
        self.answering = asyncio.Event()
        self._bound: socket.socket | None = None
        self._opening: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen on the given sockets."""
        await super().startup(sockets)
        self.answering.set()

    def cut(self, scope: Mapping[str, Any]) -> None:
        """End the connection that `scope` came over, at once."""
        for transport in self._transports(lambda other: other is scope):
            transport.abort()

    def hang_up(self, scope: Mapping[str, Any]) -> None:
        """End the connection that `scope` came over, once everything was sent."""
        for transport in self._transports(lambda other: other is scope):
            transport.close()

    def cut_streams(self, path: str) -> int:
        """Cut every open websocket whose path fits the pattern; return how many there were."""
        fits = list(
            self._transports(lambda scope: scope["type"] == "websocket" and fnmatch.fnmatchcase(scope["path"], path))
        )
        for transport in fits:
            transport.abort()
        return len(fits)

    def shut(self) -> None:
        """Stop listening and cut every connection but those of the control page."""
        if self._bound is not None:
            return
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        for server in self.servers:
            server.close()
        # Bound at once, though not listening: nobody else can take the port meanwhile.
        self._bound = bind(host, port)
        for transport in list(self._transports(lambda scope: not scope["path"].startswith("/_sim/"))):
            transport.abort()

    def open(self) -> None:
        """Listen again on the same port."""
        if self._bound is not None and not self.should_exit:
            bound, self._bound = self._bound, None
            self._opening = asyncio.get_running_loop().create_task(self._listen(bound))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the server; a door that is shut stays shut."""
        if self._opening is not None:
            await self._opening
        if self._bound is not None:
            self._bound.close()
        await super().shutdown(sockets)

    async def _listen(self, bound: socket.socket) -> None:
        server = await asyncio.get_running_loop().create_server(self._protocol, sock=bound)
        self.servers = [server]

    def _protocol(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol

    def _transports(self, fits: Any) -> Iterator[asyncio.Transport]:  # noqa: ANN401 - a predicate of a scope
        for connection in list(self.server_state.connections):
            scope: Scope | None = getattr(connection, "scope", None)
            if scope is not None and fits(scope) and connection.transport is not None:
                yield connection.transport


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to `host` and `port`, not listening yet; 0 takes a free port.

    Raises:
        UsageError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without the protocol asyncio does not switch Nagle off, and every answer takes 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise UsageError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return bound


def _config(app: Any) -> uvicorn.Config:  # noqa: ANN401 - any ASGI app
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=BYTES_MAX,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=1,
    )
