"""(c) REST answers on the wire: whatever a server sends, a call ends in its result or the port's own error."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import date
from random import Random
from typing import Any

from adapters.alpaca.alpaca_servers import ASSUMPTIONS, CREDENTIALS, KEY, SECRET, a_fill, a_position, an_order
from builders import MINUTE, NOON, an_intent, at
from campaigns.fuzz.mutators import changed_json, mangled
from campaigns.fuzz.rest_rows import ACCOUNT, ASSET, BAR, DAY, FILLED, SPLIT
from campaigns.fuzz.targets import check_sound, must
from holdfast.adapters.alpaca.broker import AlpacaBroker
from holdfast.adapters.alpaca.market_data import AlpacaMarketData
from holdfast.domain.errors import CredentialsError, OutcomeUnknown, Recoverable, Rejected
from holdfast.domain.order import OrderView
from holdfast.engine.approval import SavedIntent

DEADLINE_S = 2.0
INTENT = an_intent()
OURS = an_order(client_order_id=INTENT.client_order_id)
STATUSES = [200] * 12 + [201, 204, 206, 301, 304, 400, 401, 403, 404, 408, 422, 422, 429, 500, 502, 503, 504, 999]
REFUSALS = [
    {"code": 40010001, "message": "client_order_id must be unique"},
    {"code": 40310000, "message": "insufficient buying power"},
    {"code": 40410000, "message": "order not found"}, {"message": "forbidden."}, {"code": "x"}, [], "no", None,
]  # fmt: skip
HEADERS = [
    b"Content-Type: application/json", b"Content-Type: text/html", b"Content-Encoding: gzip",
    b"Content-Encoding: deflate",
    b"Transfer-Encoding: chunked", b"Content-Length: 5", b"Content-Length: 99999", b"Content-Length: -1",
    b"Retry-After: 9",
    b"Location: http://127.0.0.1:1/", b"Set-Cookie: a=b", b"X: " + b"y" * 70_000, b"\xff: \xff", b"NoColon",
    b"Content-Length: x",
]  # fmt: skip


class OneAnswer:
    """A server on this machine that gives every request the same bytes, then hangs up."""

    def __init__(self) -> None:
        self.answer = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                self._reply(connection)

    def _reply(self, connection: socket.socket) -> None:
        connection.settimeout(DEADLINE_S)
        received = connection.recv(65536)
        # The body of a POST may come in a second piece: a reset would hide the answer.
        if received.startswith(b"POST") and not received.partition(b"\r\n\r\n")[2]:
            connection.recv(65536)
        connection.sendall(self.answer)

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()


class RestWire:
    """The real adapters over real sockets."""

    name = "REST wire"
    share = 1

    def __init__(self) -> None:
        self.tried: object = None
        self._server = OneAnswer()
        self._loop = asyncio.new_event_loop()
        self._broker = AlpacaBroker(self._server.url, CREDENTIALS, ASSUMPTIONS, deadline_s=DEADLINE_S)
        self._data = AlpacaMarketData(self._server.url, CREDENTIALS, deadline_s=DEADLINE_S)
        broker, data = self._broker, self._data
        self._calls: dict[str, tuple[Callable[[], Coroutine[Any, Any, Any]], Any]] = {
            "account": (broker.account, ACCOUNT),
            "positions": (broker.positions, [a_position(), a_position(symbol="MSFT")]),
            "position": (lambda: broker.position("AAPL"), a_position()),
            "orders": (lambda: broker.orders(after=NOON), [OURS, an_order(2, **FILLED)]),
            "look-up": (lambda: broker.order_by_client_id(INTENT.client_order_id), OURS),
            "look-up by the broker's id": (lambda: broker.order(OURS["id"]), OURS),
            "activities": (lambda: broker.activities(NOON), [a_fill(), SPLIT]),
            "assets": (broker.assets, [ASSET]),
            "sessions": (lambda: broker.sessions(date(2026, 11, 20), date(2026, 11, 23)), [DAY]),
            "bars": (
                lambda: data.bars(["AAPL"], MINUTE, NOON, at(9)),
                {"bars": {"AAPL": [BAR]}, "next_page_token": None},
            ),
            "submit": (lambda: broker.submit(SavedIntent(INTENT)), OURS),
            "cancel": (lambda: broker.cancel(OURS["id"]), None),
        }

    def attempt(self, dice: Random) -> str:
        """Call something, and be given a broken answer."""
        name = dice.choice(sorted(self._calls))
        call, document = self._calls[name]
        status = dice.choice(STATUSES)
        self._server.answer = self._broken(document if status < 400 else dice.choice(REFUSALS), status, dice)
        self.tried = (name, self._server.answer)
        try:
            result = self._loop.run_until_complete(call())
        except (Recoverable, Rejected, CredentialsError, OutcomeUnknown) as error:
            self._check_error(name, error)
            return f"{type(error).__name__}"
        check_sound(list(result.values()) if isinstance(result, dict) else getattr(result, "good", result))
        if name == "submit":
            is_echo = isinstance(result, OrderView) and result.client_order_id == INTENT.client_order_id
            must(is_echo, "an answer about another order is taken for ours")
        return "answered"

    def _check_error(self, name: str, error: Exception) -> None:
        must(KEY not in str(error) and SECRET not in str(error), "an error holds a key")
        is_write = name in ("submit", "cancel")
        must(is_write or not isinstance(error, OutcomeUnknown), "a read has an unknown outcome")
        must(not is_write or not isinstance(error, Recoverable), "a write is called harmless")
        if is_write and isinstance(error, Rejected):
            is_refused = b" 4" in self._server.answer[:16]
            must(is_refused, "a write is called rejected although the broker did not say so")

    @staticmethod
    def _broken(document: object, status: int, dice: Random) -> bytes:
        kind = dice.randrange(4)
        body = json.dumps(document).encode()
        if kind == 1:
            body = changed_json(document, dice)
        elif kind == 2:
            body = mangled(body, dice)
        headers = [b"Content-Type: application/json", f"Content-Length: {len(body)}".encode()]
        if not dice.randrange(4):
            headers = dice.sample(HEADERS, dice.randint(0, 3))
        head = b"\r\n".join([f"HTTP/1.1 {status} Word".encode(), *headers, b"Connection: close"])
        whole = head + b"\r\n\r\n" + body
        return mangled(whole, dice) if kind == 3 else whole

    def close(self) -> None:
        """End the threads and the server."""
        self._loop.run_until_complete(self._broker.aclose())
        self._loop.run_until_complete(self._data.aclose())
        self._loop.close()
        self._server.close()
