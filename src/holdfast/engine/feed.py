"""Bars on their way to the workers: from the stream while it lives, from one multi-symbol request while it does not."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from loguru import logger

from holdfast.domain.bar import Bar
from holdfast.domain.errors import Recoverable, Rejected
from holdfast.domain.symbols import by_market
from holdfast.domain.timeframe import TIMEFRAMES
from holdfast.engine.ports import BarStream, MarketData

# Well below the 5 s for which servers commonly keep an idle connection: the order that follows must not meet its end.
STREAM_PATIENCE_S = 3.0


class BarFeed:
    """Delivers each bar of each symbol once, in order; what a stream skipped is filled in from history."""

    def __init__(
        self,
        market_data: MarketData,
        stream: BarStream,
        newest: Mapping[str, datetime],
        deliver: Callable[[Bar], None],
        *,
        is_paced: bool,
        patience_s: float = STREAM_PATIENCE_S,
    ) -> None:
        """`newest` holds, per symbol to follow, the open time of the newest bar it already knows.

        With `is_paced`, a bar that comes before the clock has reached its close waits for `bring`: replayed time
        must be the same for every worker that decides on an instant. `patience_s` is how long a living stream is
        waited for.
        """
        self._market_data = market_data
        self._stream = stream
        self._timeframe = TIMEFRAMES["1Min"]
        self._newest = dict(newest)
        self._deliver = deliver
        self._arrived = asyncio.Event()
        self._was_live = False
        self._connections = 0
        self._is_paced = is_paced
        self._patience_s = patience_s
        self._waiting: list[Bar] = []
        self._has_spoken = False
        # Symbols that a living stream does not bring: they are asked for at once, until it brings one of their bars.
        self._silent: set[str] = set()

    def start(self) -> None:
        """Listen to the stream."""
        self._stream.start(self._newest, self._on_stream)

    def _on_stream(self, bar: Bar) -> None:
        self._has_spoken = True
        self._silent.discard(bar.symbol)
        if self._is_paced:
            self._waiting.append(bar)
            self._arrived.set()
        else:
            self._on_bar(bar)

    def _release(self, due: datetime) -> None:
        """Deliver what waited and opened at `due` or before."""
        waiting, self._waiting = self._waiting, []
        for bar in waiting:
            if bar.time <= due:
                self._on_bar(bar)
            else:
                self._waiting.append(bar)

    def _on_bar(self, bar: Bar) -> None:
        if bar.symbol in self._newest and bar.time > self._newest[bar.symbol]:
            self._newest[bar.symbol] = bar.time
            self._deliver(bar)

    def rewind(self, now: datetime) -> None:
        """After the clock was set back no bar may be taken for known that has not opened yet."""
        newest = now - self._timeframe.length
        self._newest = {symbol: min(time, newest) for symbol, time in self._newest.items()}

    async def bring(self, symbols: Iterable[str], now: datetime) -> None:
        """Return once the bars of `symbols` that closed at `now` are delivered, or cannot be had."""
        due = now - self._timeframe.length
        self._release(due)
        if self._was_live:
            try:
                async with asyncio.timeout(self._patience_s):
                    while set(self._missing(symbols, due)) - self._silent:
                        self._arrived.clear()
                        await self._arrived.wait()
                        self._release(due)
            except TimeoutError:
                logger.info("the bar stream has not brought the bars of {:%H:%M}; asking for them", due)
        missing = self._missing(symbols, due)
        if missing:
            if self._was_live:
                # What is waited for in vain must not make everybody wait for it again and again (I9).
                self._silent.update(missing)
            await self.backfill(missing, now)
        # Only a stream that lives before an instant is published can bring its bars.
        self._was_live = self._stream.is_live

    def _missing(self, symbols: Iterable[str], due: datetime) -> list[str]:
        return [symbol for symbol in symbols if self._newest.get(symbol, due) < due]

    async def catch_up(self, now: datetime) -> None:
        """Ask for what the stream may have missed: always while it is away or says nothing, and when it is back."""
        is_live, connections = self._stream.is_live, self._stream.connections
        is_whole = is_live and self._was_live and self._has_spoken and connections == self._connections
        if self._newest and not is_whole:
            await self.backfill(list(self._newest), now)
        self._was_live, self._connections, self._has_spoken = is_live, connections, False

    async def backfill(self, symbols: list[str], now: datetime) -> None:
        """Deliver every complete bar of `symbols` that is not delivered yet; one request for a market, pages apart."""
        for market in by_market(symbols):
            await self._backfill(market, now)

    async def _backfill(self, symbols: list[str], now: datetime) -> None:
        start = min(self._newest[symbol] for symbol in symbols) + self._timeframe.length
        end = now - self._timeframe.length
        try:
            # The request's end is exclusive; a bar that opens at `end` is complete at `now`.
            found = await self._market_data.bars(symbols, self._timeframe, start, end + self._timeframe.length)
        except (Recoverable, Rejected) as error:
            logger.warning("bars could not be read: {}; asking again later", error)
            return
        bars = [bar for rows in found.values() for bar in rows if bar.time <= end]
        for bar in sorted(bars, key=lambda one: (one.time, one.symbol)):
            self._on_bar(bar)

    async def stop(self) -> None:
        """End the stream within a bound."""
        await self._stream.stop()
