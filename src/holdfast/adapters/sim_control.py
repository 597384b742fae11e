"""The client of the simulator's own control API (`/_sim/...`), spoken on loopback only.

Plain asyncio streams instead of a thread: a long poll must end the moment its task is cancelled. No orders here.
"""

import asyncio
import ipaddress
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from holdfast.domain.errors import Fatal, Recoverable
from holdfast.engine.pacing import Instant

POLL_WAIT_S = 20
_ANSWER_BYTES_MAX = 16 * 1024 * 1024


def is_loopback(url: str) -> bool:
    """Whether the host of `url` is this machine, judged by its text alone (``localhost``, 127.0.0.0/8, ::1)."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class SimulatorControl:
    """Asks the simulator for its status and walks its clock in lockstep; implements `engine.pacing.Pacer`.

    Every call raises Recoverable when the simulator does not answer in `timeout_s` seconds (long polls: that
    plus the `poll_s` seconds they ask for), and Fatal when `base_url` is not on this machine.
    """

    def __init__(self, base_url: str, *, timeout_s: float = 10.0, poll_s: int = POLL_WAIT_S) -> None:
        self._url = base_url.rstrip("/")
        self._timeout_s = timeout_s
        self._poll_s = poll_s

    async def status(self) -> dict[str, Any] | None:
        """Return the answer of `GET /_sim/status`; None where the server is no simulator of ours or not local."""
        if not is_loopback(self._url):
            return None
        status, body = await self._request("GET", "/_sim/status")
        return _object(body) if status == 200 else None  # noqa: PLR2004 - HTTP's own number

    async def next_instant(self, after: datetime | None) -> Instant:
        """Wait until the simulator stands at an instant newer than `after` (None: any), or has finished."""
        path = f"/_sim/clock?wait={self._poll_s}"
        if after is not None:
            path += f"&after={quote(after.isoformat())}"
        while True:
            instant = _instant(await self._ask("GET", path, wait_s=self._poll_s))
            if after is None or instant.time > after or instant.finished:
                return instant

    async def through(self, time: datetime) -> None:
        """Tell the simulator that everything up to `time` has been worked on."""
        await self._ask("POST", "/_sim/clock", {"through": time.isoformat()})

    async def _ask(self, method: str, path: str, payload: object = None, *, wait_s: float = 0.0) -> dict[str, Any]:
        if not is_loopback(self._url):
            raise Fatal(f"{self._url} is not on this machine: the simulator's clock is driven on loopback only")
        status, body = await self._request(method, path, payload, wait_s=wait_s)
        if not 200 <= status < 300:  # noqa: PLR2004 - HTTP's own numbers
            raise Recoverable(f"the simulator answered {status} to {method} /_sim")
        return _object(body) if body.strip() else {}

    async def _request(
        self, method: str, path: str, payload: object = None, *, wait_s: float = 0.0
    ) -> tuple[int, bytes]:
        try:
            async with asyncio.timeout(self._timeout_s + wait_s):
                return await _exchange(self._url, method, path, payload)
        except (OSError, TimeoutError, ValueError, EOFError) as error:
            raise Recoverable(f"the simulator at {self._url} does not answer ({type(error).__name__})") from None


async def _exchange(url: str, method: str, path: str, payload: object) -> tuple[int, bytes]:
    """Send one HTTP/1.0 request and read to the end of the answer; returns its status and body."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    try:
        body = b"" if payload is None else json.dumps(payload).encode()
        # HTTP/1.0: the server neither chunks its answer nor keeps the connection.
        head = (
            f"{method} {parts.path}{path} HTTP/1.0\r\nHost: {parts.netloc}\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode("ascii") + body)
        await writer.drain()
        return await _answer(reader)
    finally:
        writer.transport.abort()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    status_line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int([*status_line.split(" ", 2), "no status"][1])
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", -1))
    if length > _ANSWER_BYTES_MAX:
        raise ValueError("the answer is too long")
    return status, await (reader.readexactly(length) if length >= 0 else reader.read(_ANSWER_BYTES_MAX))


def _object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise Recoverable("the simulator's answer is not a JSON object")
    return answer


def _instant(answer: dict[str, Any]) -> Instant:
    try:
        reason = answer.get("reason")
        return Instant(
            time=datetime.fromisoformat(answer["time"]).astimezone(UTC),
            symbols=frozenset(str(symbol) for symbol in answer["symbols"]),
            session_open=answer["session"] == "open",
            finished=answer["finished"] is True,
            reason=None if reason is None else str(reason),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Recoverable(f"the simulator's clock is unreadable ({type(error).__name__}: {error})") from None
