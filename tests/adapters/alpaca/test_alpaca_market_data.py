"""Historical bars from a real local server."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.alpaca.alpaca_servers import CREDENTIALS, Handler, Reply, Request, in_a_loop, serving
from holdfast.adapters.alpaca.market_data import SYMBOLS_PER_REQUEST, AlpacaMarketData
from holdfast.domain.errors import Recoverable
from holdfast.domain.timeframe import TIMEFRAMES

START = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
MINUTE = TIMEFRAMES["1Min"]


def a_row(minute: int, **changes: object) -> dict[str, Any]:
    """Build a bar of the answer, `minute` minutes after START."""
    time = START + timedelta(minutes=minute)
    row = {"t": f"{time:%Y-%m-%dT%H:%M:%SZ}", "o": 1.5, "h": 2, "l": 1, "c": 1.25, "v": 10, "n": 3, "vw": 1.3}
    return row | changes


async def read(url: str, symbols: list[str], minutes: int = 10) -> dict[str, list[int]]:
    """Read bars; returns the minutes after START at which each symbol has one."""
    data = AlpacaMarketData(url, CREDENTIALS, deadline_s=2)
    try:
        found = await data.bars(symbols, MINUTE, START, START + timedelta(minutes=minutes))
    finally:
        await data.aclose()
    return {symbol: [int((bar.time - START) / timedelta(minutes=1)) for bar in bars] for symbol, bars in found.items()}


@in_a_loop
async def test_pages_and_bounds() -> None:
    """All pages are read, the end is excluded, a bad bar costs itself, a silent symbol is absent."""
    pages = {
        None: {"bars": {"AAPL": [a_row(-1), a_row(0), a_row(1, c=0)]}, "next_page_token": "two"},
        "two": {"bars": {"AAPL": [a_row(2), a_row(10)], "MSFT": [a_row(3)], "NVDA": None}, "next_page_token": None},
    }
    with serving(lambda request, _handler: Reply(pages[request.query.get("page_token")])) as server:
        assert await read(server.url, ["MSFT", "AAPL", "QUIET"]) == {"AAPL": [0, 2], "MSFT": [3]}
    query = server.requests[0].query
    assert (server.requests[0].path, query["symbols"]) == ("/v2/stocks/bars", "AAPL,MSFT,QUIET")
    assert (query["feed"], query["timeframe"], query["limit"]) == ("iex", "1Min", "10000")
    assert datetime.fromisoformat(query["start"]) == START


@in_a_loop
async def test_no_bars_at_all() -> None:
    """An answer whose bars are null is empty, without an error."""
    with serving(Reply({"bars": None, "next_page_token": None})) as server:
        assert await read(server.url, ["AAPL"]) == {}


@in_a_loop
async def test_chunks() -> None:
    """Many symbols are spread over requests of bounded length."""
    symbols = [f"S{number}" for number in range(SYMBOLS_PER_REQUEST + 1)]

    def script(request: Request, _handler: Handler) -> Reply:
        return Reply({"bars": {symbol: [a_row(0)] for symbol in request.query["symbols"].split(",")}})

    with serving(script) as server:
        assert set(await read(server.url, symbols)) == set(symbols)
    assert len(server.requests) == 2


@in_a_loop
async def test_refused_symbol() -> None:
    """A symbol that the API refuses costs only itself."""

    def script(request: Request, _handler: Handler) -> Reply:
        symbols = request.query["symbols"].split(",")
        if "B4D" in symbols:
            return Reply({"message": "invalid symbol: B4D"}, 400)
        return Reply({"bars": {symbol: [a_row(0)] for symbol in symbols}})

    with serving(script) as server:
        assert set(await read(server.url, ["A", "B4D", "C", "D"])) == {"A", "C", "D"}


@pytest.mark.parametrize(
    "body",
    [{"bars": []}, {}, [], {"bars": {"AAPL": {}}}, {"bars": {"AAPL": "x"}}, {"bars": {}, "next_page_token": "x"}],
)
@in_a_loop
async def test_unreadable(body: object) -> None:
    """An answer of another shape, or pages without an end, are recoverable and never an empty success."""
    with serving(Reply(body)) as server:
        if body == {"bars": {"AAPL": {}}}:
            assert await read(server.url, ["AAPL"]) == {}
        else:
            with pytest.raises(Recoverable):
                await read(server.url, ["AAPL"])


@in_a_loop
async def test_pairs_have_an_endpoint_of_their_own() -> None:
    """Pairs are asked for apart from the stocks, without a feed or an adjustment, and come back with them."""

    def script(request: Request, _handler: Handler) -> Reply:
        return Reply({"bars": {symbol: [a_row(0)] for symbol in request.query["symbols"].split(",")}})

    with serving(script) as server:
        assert set(await read(server.url, ["BTC/USD", "AAPL", "ETH/USD"])) == {"AAPL", "BTC/USD", "ETH/USD"}
    asked = [(request.path, request.query["symbols"], "feed" in request.query) for request in server.requests]
    assert asked == [
        ("/v2/stocks/bars", "AAPL", True),
        ("/v1beta3/crypto/us/bars", "BTC/USD,ETH/USD", False),
    ]
