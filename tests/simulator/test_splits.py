"""Splits on given days, and what bars and prices look like before and after, over the wire too."""

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from holdfast.domain.bar import Bar
from holdfast.domain.errors import UsageError
from holdfast.simulator.prices import RecordedPrices
from holdfast.simulator.splits import PlannedSplit, SplitBars, Splits, arrange, parse_split
from holdfast.simulator.synthetic import SyntheticPrices
from holdfast.simulator.timetable import MarketHours
from simulator.sim_client import SimClient

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)
FOUR_FOR_ONE = PlannedSplit("XYZ", Decimal(4), TUESDAY)


def three_days() -> RecordedPrices:
    """Record three minutes on each of three days: XYZ at 100 dollars, ABC at 50."""
    opens = [datetime(2026, 1, day, 14, 30, tzinfo=UTC) for day in (5, 6, 7)]
    return RecordedPrices(
        {
            symbol: [
                Bar(symbol, opened + timedelta(minutes=i), price, price + 1, price - 1, price, Decimal(100))
                for opened in opens
                for i in range(3)
            ]
            for symbol, price in (("XYZ", Decimal(100)), ("ABC", Decimal(50)))
        }
    )


def rows(sim: SimClient, symbol: str = "XYZ", **query: str) -> list[tuple[str, float, int]]:
    """Return time, close and volume of all bars of a symbol so far."""
    answer = sim.get(f"/v2/stocks/{symbol}/bars", start="2026-01-05T00:00:00Z", **query)
    return [(row["t"][8:16], row["c"], row["v"]) for row in answer["bars"]]


def closes(sim: SimClient, symbol: str = "XYZ", **query: str) -> list[float]:
    """Return the closes of all bars of a symbol so far."""
    return [close for _, close, _ in rows(sim, symbol, **query)]


def market_of(sim: SimClient) -> Any:  # noqa: ANN401 - the market inside
    """Return the market of a simulator: splitting is no request of Alpaca's."""
    return sim.server._market  # noqa: SLF001 - see above


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("AAPL:4@2026-01-07", PlannedSplit("AAPL", Decimal(4), date(2026, 1, 7))),
        ("BRK.B:1.5@2026-12-31", PlannedSplit("BRK.B", Decimal("1.5"), date(2026, 12, 31))),
        ("T:0.1@2026-01-07", PlannedSplit("T", Decimal("0.1"), date(2026, 1, 7))),
    ],
)
def test_a_split_is_written_as_symbol_ratio_and_day(text: str, split: PlannedSplit) -> None:
    """Whole, broken and reverse ratios are read."""
    assert parse_split(text) == split


@pytest.mark.parametrize(
    "text", ["AAPL", "AAPL:4", "AAPL@2026-01-07", "aapl:4@2026-01-07", "AAPL:-4@2026-01-07", "AAPL:4@2026-13-01", ""]
)
def test_what_is_no_split_is_refused(text: str) -> None:
    """Missing parts, signs, small letters and days that do not exist raise."""
    with pytest.raises(ValueError, match=r"split|symbol|month"):
        parse_split(text)


def test_history_is_shown_as_it_was_or_in_todays_shares(start_simulator: Any) -> None:  # noqa: ANN401
    """Raw bars fall to a quarter on the day; adjusted ones do from the split on and not before; volumes grow."""
    sim = start_simulator(three_days(), splits=(FOUR_FOR_ONE,))
    sim.run_to("2026-01-05T21:00:00Z")
    assert closes(sim) == closes(sim, adjustment="split") == [100, 100, 100]
    assert sim.step()["time"] == "2026-01-06T14:25:00Z"
    assert closes(sim) == [100, 100, 100]
    assert closes(sim, adjustment="split") == [25, 25, 25]
    sim.step(2)
    assert rows(sim) == [*((f"05T14:3{i}", 100, 100) for i in range(3)), ("06T14:30", 25, 400), ("06T14:31", 25, 400)]
    for adjustment in ("split", "all", "split,dividend"):
        assert [row[1:] for row in rows(sim, adjustment=adjustment)] == [(25, 400)] * 5
    assert closes(sim, adjustment="dividend") == closes(sim)
    assert closes(sim, timeframe="1Day") == [100, 25]
    assert closes(sim, timeframe="1Day", adjustment="all") == [25, 25]
    assert closes(sim, "ABC", adjustment="all") == [50] * 5
    assert sim.send("GET", "/v2/stocks/XYZ/bars", params={"adjustment": "twice"}).status_code == 422


def test_a_split_arranged_while_the_market_runs_waits_for_the_next_session(start_simulator: Any) -> None:  # noqa: ANN401
    """During a session it is the next day's; after the close it still is, though its bars were at hand already."""
    sim = start_simulator(three_days())
    sim.run_to("2026-01-05T14:32:00Z")
    market_of(sim).split("XYZ", Decimal(4))
    sim.run_to("2026-01-05T21:00:00Z")
    assert sim.clock()["finished"] is False
    market_of(sim).split("ABC", Decimal("0.5"))
    sim.run_to("2026-01-06T14:32:00Z")
    assert closes(sim) == [100, 100, 100, 25, 25]
    assert closes(sim, "ABC") == [50, 50, 50, 100, 100]


