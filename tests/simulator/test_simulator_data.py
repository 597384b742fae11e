"""Market data over REST, through alpaca-py."""

from datetime import UTC, datetime

from alpaca.data.requests import StockBarsRequest, StockLatestBarRequest, StockLatestQuoteRequest
from alpaca.data.timeframe import TimeFrame, TimeFrameUnit

from simulator.sim_client import SimClient

HISTORY = datetime(2025, 12, 1, tzinfo=UTC)


def test_history_ends_at_the_current_instant(sim: SimClient) -> None:
    """Ten sessions of history and today's one known bar are there; an end in the future adds none."""
    request = StockBarsRequest(
        symbol_or_symbols=["AAPL", "NOPE"],
        timeframe=TimeFrame.Minute,
        start=HISTORY,
        end=datetime(2027, 1, 1, tzinfo=UTC),
    )
    bars = sim.data.get_stock_bars(request).data
    assert set(bars) == {"AAPL"}
    assert len({bar.timestamp.date() for bar in bars["AAPL"]}) == 11
    assert bars["AAPL"][-1].timestamp == datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


def test_pages_add_up_to_the_whole(sim: SimClient) -> None:
    """Small pages, followed by their token, give the same bars as one large page, in either order."""
    for sort in ("asc", "desc"):
        query = {"symbols": "MSFT,AAPL", "start": "2026-01-02T20:57:00Z", "sort": sort, "timeframe": "1Min"}
        rows, token = [], ""
        while token is not None:
            page = sim.get("/v2/stocks/bars", **query, limit=3, page_token=token)
            rows += [(symbol, bar["t"]) for symbol, bars in page["bars"].items() for bar in bars]
            token = page["next_page_token"]
        whole = sim.get("/v2/stocks/bars", **query)["bars"]
        assert rows == [(symbol, bar["t"]) for symbol in ("AAPL", "MSFT") for bar in whole[symbol]]
        assert len(rows) == 8


def test_larger_bars_are_made_of_minutes(sim: SimClient) -> None:
    """A five-minute and a daily bar have the first open, the extremes, the last close and the whole volume."""
    minutes = sim.get("/v2/stocks/AAPL/bars", start="2026-01-02T14:30:00Z", end="2026-01-02T20:59:00Z")["bars"]
    for unit, amount, count, opened in [
        (TimeFrameUnit.Minute, 5, 78, "2026-01-02T14:30:00+00:00"),
        (TimeFrameUnit.Hour, 1, 7, "2026-01-02T14:00:00+00:00"),
        (TimeFrameUnit.Day, 1, 1, "2026-01-02T05:00:00+00:00"),
    ]:
        request = StockBarsRequest(
            symbol_or_symbols="AAPL",
            timeframe=TimeFrame(amount, unit),
            start=datetime(2026, 1, 2, 5, tzinfo=UTC),
            end=datetime(2026, 1, 2, 23, tzinfo=UTC),
        )
        bars = sim.data.get_stock_bars(request).data["AAPL"]
        assert (len(bars), bars[0].timestamp.isoformat()) == (count, opened)
        assert (bars[0].open, bars[-1].close) == (minutes[0]["o"], minutes[-1]["c"])
        assert max(bar.high for bar in bars) == max(row["h"] for row in minutes)
        assert sum(bar.volume for bar in bars) == sum(row["v"] for row in minutes)


def test_the_latest_bar_and_quote_are_what_the_exchange_fills_at(sim: SimClient) -> None:
    """A market order gets the far side of the latest quote, inside the latest bar."""
    quote = sim.data.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols="AAPL"))["AAPL"]
    bar = sim.data.get_stock_latest_bar(StockLatestBarRequest(symbol_or_symbols="AAPL"))["AAPL"]
    order = sim.get(f"/v2/orders/{sim.order()['id']}")
    assert float(order["filled_avg_price"]) == quote.ask_price
    assert bar.low <= quote.bid_price <= quote.ask_price <= bar.high


def test_bad_queries_are_refused(sim: SimClient) -> None:
    """A timeframe, a time, a limit and a token that cannot be read are 422."""
    for query in ({"timeframe": "2Fort"}, {"start": "noon"}, {"limit": "-1"}, {"page_token": "?"}):
        assert sim.send("GET", "/v2/stocks/bars", params={"symbols": "AAPL", **query}).status_code == 422
