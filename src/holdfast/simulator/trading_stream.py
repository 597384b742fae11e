"""The trading websocket, `/stream`: JSON in binary frames, order updates to whoever listens."""

import json
from typing import Any

from starlette.websockets import WebSocket

from holdfast.simulator.credentials import Credentials
from holdfast.simulator.faults.kinds import Place
from holdfast.simulator.outbox import Outbox
from holdfast.simulator.streams import Hub, is_turned_away, read_messages

PATH = "/stream"
_UPDATES = "trade_updates"


class TradingConnection:
    """One client of the trading stream: it authenticates, listens, and then only receives."""

    def __init__(self, outbox: Outbox, hub: Hub, credentials: Credentials) -> None:
        self._outbox = outbox
        self._hub = hub
        self._credentials = credentials
        self._is_authorized = False

    async def take(self, frame: bytes | str) -> bool:
        """Answer one message; False when the connection is over."""
        if self._outbox.is_mute:
            return True
        try:
            message = json.loads(frame)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            return self._say("error", {"error": "invalid message"})
        given = message.get("action")
        action = given if isinstance(given, str) else None
        if action in {"authenticate", "auth"}:
            return self._authenticate(message)
        if action == "listen" and self._is_authorized:
            return self._listen(message)
        return self._say("authorization", {"action": action, "status": "unauthorized"})

    def _authenticate(self, message: dict[str, Any]) -> bool:
        data = _object(message.get("data"))
        key = data.get("key_id") or message.get("key")
        secret = data.get("secret_key") or message.get("secret")
        if self._hub.may_fall_silent(Place.AUTH, PATH, self._outbox):
            return True
        self._is_authorized = self._credentials.accept(key, secret)
        status = "authorized" if self._is_authorized else "unauthorized"
        return self._say("authorization", {"action": "authenticate", "status": status})

    def _listen(self, message: dict[str, Any]) -> bool:
        wanted = _object(message.get("data")).get("streams")
        streams = [stream for stream in wanted if stream == _UPDATES] if isinstance(wanted, list) else []
        self._say("listening", {"streams": streams})
        self._hub.may_fall_silent(Place.SUBSCRIBED, PATH, self._outbox)
        if streams:
            self._hub.trading.add(self._outbox)
        else:
            self._hub.trading.discard(self._outbox)
        return True

    def _say(self, stream: str, data: dict[str, Any]) -> bool:
        self._outbox.put(json.dumps({"stream": stream, "data": data}).encode())
        return True


async def serve_trading_stream(socket: WebSocket, hub: Hub, credentials: Credentials) -> None:
    """Serve one client until it goes."""
    if await is_turned_away(socket, hub.faults):
        return
    async with hub.connected(socket) as outbox:
        await read_messages(socket, TradingConnection(outbox, hub, credentials).take)


def _object(given: object) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}
