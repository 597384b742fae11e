"""The BarStream port over alpaca-py's StockDataStream: minute bars, one connection, raw messages."""

from collections.abc import Callable, Iterable
from typing import Any

import msgpack
from alpaca.data.live.stock import StockDataStream

from holdfast.adapters.alpaca import bar_rows
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
from holdfast.domain.bar import Bar


class AlpacaBarStream:
    """Live minute bars of the symbols given to `start`. Bars missed while not live are not made up for."""

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
        self._health = StreamHealth("bar stream")
        self._thread: StreamThread | None = None

    @property
    def is_live(self) -> bool:
        """Whether the subscription to every symbol is in effect now."""
        return self._health.is_live

    @property
    def connections(self) -> int:
        """How often the subscription has come into effect."""
        return self._health.connections

    @property
    def unreadable(self) -> int:
        """How many messages could not be read since the last start."""
        return self._health.unreadable

    def start(self, symbols: Iterable[str], on_bar: Callable[[Bar], None]) -> None:
        """Connect in the background; `on_bar` is called in the running loop. Pairs and no symbols start nothing.

        Raises:
            RuntimeError: if it is running; other symbols need a stop first.
        """
        if self._thread is not None:
            raise RuntimeError("the bar stream is running: stop it first")
        self._health = StreamHealth("bar stream")
        # Without a symbol the SDK would spin at full speed; a pair belongs to another stream.
        stocks = sorted({symbol for symbol in symbols if "/" not in symbol})
        if not stocks:
            return
        stream = _Stream(self._address, self._credentials, self._health, self._limits_s, self._retry_s)
        thread = StreamThread(stream, self._health, name="bar-stream", restart_s=self._retry_s[0])
        stream.listen(stocks, lambda bar: thread.deliver(on_bar, bar))
        self._thread = thread
        thread.start()

    async def stop(self) -> None:
        """End within two seconds, in every state; safe to call twice."""
        if self._thread is not None:
            await self._thread.stop()
            self._thread = None


class _Stream(BoundedStream, StockDataStream):
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
        self._wanted: frozenset[str] = frozenset()
        self._on_bar: Callable[[Bar], None] = lambda _bar: None

    def listen(self, symbols: list[str], on_bar: Callable[[Bar], None]) -> None:
        """Subscribe before the thread runs; `on_bar` is called in the stream's thread."""
        self._wanted = frozenset(symbols)
        self._on_bar = on_bar
        self.subscribe_bars(self._take, *symbols)

    async def _consume(self) -> bool:
        """Read frames until the connection breaks: as the SDK's, but one bad message does not cost its batch."""
        while True:
            frame = await self._ws.recv()
            try:
                messages = msgpack.unpackb(frame)
            except Exception as error:  # noqa: BLE001 - msgpack raises many kinds on rubbish
                self._health.count_unreadable(type(error).__name__)
                continue
            for message in messages if isinstance(messages, list) else [messages]:
                await self._dispatch(message)

    async def _dispatch(self, msg: Any) -> None:  # noqa: ANN401 - anything may have come
        if not isinstance(msg, dict):
            self._health.count_unreadable(type(msg).__name__)
            return
        kind = msg.get("T")
        if kind == "subscription":
            self._check_subscription(msg)
        elif kind == "error":
            self._refused(f"{msg.get('msg')} ({msg.get('code')})")
        elif kind == "b" and isinstance(msg.get("S"), str):
            self._data_received = True
            await super()._dispatch(msg)
        elif kind == "b":
            self._health.count_unreadable("a bar without a symbol")

    def _check_subscription(self, msg: dict[str, Any]) -> None:
        bars = msg.get("bars")
        granted = {symbol for symbol in bars if isinstance(symbol, str)} if isinstance(bars, list) else set()
        if self._wanted <= granted or "*" in granted:
            self._acknowledged()
        else:
            self._refused(f"{len(self._wanted - granted)} symbols were not subscribed")

    async def _take(self, msg: Any) -> None:  # noqa: ANN401 - the SDK's handler type
        try:
            bar = bar_rows.bar(str(msg["S"]), msg)
        except (ValueError, KeyError, OverflowError) as error:
            self._health.count_unreadable(str(error)[:100])
            return
        self._on_bar(bar)
