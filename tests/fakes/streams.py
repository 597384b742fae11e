"""Streams and market data that say what a test tells them to say."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from holdfast.domain.bar import Bar
from holdfast.domain.errors import HoldfastError
from holdfast.domain.order import OrderView
from holdfast.domain.timeframe import Timeframe


class FakeBarStream:
    """Live bars: `send` them; `is_live` is what the test says."""

    def __init__(self, *, is_live: bool = True) -> None:
        self.is_live = is_live
        self.connections = 0
        self.symbols: list[str] = []
        self.stopped = False
        self._on_bar: Callable[[Bar], None] | None = None

    def start(self, symbols: Iterable[str], on_bar: Callable[[Bar], None]) -> None:
        """Remember who listens."""
        self.symbols, self._on_bar = sorted(symbols), on_bar

    async def stop(self) -> None:
        """End."""
        self.stopped = True

    def send(self, *bars: Bar) -> None:
        """Publish bars."""
        assert self._on_bar is not None, "nobody listens to the bar stream"
        for bar in bars:
            self._on_bar(bar)


class FakeOrderStream:
    """Order updates: `send` them in any order, as often as you like."""

    def __init__(self, *, is_live: bool = True) -> None:
        self.is_live = is_live
        self.connections = 0
        self.stopped = False
        self._on_update: Callable[[OrderView], None] | None = None

    def start(self, on_update: Callable[[OrderView], None]) -> None:
        """Remember who listens."""
        self._on_update = on_update

    async def stop(self) -> None:
        """End."""
        self.stopped = True

    def send(self, *views: OrderView) -> None:
        """Publish updates; before `start` nobody hears them."""
        for view in views:
            if self._on_update:
                self._on_update(view)


class FakeMarketData:
    """History: the bars that a test has put into it."""

    def __init__(self, *bars: Bar) -> None:
        self.history = list(bars)
        self.failure: HoldfastError | None = None
        self.requests: list[tuple[tuple[str, ...], datetime, datetime]] = []

    async def bars(
        self, symbols: Sequence[str], timeframe: Timeframe, start: datetime, end: datetime
    ) -> Mapping[str, Sequence[Bar]]:
        """Return the bars with start <= time < end; fails while `failure` is set."""
        del timeframe
        self.requests.append((tuple(symbols), start, end))
        if self.failure:
            raise self.failure
        found: dict[str, list[Bar]] = {}
        for bar in self.history:
            if bar.symbol in symbols and start <= bar.time < end:
                found.setdefault(bar.symbol, []).append(bar)
        return found
