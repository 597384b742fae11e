"""Market data of crypto pairs over the wire, through alpaca-py and without it."""

import json
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from alpaca.data.requests import CryptoBarsRequest, CryptoLatestQuoteRequest, CryptoLatestTradeRequest
from alpaca.data.timeframe import TimeFrame
from websockets.sync.client import ClientConnection, connect

from holdfast.simulator.history import Query, page, parse_frame
from holdfast.simulator.synthetic import SyntheticPrices
from holdfast.simulator.timetable import MarketHours
from simulator.sim_client import PATIENCE_S, SimClient

PAIRS = "/v1beta3/crypto/us"
AUTH = {"action": "auth", "key": "key", "secret": "secret"}


@pytest.fixture
def sim(start_simulator: Any) -> SimClient:  # noqa: ANN401
    """A market of stocks and pairs in its regular session, one minute after the open."""
    client: SimClient = start_simulator(SyntheticPrices(7, ["BTC/USD", "DOGE/USD"]))
    client.step()
    return client


def test_alpaca_py_reads_bars_quotes_and_trades_of_pairs(sim: SimClient) -> None:
    """The models of alpaca-py take what the simulator sends; the quote lies inside the newest bar."""
    request = CryptoBarsRequest(
        symbol_or_symbols=["BTC/USD", "DOGE/USD"], timeframe=TimeFrame.Minute, start=datetime(2026, 1, 5, tzinfo=UTC)
    )
    bars = sim.crypto.get_crypto_bars(request).data
    assert {symbol: len(rows) for symbol, rows in bars.items()} == {"BTC/USD": 1, "DOGE/USD": 1}
    for symbol, (bar,) in bars.items():
        quote = sim.crypto.get_crypto_latest_quote(CryptoLatestQuoteRequest(symbol_or_symbols=symbol))[symbol]
        trade = sim.crypto.get_crypto_latest_trade(CryptoLatestTradeRequest(symbol_or_symbols=symbol))[symbol]
        assert bar.low <= quote.bid_price < quote.ask_price <= bar.high
        assert trade.price == bar.close


def test_the_rows_have_the_fields_of_alpacas(sim: SimClient) -> None:
    """Quotes have two prices and two sizes, trades the side of the taker; no credentials are asked for."""
    rows = {}
    for name in ("bars", "quotes", "trades"):
        answer = sim.send("GET", f"{PAIRS}/latest/{name}", params={"symbols": "BTC/USD"}, headers={})
        rows[name] = answer.json()[name]["BTC/USD"]
    assert set(rows["bars"]) == {"t", "o", "h", "l", "c", "v", "n", "vw"}
    assert set(rows["quotes"]) == {"t", "bp", "bs", "ap", "as"}
    assert set(rows["trades"]) == {"t", "p", "s", "i", "tks"}


@pytest.mark.parametrize("path", ["bars", "latest/bars", "latest/quotes", "latest/trades"])
def test_unknown_pairs_are_absent_and_impossible_ones_refused(sim: SimClient, path: str) -> None:
    """A pair that is not listed is an empty 200; a name without a slash is 400 in Alpaca's words."""
    assert next(iter(sim.get(f"{PAIRS}/{path}", symbols="NOPE/USD").values())) == {}
    answer = sim.send("GET", f"{PAIRS}/{path}", params={"symbols": "BTC/USD,BTCUSD"})
    message = "invalid symbol: BTCUSD does not match ^[A-Z]+x?/[A-Z]+$"
    assert (answer.status_code, answer.json()) == (400, {"message": message})


@pytest.mark.parametrize("path", ["bars", "bars/latest", "quotes/latest", "trades/latest"])
def test_pairs_have_no_place_among_the_stocks(sim: SimClient, path: str) -> None:
    """Asking the stocks' endpoints for a pair is 400."""
    answer = sim.send("GET", f"/v2/stocks/{path}", params={"symbols": "AAPL,BTC/USD"})
    assert (answer.status_code, answer.json()) == (400, {"message": "invalid symbol: BTC/USD"})


