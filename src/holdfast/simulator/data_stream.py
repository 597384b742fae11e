"""The market-data websockets: msgpack or JSON, one client an endpoint, all bars of an instant in one message."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgpack
from starlette.websockets import WebSocket

from holdfast.domain.bar import Bar
from holdfast.domain.symbols import is_pair
from holdfast.simulator.credentials import Credentials
from holdfast.simulator.faults.fault import Occasion
from holdfast.simulator.faults.kinds import Place
from holdfast.simulator.outbox import Outbox
from holdfast.simulator.streams import Hub, is_turned_away, read_messages
from holdfast.simulator.wire import bar_body

_STOCK_CHANNELS = (
    "trades",
    "quotes",
    "bars",
    "updatedBars",
    "dailyBars",
    "statuses",
    "lulds",
    "corrections",
    "cancelErrors",
)
_CRYPTO_CHANNELS = ("trades", "quotes", "orderbooks", "bars", "updatedBars", "dailyBars")
_ERRORS = {
    400: "invalid syntax",
    401: "not authenticated",
    402: "auth failed",
    403: "already authenticated",
    405: "symbol limit exceeded",
    406: "connection limit exceeded",
}
NAMES_MAX, _NAME_LENGTH_MAX = 10_000, 32
Message = list[dict[str, Any]]


class Codec:
    """How one client reads and writes: msgpack with real timestamps, or JSON text."""

    def __init__(self, *, is_msgpack: bool) -> None:
        self._is_msgpack = is_msgpack

    def encode(self, message: Message) -> bytes | str:
        """Write a message; times in it are datetimes."""
        if self._is_msgpack:
            return bytes(msgpack.packb(message, datetime=True))
        return json.dumps(message, default=_iso)

    def decode(self, frame: bytes | str) -> dict[str, Any] | None:
        """Read a message; None for one that is not a map."""
        try:
            message = msgpack.unpackb(frame) if isinstance(frame, bytes) and self._is_msgpack else json.loads(frame)
        except (ValueError, TypeError, RecursionError, msgpack.UnpackException):
            return None
        return message if isinstance(message, dict) else None


class DataConnection:
    """One client of a data stream: it authenticates, subscribes, and gets its bars."""

    def __init__(self, *, outbox: Outbox, codec: Codec, endpoint: str, hub: Hub, credentials: Credentials) -> None:
        self.outbox = outbox
        self._codec = codec
        self._endpoint = endpoint
        self._hub = hub
        self._credentials = credentials
        self._is_authenticated = False
        self._is_crypto = "crypto" in endpoint
        channels = _CRYPTO_CHANNELS if self._is_crypto else _STOCK_CHANNELS
        self._subscribed: dict[str, dict[str, None]] = {channel: {} for channel in channels}

    def greet(self) -> None:
        """Say what every client waits for first."""
        self._say([{"T": "success", "msg": "connected"}])

    def see_bars(self, bars: list[Bar], corrections: list[Bar]) -> None:
        """Send those bars of one instant that the client asked for, and corrections of earlier ones."""
        self._send_bars("b", "bars", bars)
        self._send_bars("u", "updatedBars", corrections)

    def _send_bars(self, letter: str, channel: str, bars: list[Bar]) -> None:
        wanted = self._subscribed[channel]
        own = [bar for bar in bars if is_pair(bar.symbol) == self._is_crypto]
        chosen = own if "*" in wanted else [bar for bar in own if bar.symbol in wanted]
        if chosen:
            self._say([{"T": letter, "S": bar.symbol, **bar_body(bar), "t": bar.time} for bar in chosen])

    def leave(self) -> None:
        """Give the endpoint's one place back."""
        if self._hub.data.get(self._endpoint) is self:
            del self._hub.data[self._endpoint]

    async def take(self, frame: bytes | str) -> bool:
        """Answer one message; False when the connection is over."""
        if self.outbox.is_mute:
            return True
        message = self._codec.decode(frame)
        if message is None:
            return self._refuse(400)
        action = str(message.get("action"))
        if action == "auth":
            return self._authenticate(message)
        if not self._is_authenticated:
            return self._refuse(401)
        if action not in {"subscribe", "unsubscribe"}:
            return self._refuse(400)
        self._change(message, is_added=action == "subscribe")
        return True

    def _authenticate(self, message: Mapping[str, Any]) -> bool:
        if self._is_authenticated:
            return self._refuse(403)
        if not self._credentials.accept(message.get("key"), message.get("secret")):
            self._refuse(402)
            return False
        fault = self._hub.faults.take(Place.AUTH, Occasion("GET", self._endpoint))
        if fault is not None and fault.kind == "mute_auth":
            self.outbox.mute()
            return True
        if fault is not None or self._endpoint in self._hub.data:
            self._refuse(406)
            return False
        self._is_authenticated = True
        self._hub.data[self._endpoint] = self
        self._say([{"T": "success", "msg": "authenticated"}])
        return True

    def _change(self, message: Mapping[str, Any], *, is_added: bool) -> None:
        changed = {
            channel: _changed(symbols, _names(message.get(channel)), is_added=is_added)
            for channel, symbols in self._subscribed.items()
        }
        if sum(map(len, changed.values())) > NAMES_MAX:
            self._refuse(405)
            return
        self._subscribed = changed
        self._say([{"T": "subscription", **{name: list(symbols) for name, symbols in self._subscribed.items()}}])
        self._hub.may_fall_silent(Place.SUBSCRIBED, self._endpoint, self.outbox)

    def _refuse(self, code: int) -> bool:
        self._say([{"T": "error", "code": code, "msg": _ERRORS[code]}])
        return True

    def _say(self, message: Message) -> None:
        self.outbox.put(self._codec.encode(message))


async def serve_data_stream(socket: WebSocket, hub: Hub, credentials: Credentials) -> None:
    """Serve one client of the endpoint that the socket's path names, until it goes."""
    if await is_turned_away(socket, hub.faults):
        return
    codec = Codec(is_msgpack=socket.headers.get("content-type") == "application/msgpack")
    async with hub.connected(socket) as outbox:
        connection = DataConnection(
            outbox=outbox,
            codec=codec,
            endpoint=socket.url.path,
            hub=hub,
            credentials=credentials,
        )
        try:
            connection.greet()
            await read_messages(socket, connection.take)
        finally:
            connection.leave()


def _names(given: object) -> list[str]:
    """Return the names that can be symbols in a list from a client."""
    names = given if isinstance(given, list) else []
    return [name for name in names if isinstance(name, str) and len(name) <= _NAME_LENGTH_MAX]


def _changed(symbols: dict[str, None], names: list[str], *, is_added: bool) -> dict[str, None]:
    if is_added:
        return {**symbols, **dict.fromkeys(names)}
    gone = set(names)
    return {symbol: None for symbol in symbols if symbol not in gone}


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"{value!r} cannot stand in a message")
