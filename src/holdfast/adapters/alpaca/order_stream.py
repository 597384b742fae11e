"""The OrderStream port over alpaca-py's TradingStream: the order inside every trade update, raw."""

import json
from collections.abc import Callable
from typing import Any

from alpaca.trading.stream import TradingStream

from holdfast.adapters.alpaca import rows
from holdfast.adapters.alpaca.bounded_stream import (
    ACKNOWLEDGE_S,
    HANDSHAKE_S,
    RETRY_S,
    BoundedStream,
    websocket_params,
)
from holdfast.adapters.alpaca.credentials import Credentials
from holdfast.adapters.alpaca.stream_health import StreamHealth
from holdfast.adapters.alpaca.stream_thread import StreamThread
from holdfast.domain.order import OrderView

_UPDATES = "trade_updates"


class AlpacaOrderStream:
    """Live order updates of the account. Updates missed while not live are not made up for."""

    def __init__(
        self,
        address: str,
        credentials: Credentials,
        *,
        handshake_s: float = HANDSHAKE_S,
        acknowledge_s: float = ACKNOWLEDGE_S,
        retry_s: tuple[float, float] = RETRY_S,
    ) -> None:
        self._address = address
        self._credentials = credentials
        self._limits_s = (handshake_s, acknowledge_s)
        self._retry_s = retry_s
        self._health = StreamHealth("order stream")
        self._thread: StreamThread | None = None

    @property
    def is_live(self) -> bool:
        """Whether updates are being listened to now."""
        return self._health.is_live

    @property
    def connections(self) -> int:
        """How often the subscription has come into effect."""
        return self._health.connections

    @property
    def unreadable(self) -> int:
        """How many messages could not be read since the last start; unknown statuses are among them."""
        return self._health.unreadable

    def start(self, on_update: Callable[[OrderView], None]) -> None:
        """Connect in the background; `on_update` is called in the running loop.

        Raises:
            RuntimeError: if it is running.
        """
        if self._thread is not None:
            raise RuntimeError("the order stream is running: stop it first")
        self._health = StreamHealth("order stream")
        stream = _Stream(self._address, self._credentials, self._health, self._limits_s, self._retry_s)
        thread = StreamThread(stream, self._health, name="order-stream", restart_s=self._retry_s[0])
        stream.listen(lambda update: thread.deliver(on_update, update))
        self._thread = thread
        thread.start()

    async def stop(self) -> None:
        """End within two seconds, in every state; safe to call twice."""
        if self._thread is not None:
            await self._thread.stop()
            self._thread = None


class _Stream(BoundedStream, TradingStream):
    def __init__(
        self,
        address: str,
        credentials: Credentials,
        health: StreamHealth,
        limits_s: tuple[float, float],
        retry_s: tuple[float, float],
    ) -> None:
        super().__init__(
            credentials.key.get_secret_value(),
            credentials.secret.get_secret_value(),
            raw_data=True,
            websocket_params=websocket_params(limits_s[0]),
            url_override=address,
        )
        self._credentials = credentials
        self._health = health
        self._limits_s = limits_s
        self._reconnect_min_backoff, self._reconnect_max_backoff = retry_s
        self._on_update: Callable[[OrderView], None] = lambda _update: None

    def listen(self, on_update: Callable[[OrderView], None]) -> None:
        """Subscribe before the thread runs; `on_update` is called in the stream's thread."""
        self._on_update = on_update
        self.subscribe_trade_updates(self._take)

    async def _consume(self) -> None:
        """Read messages until the connection breaks; unlike the SDK's, a bad one raises nothing."""
        while True:
            frame = await self._ws.recv()
            try:
                message = json.loads(frame)
            except (ValueError, RecursionError) as error:
                self._health.count_unreadable(type(error).__name__)
                continue
            await self._dispatch(message)

    async def _dispatch(self, msg: Any) -> None:  # noqa: ANN401 - anything may have come
        if not isinstance(msg, dict):
            self._health.count_unreadable(type(msg).__name__)
        elif msg.get("stream") == "listening":
            self._check_listening(msg.get("data"))
        elif msg.get("stream") == _UPDATES:
            self._data_received = True
            await super()._dispatch(msg)

    def _check_listening(self, data: object) -> None:
        streams = data.get("streams") if isinstance(data, dict) else None
        if isinstance(streams, list) and _UPDATES in streams:
            self._acknowledged()
        else:
            self._refused("the server does not listen to order updates")

    async def _take(self, msg: Any) -> None:  # noqa: ANN401 - the SDK's handler type
        data = msg.get("data")
        order = data.get("order") if isinstance(data, dict) else None
        try:
            if not isinstance(order, dict):
                raise ValueError("no order in the update")  # noqa: TRY004, TRY301 - counted like any bad row
            update = rows.order_view(order)
        except (ValueError, OverflowError) as error:
            self._health.count_unreadable(str(error)[:100])
            return
        self._on_update(update)
