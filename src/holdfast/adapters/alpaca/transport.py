"""HTTP below the SDK: a total deadline per call, no redirects, every request counted.

alpaca-py sets no timeout, and one in requests is per socket read, so a server that drips would hold a thread
for ever. Here the socket itself is shut when the time is over. What an answer means is not decided here.
"""

import contextlib
import os
import socket
import threading
from collections.abc import Mapping
from typing import Any

import requests
from alpaca.common.rest import RESTClient
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from holdfast.adapters.sim_control import is_loopback
from holdfast.domain.errors import Fatal

CONNECT_S = 3.0
DEADLINE_S = 10.0
_BODY_BYTES_MAX = 128 * 1024 * 1024
_PIECE_BYTES = 64 * 1024


class RedirectRefused(requests.RequestException):
    """The server answered 3xx. The SDK would take it for a success without a body."""


class DeadlineExceeded(requests.Timeout):
    """The whole answer was not there in time; the connection is gone."""


class _Call:
    """One call on its way and the grip on its socket: a duplicate of the descriptor, so TLS does not matter."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._grip: socket.socket | None = None
        self.is_cut = False

    def hold(self, connection: socket.socket) -> None:
        with self._lock:
            self._let_go()
            self._grip = socket.socket(fileno=os.dup(connection.fileno()))
            if self.is_cut:
                self._shut()

    def cut(self) -> None:
        with self._lock:
            self.is_cut = True
            self._shut()

    def release(self) -> None:
        with self._lock:
            self._let_go()

    def _shut(self) -> None:
        if self._grip is not None:
            with contextlib.suppress(OSError):
                self._grip.shutdown(socket.SHUT_RDWR)

    def _let_go(self) -> None:
        if self._grip is not None:
            self._grip.close()
            self._grip = None


_thread = threading.local()


def _hold(connection: socket.socket) -> None:
    call: _Call | None = getattr(_thread, "call", None)
    if call is not None:
        call.hold(connection)


class _HeldConnection(HTTPConnection):
    """Hands its socket to the call of this thread: when it is new, and when it is used again."""

    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        _hold(connection)
        return connection

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed through as they came
        # A socket that waits for its first use is held already; only a kept-alive one is not.
        if self.sock is not None:
            _hold(self.sock)
        super().request(*args, **kwargs)


class _HeldTLSConnection(_HeldConnection, HTTPSConnection):
    """The same over TLS."""


class _HeldPool(HTTPConnectionPool):
    ConnectionCls = _HeldConnection


class _HeldTLSPool(HTTPSConnectionPool):
    ConnectionCls = _HeldTLSConnection


_POOLS = {"http": _HeldPool, "https": _HeldTLSPool}


class DeadlineAdapter(HTTPAdapter):
    """Carries requests; each ends, body and all, within `deadline_s` seconds, and none is sent twice.

    Raises DeadlineExceeded, RedirectRefused and what requests raises. Name resolution alone is the system's.
    """

    def __init__(self, *, deadline_s: float, connect_s: float = CONNECT_S, connections: int = 10) -> None:
        self._deadline_s = deadline_s
        self._connect_s = min(connect_s, deadline_s)
        self._lock = threading.Lock()
        self._in_flight: set[_Call] = set()
        self.requests_sent = 0
        super().__init__(max_retries=0, pool_maxsize=connections)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed through
        """Build the pools, of connections that can be cut."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed through
        """Build the pools towards a proxy, of connections that can be cut."""
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002 - the body is always read here, under the deadline
        timeout: Any = None,  # noqa: ANN401, ARG002 - the SDK gives none
        verify: bool | str = True,  # noqa: FBT001, FBT002 - the signature of requests
        cert: Any = None,  # noqa: ANN401
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send one request and read its whole answer before the deadline."""
        call = self._begin()
        watchdog = threading.Timer(self._deadline_s, call.cut)
        watchdog.daemon = True
        watchdog.start()
        try:
            limits = (self._connect_s, self._deadline_s)
            response = super().send(request, True, limits, verify, cert, proxies)  # noqa: FBT003
            _read_body(response)
        except Exception:
            if not call.is_cut:
                raise
        finally:
            watchdog.cancel()
            self._end(call)
        if call.is_cut:
            raise DeadlineExceeded(f"no complete answer within {self._deadline_s:g} s")
        if 300 <= response.status_code < 400:  # noqa: PLR2004 - HTTP's own numbers
            raise RedirectRefused(f"answered {response.status_code}, a redirect")
        return response

    def cut_all(self) -> None:
        """Cut every call that is on its way; their threads come free at once."""
        with self._lock:
            calls = list(self._in_flight)
        for call in calls:
            call.cut()

    def _begin(self) -> _Call:
        call = _Call()
        with self._lock:
            self.requests_sent += 1
            self._in_flight.add(call)
        _thread.call = call
        return call

    def _end(self, call: _Call) -> None:
        _thread.call = None
        call.release()
        with self._lock:
            self._in_flight.discard(call)


def _read_body(response: requests.Response) -> None:
    body = bytearray()
    try:
        for piece in response.iter_content(_PIECE_BYTES):
            body += piece
            _check_size(body)
    except BaseException:
        response.close()
        raise
    # What requests itself would have stored, had it read the body after the adapter.
    response._content = bytes(body)  # noqa: SLF001


def _check_size(body: bytearray) -> None:
    if len(body) > _BODY_BYTES_MAX:
        raise requests.exceptions.ContentDecodingError("the answer is too long")


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def harden(client: RESTClient, url: str, *, deadline_s: float = DEADLINE_S, connections: int = 10) -> DeadlineAdapter:
    """Give an SDK client its transport: deadline, no retry of its own, no proxy towards this machine.

    Raises:
        Fatal: if the SDK no longer has the private attributes this rests on; orders could be sent four times.
    """
    session = getattr(client, "_session", None)
    if not isinstance(session, requests.Session) or not isinstance(getattr(client, "_retry", None), int):
        raise Fatal("this alpaca-py cannot be made safe: type `pip install alpaca-py==0.44.0`")
    client._retry = 0  # noqa: SLF001 - the SDK has no argument for it
    adapter = DeadlineAdapter(deadline_s=deadline_s, connections=connections)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    # Otherwise an entry in ~/.netrc adds an Authorization header of its own.
    session.auth = _no_netrc
    if is_loopback(url):
        session.trust_env = False
    return adapter