def test_a_day_of_a_pair_begins_at_midnight_utc(start_simulator: Any) -> None:  # noqa: ANN401
    """Daily and four-hour bars are aligned to UTC, made of minutes across New York's midnight, and leave none out."""
    sim = start_simulator(SyntheticPrices(7, hours=MarketHours.ALWAYS, first_day=date(2026, 1, 10)))
    sim.run_to("2026-01-10T05:10:00Z")
    query = {"symbols": "ETH/USD", "start": "2026-01-08T00:00:00Z", "limit": 10_000}
    days = sim.get(f"{PAIRS}/bars", timeframe="1Day", **query)["bars"]["ETH/USD"]
    assert [row["t"] for row in days] == [f"2026-01-{day:02d}T00:00:00Z" for day in (8, 9, 10)]
    minutes = sim.get(f"{PAIRS}/bars", **query)["bars"]["ETH/USD"]
    assert len(minutes) == 2 * 1440 + 5 * 60 + 10
    assert sum(row["v"] for row in days) == pytest.approx(sum(row["v"] for row in minutes))
    friday = [row for row in minutes if row["t"].startswith("2026-01-09")]
    assert (days[1]["o"], days[1]["c"]) == (friday[0]["o"], friday[-1]["c"])
    assert (days[1]["h"], days[1]["l"]) == (max(row["h"] for row in friday), min(row["l"] for row in friday))
    hours = sim.get(f"{PAIRS}/bars", timeframe="4Hour", **query)["bars"]["ETH/USD"]
    assert {row["t"][11:13] for row in hours} == {"00", "04", "08", "12", "16", "20"}


def read(socket: ClientConnection) -> Any:  # noqa: ANN401 - any JSON
    """Return the next JSON message."""
    return json.loads(socket.recv(timeout=PATIENCE_S))


def test_each_data_stream_sends_its_own_class_alone(sim: SimClient) -> None:
    """Who asks for everything gets the stocks on their stream and the pairs on theirs."""
    with ExitStack() as opened:
        sockets = {}
        for name in ("data_stream", "crypto_stream"):
            socket = opened.enter_context(connect(getattr(sim.endpoints, name), proxy=None))
            for message in (AUTH, {"action": "subscribe", "bars": ["*"]}):
                socket.send(json.dumps(message))
            sockets[name] = socket
            assert [read(socket)[0]["T"] for _ in range(3)] == ["success", "success", "subscription"]
        sim.step()
        symbols = {name: {row["S"] for row in read(socket)} for name, socket in sockets.items()}
    assert symbols["crypto_stream"] == {"BTC/USD", "DOGE/USD"}
    assert len(symbols["data_stream"]) > 40
    assert not any("/" in symbol for symbol in symbols["data_stream"])


@pytest.mark.parametrize("hours", MarketHours)
def test_a_stocks_day_has_the_sessions_prices_and_all_of_the_volume(hours: MarketHours) -> None:
    """Daily bars have the same prices under any hours; extended trades count for the volume alone."""
    prices = SyntheticPrices(7, hours=hours)
    whole, rows = daily(prices), daily(SyntheticPrices(7))
    assert [bar[:-1] for bar in whole] == [bar[:-1] for bar in rows]
    assert [bar[-1] for bar in whole] == (
        [bar[-1] for bar in rows] if hours is MarketHours.REGULAR else volumes(prices)
    )
    assert len(whole) == 10


def daily(prices: SyntheticPrices) -> list[tuple[Any, ...]]:
    """Return time, prices and volume of a stock's ten days of history."""
    start = prices.first_stretch.start
    query = Query(["AAPL"], parse_frame("1Day"), start - timedelta(days=30), start, 100)
    return [(bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in page(prices, query, start)[0]]


def volumes(prices: SyntheticPrices) -> list[Any]:
    """Add up all minutes of each trading day."""
    start = prices.first_stretch.start
    stretches = [each for each in prices.history(start - timedelta(days=30), start) if each.session]
    return [sum(bar.volume for bar in prices.bars("AAPL", each)) for each in stretches]
