"""The MarketData port over alpaca-py's historical data clients: all pages, many symbols per request.

The pages are walked here, one deadline each: the SDK's own loop loses everything when one page fails, breaks
on `{"bars": null}` and never ends on a token that repeats.
"""

import asyncio
import functools
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from alpaca.common.rest import RESTClient
from alpaca.data.historical.crypto import CryptoHistoricalDataClient
from alpaca.data.historical.stock import StockHistoricalDataClient
from loguru import logger

from holdfast.adapters.alpaca import bar_rows
from holdfast.adapters.alpaca.credentials import Credentials
from holdfast.adapters.alpaca.rest import RestCaller
from holdfast.adapters.alpaca.transport import DEADLINE_S
from holdfast.domain.bar import Bar
from holdfast.domain.errors import Recoverable, Rejected
from holdfast.domain.symbols import by_market, is_pair
from holdfast.domain.timeframe import Timeframe

SYMBOLS_PER_REQUEST = 200
_BARS_PER_PAGE = 10_000
_BAD_REQUEST = 400

Series = dict[str, dict[datetime, Bar]]


class AlpacaMarketData:
    """Historical bars of stocks and pairs; those of stocks are one feed's, adjusted for splits to today's prices."""

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        *,
        feed: str = "iex",
        adjustment: str = "split",
        deadline_s: float = DEADLINE_S,
    ) -> None:
        keys = credentials.key.get_secret_value(), credentials.secret.get_secret_value()
        stocks = StockHistoricalDataClient(*keys, raw_data=True, url_override=url)
        pairs = CryptoHistoricalDataClient(*keys, raw_data=True, url_override=url)
        call = functools.partial(RestCaller, url=url, credentials=credentials, deadline_s=deadline_s)
        terms = {"feed": feed, "adjustment": adjustment}
        self._stocks = _BarPages(stocks, call(stocks, name="alpaca-data"), "/stocks/bars", terms)
        self._pairs = _BarPages(pairs, call(pairs, name="alpaca-crypto-data"), "/crypto/us/bars", {})

    @property
    def calls(self) -> int:
        """How many requests went out so far."""
        return self._stocks.rest.calls + self._pairs.rest.calls

    async def bars(
        self, symbols: Sequence[str], timeframe: Timeframe, start: datetime, end: datetime
    ) -> Mapping[str, Sequence[Bar]]:
        """Read the bars with start <= time < end, oldest first; silent symbols are absent.

        Whether the newest one is complete is the caller's business. Raises Recoverable, Rejected or
        CredentialsError; one page that cannot be had fails the whole read.
        """
        query: dict[str, object] = {
            "timeframe": timeframe.name,
            "start": start.isoformat(),
            "end": end.isoformat(),
            "limit": _BARS_PER_PAGE,
        }
        series: Series = {}
        # A pair in the list of stocks would make the API refuse all the others.
        for market in by_market(set(symbols)):
            pages = self._pairs if is_pair(market[0]) else self._stocks
            for first in range(0, len(market), SYMBOLS_PER_REQUEST):
                await pages.read(market[first : first + SYMBOLS_PER_REQUEST], query, series)
        return {
            symbol: [found[time] for time in sorted(found) if start <= time < end]
            for symbol, found in series.items()
            if any(start <= time < end for time in found)
        }

    async def aclose(self) -> None:
        """Cut what is on its way and end the threads; safe to call twice."""
        await asyncio.gather(self._stocks.rest.aclose(), self._pairs.rest.aclose())


class _BarPages:
    """One endpoint of bars; `terms` go along with every request to it."""

    def __init__(self, client: RESTClient, rest: RestCaller, path: str, terms: Mapping[str, object]) -> None:
        self.rest = rest
        self._client = client
        self._path = path
        self._terms = dict(terms)

    async def read(self, symbols: list[str], query: dict[str, object], series: Series) -> None:
        """Read all pages of some symbols; one that the API refuses is found by halving and costs only itself."""
        try:
            await self._pages(self._terms | query | {"symbols": ",".join(symbols)}, series)
        except Rejected as refused:
            if refused.status != _BAD_REQUEST or "symbol" not in refused.reason.lower():
                raise
            if len(symbols) == 1:
                logger.warning("no bars of {}: {}", symbols[0], refused.reason)
                return
            middle = len(symbols) // 2
            await self.read(symbols[:middle], query, series)
            await self.read(symbols[middle:], query, series)

    async def _pages(self, query: dict[str, object], series: Series) -> None:
        seen: set[str] = set()
        while True:
            token = await self.rest.run(functools.partial(self._page, query, series))
            if token is None:
                return
            if token in seen:
                raise Recoverable("the broker gives the same page of bars again and again")
            seen.add(token)
            query = query | {"page_token": token}

    def _page(self, query: dict[str, object], series: Series) -> str | None:
        """Fetch one page into `series`, in a pool thread; returns the token of the next one."""
        answer: Any = self._client.get(self._path, query)
        if not isinstance(answer, dict) or "bars" not in answer:
            raise Recoverable("the broker's answer holds no bars")
        found = answer["bars"] if answer["bars"] is not None else {}
        if not isinstance(found, dict):
            raise Recoverable("the broker's bars are not keyed by symbol")
        for symbol, raw_bars in found.items():
            _collect(symbol, raw_bars or [], series)
        token = answer.get("next_page_token")
        if token is not None and not isinstance(token, str):
            raise Recoverable("the token of the next page of bars is unreadable")
        return token or None


def _collect(symbol: str, raw_bars: object, series: Series) -> None:
    """Parse one symbol's bars; the bad ones are left out and counted."""
    if not isinstance(raw_bars, list):
        raise Recoverable(f"the bars of {symbol} are not a list")
    bad = 0
    for raw in raw_bars:
        try:
            parsed = bar_rows.bar(symbol, raw)
        except (ValueError, OverflowError):
            bad += 1
        else:
            series.setdefault(symbol, {})[parsed.time] = parsed
    if bad:
        logger.warning("{}: {} of {} bars could not be read and were left out", symbol, bad, len(raw_bars))