def test_a_split_outlives_the_simulator(start_simulator: Any) -> None:  # noqa: ANN401
    """It is on disk before it is shown: another start needs no flag, and the same flag again does no harm."""
    sim = start_simulator(three_days(), splits=(FOUR_FOR_ONE,))
    sim.run_to("2026-01-05T14:32:00Z")
    market_of(sim).split("ABC", Decimal(2))
    sim.close()
    again = start_simulator(three_days(), splits=(FOUR_FOR_ONE,))
    again.run_to("2026-01-06T14:31:00Z")
    before = [closes(again), closes(again, "ABC"), closes(again, adjustment="all")]
    assert before == [[100, 100, 100, 25], [50, 50, 50, 25], [25, 25, 25, 25]]
    again.close()
    third = start_simulator(three_days(), splits=(FOUR_FOR_ONE,))
    assert [closes(third), closes(third, "ABC"), closes(third, adjustment="all")] == before


def test_prices_of_yesterday_are_told_in_todays_shares(start_simulator: Any) -> None:  # noqa: ANN401
    """Before the first bar of the split's day the last price is a quarter; so after a restart."""
    sim = start_simulator(three_days(), splits=(FOUR_FOR_ONE,))
    sim.run_to("2026-01-06T14:25:00Z")
    for _ in range(2):
        assert market_of(sim).price("XYZ") == 25
        assert market_of(sim).price("ABC") == 50
        assert market_of(sim).previous_close("ABC") is None
        sim.close()
        sim = start_simulator(three_days())
    sim.run_to("2026-01-06T14:31:00Z")
    assert market_of(sim).previous_close("XYZ") == 25


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (PlannedSplit("NOPE", Decimal(2), TUESDAY), "NOPE is not a stock"),
        (PlannedSplit("BTC/USD", Decimal(2), TUESDAY), "BTC/USD is not a stock"),
        (PlannedSplit("XYZ", Decimal(0), TUESDAY), "above zero"),
        (PlannedSplit("XYZ", Decimal(2), date(2026, 1, 4)), "2026-01-04 is not a session"),
        (PlannedSplit("XYZ", Decimal(2), MONDAY), "never goes back"),
    ],
)
def test_a_split_that_cannot_be_is_refused_at_the_start(
    start_simulator: Any,  # noqa: ANN401
    plan: PlannedSplit,
    words: str,
) -> None:
    """An unknown stock, a pair, a ratio of nothing, a Sunday, and a day that has begun."""
    with pytest.raises(UsageError, match=words):
        start_simulator(three_days(), splits=(plan,))


def test_the_command_line_refuses_what_is_no_split(tmp_path: Path) -> None:
    """A flag that cannot be read ends the start with a usage error that shows how it is written."""
    command = [sys.executable, "-m", "holdfast", "simulate", "--data-dir", str(tmp_path), "--split", "AAPL"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "AAPL:4@2026-01-07" in ended.stderr


@pytest.mark.parametrize(
    ("hours", "at"),
    [
        (MarketHours.REGULAR, "2026-01-06T14:25:00+00:00"),
        (MarketHours.EXTENDED, "2026-01-06T08:55:00+00:00"),
        (MarketHours.ALWAYS, "2026-01-06T05:00:00+00:00"),
    ],
)
def test_a_split_comes_with_the_first_instant_of_its_trading_day(hours: MarketHours, at: str) -> None:
    """Before its pre-market, at midnight where time never rests: by day, and as the next one to come."""
    prices = SyntheticPrices(7, hours=hours)
    now = prices.first_stretch.first_instant
    for day in (TUESDAY, None):
        split = arrange(prices, PlannedSplit("AAPL", Decimal(2), day), Splits(), now)
        assert split is not None
        assert split.at.isoformat() == at


@pytest.mark.parametrize("ratio", ["2", "3", "7", "1.5", "0.1"])
def test_split_bars_stay_possible(ratio: str) -> None:
    """Whole cents, a high above and a low below everything, whole shares, and each minute opens at the last close."""
    prices = SyntheticPrices(7)
    bars: Sequence[Bar] = SplitBars(prices.bars("AAPL", prices.first_stretch), Decimal(ratio))
    assert len(bars) == 390
    for bar in bars:
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert all(price % Decimal("0.01") == 0 for price in (bar.open, bar.high, bar.low, bar.close))
        assert bar.volume == bar.volume.to_integral_value()
    assert [bar.open for bar in bars[1:]] == [bar.close for bar in bars[:-1]]


def test_a_position_is_split_with_the_price_and_an_order_is_not(start_simulator: Any) -> None:  # noqa: ANN401
    """Ten shares at 100 are forty at 25 and worth the same, at once and after a restart; a resting order stays."""
    sim = start_simulator(three_days(), splits=(FOUR_FOR_ONE,))
    sim.run_to("2026-01-05T14:32:00Z")
    sim.order(qty="10", symbol="XYZ")
    resting = sim.order("sell", "10", "XYZ", type="limit", limit_price="150", time_in_force="gtc")["id"]
    cost = Decimal(sim.get("/v2/positions/XYZ")["cost_basis"])
    for time, price in [("2026-01-05T21:00:00Z", 100), ("2026-01-06T14:25:00Z", 25), ("2026-01-06T14:31:00Z", 25)]:
        sim.run_to(time)
        for _ in range(2):
            position, order = sim.get("/v2/positions/XYZ"), sim.get(f"/v2/orders/{resting}")
            assert Decimal(position["qty"]) * price == 1000
            assert (Decimal(position["current_price"]), Decimal(position["market_value"])) == (price, 1000)
            assert Decimal(position["cost_basis"]) == cost
            assert (order["qty"], order["limit_price"]) == ("10", "150")
            sim.close()
            sim = start_simulator(three_days())
