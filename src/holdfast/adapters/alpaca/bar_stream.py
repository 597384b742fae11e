"""The BarStream port over alpaca-py's data streams: minute bars, raw messages, one connection for each market."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import msgpack
from alpaca.data.live.crypto import CryptoDataStream
from alpaca.data.live.stock import StockDataStream

from holdfast.adapters.alpaca import bar_rows
from holdfast.adapters.alpaca.bounded_stream import BoundedStream, StreamLimits
from holdfast.adapters.alpaca.credentials import Credentials
from holdfast.adapters.alpaca.threaded_stream import ThreadedStream
from holdfast.domain.bar import Bar
from holdfast.domain.symbols import by_market, is_pair


class AlpacaBarStream:
    """Live minute bars of the symbols given to `start`. Bars missed while not live are not made up for.

    Stocks and pairs come over streams of their own; both are one to the caller, and live while all that is wanted is.
    """

    def __init__(self, stocks: str, pairs: str, credentials: Credentials, limits: StreamLimits | None = None) -> None:
        """`stocks` and `pairs` are the addresses."""
        self._stocks = _MarketStream("bar stream", _StockBars, stocks, credentials, limits)
        self._pairs = _MarketStream("crypto bar stream", _PairBars, pairs, credentials, limits)
        self._wanted: list[_MarketStream] = []
        self._is_running = False

    @property
    def is_live(self) -> bool:
        """Whether the whole subscription is in effect now."""
        return bool(self._wanted) and all(stream.is_live for stream in self._wanted)

    @property
    def connections(self) -> int:
        """How often a part of the subscription has come into effect since the last start."""
        return sum(stream.connections for stream in self._wanted)

    @property
    def unreadable(self) -> int:
        """How many messages could not be read since the last start."""
        return sum(stream.unreadable for stream in self._wanted)

    def start(self, symbols: Iterable[str], on_bar: Callable[[Bar], None]) -> None:
        """Connect in the background; `on_bar` is called in the running loop. No symbols start nothing.

        Raises:
            RuntimeError: if it is running; other symbols need a stop first.
        """
        if self._is_running:
            raise RuntimeError("the bar stream is running: stop it first")
        self._is_running, self._wanted = True, []
        for market in by_market(set(symbols)):
            stream = self._pairs if is_pair(market[0]) else self._stocks
            stream.start(market, on_bar)
            self._wanted.append(stream)

    async def stop(self) -> None:
        """End within two seconds, in every state; safe to call twice."""
        self._is_running = False
        await asyncio.gather(*(stream.stop() for stream in self._wanted))


class _MarketStream(ThreadedStream):
    """The stream of one market."""

    def __init__(
        self,
        name: str,
        sdk: "type[_StockBars | _PairBars]",
        address: str,
        credentials: Credentials,
        limits: StreamLimits | None,
    ) -> None:
        self._name = name
        self._sdk = sdk
        super().__init__(address, credentials, limits)

    def start(self, symbols: list[str], on_bar: Callable[[Bar], None]) -> None:
        """Connect in the background. Without a symbol the SDK would spin at full speed."""
        self._renew()
        stream = self._sdk(self._address, self._credentials, self._health, self._limits)
        thread = self._thread_of(stream)
        stream.listen(symbols, lambda bar: thread.deliver(on_bar, bar))
        thread.start()


class _Bars(BoundedStream):
    """Mixed in before an SDK data stream: its bars, parsed one by one."""

    _wanted: frozenset[str]
    _on_bar: Callable[[Bar], None]

    def listen(self, symbols: list[str], on_bar: Callable[[Bar], None]) -> None:
        """Subscribe before the thread runs; `on_bar` is called in the stream's thread."""
        self._wanted = frozenset(symbols)
        self._on_bar = on_bar
        self.subscribe_bars(self._take, *symbols)  # type: ignore[attr-defined]

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
            await super()._dispatch(msg)  # type: ignore[misc]
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


class _StockBars(_Bars, StockDataStream):
    """Bars of stocks."""


class _PairBars(_Bars, CryptoDataStream):
    """Bars of crypto pairs."""
