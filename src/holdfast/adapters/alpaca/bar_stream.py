"""The BarStream port over alpaca-py's StockDataStream: minute bars, one connection, raw messages."""

from collections.abc import Callable, Iterable
from typing import Any

import msgpack
from alpaca.data.live.stock import StockDataStream

from holdfast.adapters.alpaca import bar_rows
from holdfast.adapters.alpaca.bounded_stream import BoundedStream
from holdfast.adapters.alpaca.threaded_stream import ThreadedStream
from holdfast.domain.bar import Bar


class AlpacaBarStream(ThreadedStream):
    """Live minute bars of the symbols given to `start`. Bars missed while not live are not made up for."""

    _name = "bar stream"

    def start(self, symbols: Iterable[str], on_bar: Callable[[Bar], None]) -> None:
        """Connect in the background; `on_bar` is called in the running loop. Pairs and no symbols start nothing.

        Raises:
            RuntimeError: if it is running; other symbols need a stop first.
        """
        self._renew()
        # Without a symbol the SDK would spin at full speed; a pair belongs to another stream.
        stocks = sorted({symbol for symbol in symbols if "/" not in symbol})
        if not stocks:
            return
        stream = _Stream(self._address, self._credentials, self._health, self._limits)
        thread = self._thread_of(stream)
        stream.listen(stocks, lambda bar: thread.deliver(on_bar, bar))
        thread.start()


class _Stream(BoundedStream, StockDataStream):
    _wanted: frozenset[str]
    _on_bar: Callable[[Bar], None]

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
