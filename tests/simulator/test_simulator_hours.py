"""Market time beyond the regular session, over HTTP: what is lived through, what is skipped, what a restart finds."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from holdfast.bootstrap.prices import build_prices
from holdfast.domain.bar import Bar
from holdfast.exchange.hours import Phase
from holdfast.simulator.market import Market, facts_of_new_account
from holdfast.simulator.prices import RecordedPrices
from holdfast.simulator.store import AccountStore
from holdfast.simulator.synthetic import SyntheticPrices
from holdfast.simulator.timetable import MarketHours
from simulator.sim_client import SimClient

EXTENDED, ALWAYS = MarketHours.EXTENDED, MarketHours.ALWAYS
MINUTE = timedelta(minutes=1)


class Nobody:
    """An audience that looks away."""

    def see_events(self, *_: object) -> None: ...

    def see_bars(self, *_: object) -> None: ...


def from_day(day: str, hours: MarketHours) -> SyntheticPrices:
    """Return a synthetic market that begins on a day."""
    return SyntheticPrices(7, first_day=date.fromisoformat(day), hours=hours)


def phase(sim: SimClient) -> Phase:
    """Return the part of the day that the exchange is told."""
    market = sim.server._market  # noqa: SLF001 - the wire does not say it
    return market.hours.phase(market.time)


def bars(symbol: str, start: str, count: int, step: timedelta = MINUTE, price: int = 50) -> list[Bar]:
    """Make some recorded bars of one price."""
    opened, amount = datetime.fromisoformat(start).replace(tzinfo=UTC), Decimal(price)
    return [Bar(symbol, opened + step * i, amount, amount, amount, amount, Decimal(10)) for i in range(count)]


def test_extended_hours_run_from_four_to_eight_and_skip_the_night(start_simulator: Any) -> None:  # noqa: ANN401
    """The clock calls the market open in the regular session only; bars come all day; the night costs one step."""
    sim = start_simulator(from_day("2026-01-05", EXTENDED))
    for time, is_open, next_open, next_close, part in [
        ("2026-01-05T08:55:00Z", False, "2026-01-05T09:30", "2026-01-05T16:00", Phase.CLOSED),
        ("2026-01-05T09:01:00Z", False, "2026-01-05T09:30", "2026-01-05T16:00", Phase.PRE),
        ("2026-01-05T14:29:00Z", False, "2026-01-05T09:30", "2026-01-05T16:00", Phase.PRE),
        ("2026-01-05T14:30:00Z", True, "2026-01-06T09:30", "2026-01-05T16:00", Phase.REGULAR),
        ("2026-01-05T20:59:00Z", True, "2026-01-06T09:30", "2026-01-05T16:00", Phase.REGULAR),
        ("2026-01-05T21:00:00Z", False, "2026-01-06T09:30", "2026-01-06T16:00", Phase.POST),
        ("2026-01-06T00:59:00Z", False, "2026-01-06T09:30", "2026-01-06T16:00", Phase.POST),
        ("2026-01-06T01:00:00Z", False, "2026-01-06T09:30", "2026-01-06T16:00", Phase.CLOSED),
    ]:
        assert sim.run_to(time)["time"] == time
        clock = sim.get("/v2/clock")
        assert (clock["is_open"], clock["next_open"][:16], clock["next_close"][:16]) == (is_open, next_open, next_close)
        assert phase(sim) is part
    assert len(sim.get("/v2/stocks/AAPL/bars", start="2026-01-05T09:00:00Z")["bars"]) == 960
    assert sim.step()["time"] == "2026-01-06T08:55:00Z"


def test_a_half_day_closes_at_one_and_its_week_end_is_skipped(start_simulator: Any) -> None:  # noqa: ANN401
    """The day after Thanksgiving: open until 13:00, post-market until 20:00, then Monday morning."""
    sim = start_simulator(from_day("2026-11-27", EXTENDED))
    sim.run_to("2026-11-27T17:59:00Z")
    assert sim.get("/v2/clock")["next_close"] == "2026-11-27T13:00:00-05:00"
    sim.run_to("2026-11-27T18:00:00Z")
    assert sim.get("/v2/clock")["is_open"] is False
    assert phase(sim) is Phase.POST
    assert sim.run_to("2026-11-28T01:00:00Z")["time"] == "2026-11-28T01:00:00Z"
    assert sim.step()["time"] == "2026-11-30T08:55:00Z"


def test_on_a_holiday_pairs_trade_and_stocks_rest(start_simulator: Any) -> None:  # noqa: ANN401
    """Thanksgiving in a market without a gap: a bar of bitcoin a minute, none of a stock, and the clock is closed."""
    sim = start_simulator(from_day("2026-11-26", ALWAYS))
    seen = sim.run_to("2026-11-26T05:05:00Z")
    assert "BTC/USD" in seen["symbols"]
    assert "AAPL" not in seen["symbols"]
    clock = sim.get("/v2/clock")
    assert (clock["is_open"], clock["next_open"]) == (False, "2026-11-27T09:30:00-05:00")
    assert clock["next_close"] == "2026-11-27T13:00:00-05:00"
    assert sim.get("/v2/stocks/AAPL/bars", start="2026-11-26T00:00:00Z", timeframe="1Day")["bars"] == []


@pytest.mark.parametrize(
    ("sunday", "first_minute", "midnight", "premarket"),
    [
        ("2026-03-08", "2026-03-08T05:01:00Z", "2026-03-09T04:00:00Z", "2026-03-09T08:01:00Z"),
        ("2026-11-01", "2026-11-01T04:01:00Z", "2026-11-02T05:00:00Z", "2026-11-02T09:01:00Z"),
    ],
)
def test_when_the_clocks_change_no_minute_is_lost_or_doubled(
    start_simulator: Any,  # noqa: ANN401
    sunday: str,
    first_minute: str,
    midnight: str,
    premarket: str,
) -> None:
    """A Sunday of 23 or 25 hours: one bar of a pair for every minute of UTC; Monday's pre-market begins at four."""
    sim = start_simulator(from_day(sunday, ALWAYS))
    assert sim.step()["time"] == first_minute
    assert sim.run_to(midnight)["time"] == midnight
    rows = sim.get("/v1beta3/crypto/us/bars", symbols="BTC/USD", start=first_minute, end=midnight, limit=10_000)
    times = [datetime.fromisoformat(row["t"]) for row in rows["bars"]["BTC/USD"]]
    assert times[-1] == datetime.fromisoformat(midnight) - MINUTE
    assert {later - earlier for earlier, later in pairwise(times)} == {MINUTE}
    before = (datetime.fromisoformat(premarket) - MINUTE).isoformat()
    assert "AAPL" not in sim.run_to(before)["symbols"]
    assert "AAPL" in sim.run_to(premarket)["symbols"]


def test_a_restart_in_a_night_of_the_week_end_finds_every_price(start_simulator: Any) -> None:  # noqa: ANN401
    """At New York's midnight and minutes later: quotes and bars are the same after it, and the next minute follows."""
    prices = from_day("2026-01-10", ALWAYS)
    sim = start_simulator(prices)
    paths = (
        "/v2/account",
        "/v1beta3/crypto/us/latest/quotes?symbols=BTC/USD,DOGE/USD",
        "/v1beta3/crypto/us/bars?symbols=BTC/USD&timeframe=1Hour",
        "/v2/stocks/bars/latest?symbols=AAPL",
        "/v2/clock",
    )
    for time, following in [("05:00", "05:01"), ("05:07", "05:08")]:
        assert sim.run_to(f"2026-01-11T{time}:00Z")["time"] == f"2026-01-11T{time}:00Z"
        before = [sim.get(path) for path in paths]
        quotes = quotes_of(sim)
        assert before[-1]["next_open"] == "2026-01-12T09:30:00-05:00"
        sim.close()
        sim = start_simulator(prices)
        assert [sim.get(path) for path in paths] == before
        assert quotes_of(sim) == quotes
        assert sim.step()["time"] == f"2026-01-11T{following}:00Z"


@pytest.mark.parametrize(
    ("time", "has_quote"), [("09:02", True), ("14:32", True), ("21:00", False), ("21:02", True), ("01:00", False)]
)
def test_a_restart_finds_the_quotes_that_were_there(time: str, has_quote: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """A stock has a quote from the first bar of the trading day or of the post-market until that part ends."""
    day = "2026-01-06" if time == "01:00" else "2026-01-05"
    prices = from_day("2026-01-05", EXTENDED)
    facts = facts_of_new_account(prices, account_id="a", cash=Decimal(1))
    store = AccountStore(tmp_path)
    store.create({**facts, "time": f"{day}T{time}:00+00:00"})
    account = store.load()
    assert account is not None
    market = Market(prices=prices, store=store, account=account, audience=Nobody())
    store.close()
    assert (market.exchange.quote("AAPL") is not None) is has_quote


def quotes_of(sim: SimClient) -> dict[str, Any]:
    """Return what orders would fill at: the exchange's own quotes."""
    exchange = sim.server._market.exchange  # noqa: SLF001 - REST shows the newest bar even where nobody quotes
    return {symbol: exchange.quote(symbol) for symbol in ("BTC/USD", "AAPL")}


@pytest.mark.parametrize("hours", [EXTENDED, ALWAYS])
def test_sessions_are_counted_by_their_closes(start_simulator: Any, hours: MarketHours) -> None:  # noqa: ANN401
    """One session ends the market at 16:00 New York; opened again, it goes on with the minute after."""
    prices = from_day("2026-01-05", hours)
    sim = start_simulator(prices, sessions=1)
    last = sim.run_to("2026-01-05T21:00:00Z")
    assert (last["finished"], last["reason"]) == (True, "session over")
    sim.close()
    again = start_simulator(prices, sessions=1)
    assert again.step()["time"] == "2026-01-05T21:01:00Z"
    assert again.clock()["finished"] is False


def test_recorded_bars_outside_the_session_count_in_extended_hours() -> None:
    """The same file loses its pre-market under regular hours, and a bar of the night under extended ones."""
    recorded = {"XYZ": bars("XYZ", "2026-01-05T14:28:00", 4) + bars("XYZ", "2026-01-06T03:00:00", 1)}
    assert RecordedPrices(recorded).bars_outside_hours == 3
    assert RecordedPrices(recorded, EXTENDED).bars_outside_hours == 1
    assert RecordedPrices(recorded, ALWAYS).bars_outside_hours == 0


def test_recorded_pairs_play_through_minutes_without_a_bar(start_simulator: Any) -> None:  # noqa: ANN401
    """Where time never rests every minute is an instant, from the first day with a bar to the last one's end."""
    recorded = {"BTC/USD": bars("BTC/USD", "2026-01-10T05:00:00", 2) + bars("BTC/USD", "2026-01-10T05:04:00", 1)}
    sim = start_simulator(build_prices_of(recorded))
    assert sim.clock()["time"] == "2026-01-10T05:00:00Z"
    seen = [sim.step() for _ in range(5)]
    assert [(clock["time"][11:16], clock["symbols"]) for clock in seen] == [
        ("05:01", ["BTC/USD"]),
        ("05:02", ["BTC/USD"]),
        ("05:03", []),
        ("05:04", []),
        ("05:05", ["BTC/USD"]),
    ]
    last = sim.run_to("2026-01-11T05:00:00Z")
    assert (last["finished"], last["reason"]) == (True, "bars used up")


def build_prices_of(recorded: dict[str, list[Bar]]) -> RecordedPrices:
    """Replay bars without a gap in time."""
    return RecordedPrices(recorded, ALWAYS)


def test_daily_bars_of_pairs_end_at_midnight_utc() -> None:
    """A recorded day of a pair belongs to the stretch in which it ends, and is known at that very moment."""
    prices = RecordedPrices({"BTC/USD": bars("BTC/USD", "2026-01-10T00:00:00", 2, timedelta(days=1))}, ALWAYS)
    assert prices.period == timedelta(days=1)
    assert datetime(2026, 1, 11, tzinfo=UTC) in prices.close_times(prices.first_stretch)
    assert prices.first_stretch.end == datetime(2026, 1, 11, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("universe", "asked", "found"),
    [
        (["IBM"], None, MarketHours.REGULAR),
        (["IBM", "BTC/USD"], None, ALWAYS),
        (["IBM", "BTC/USD"], "regular", MarketHours.REGULAR),
        (["IBM"], "extended", EXTENDED),
    ],
)
def test_hours_follow_from_the_universe_unless_they_are_said(
    universe: list[str], asked: str | None, found: MarketHours
) -> None:
    """A pair needs the night; who says otherwise gets it."""
    assert build_prices(bars=None, seed=7, universe=universe, hours=asked).timetable.hours is found


def test_the_day_before_ends_at_the_close_whatever_came_after(start_simulator: Any) -> None:  # noqa: ANN401
    """Yesterday's price of a stock is its session's last, not its post-market's; a pair's is midnight's."""
    sim = start_simulator(SyntheticPrices(7, ["BTC/USD"], hours=ALWAYS, first_day=date(2026, 1, 6)))
    sim.run_to("2026-01-06T09:30:00Z")
    market = sim.server._market  # noqa: SLF001 - shown by positions only
    rows = sim.get("/v2/stocks/AAPL/bars", start="2026-01-05T20:59:00Z", end="2026-01-05T20:59:00Z")["bars"]
    assert float(market.previous_close("AAPL")) == rows[0]["c"]
    pair = sim.get("/v1beta3/crypto/us/bars", symbols="BTC/USD", start="2026-01-05T23:59:00Z")["bars"]["BTC/USD"]
    assert float(market.previous_close("BTC/USD")) == pair[0]["c"]


def test_only_orders_for_extended_hours_trade_before_the_open(start_simulator: Any) -> None:  # noqa: ANN401
    """At 04:05 a limit order for extended hours fills; a plain market order waits for the session's first minute."""
    sim = start_simulator(from_day("2026-01-05", EXTENDED))
    sim.run_to("2026-01-05T09:05:00Z")
    early = sim.order(type="limit", limit_price="400", extended_hours=True)["id"]
    plain = sim.order()["id"]
    assert sim.get(f"/v2/orders/{early}")["status"] == "filled"
    sim.run_to("2026-01-05T14:30:00Z")
    assert sim.get(f"/v2/orders/{plain}")["filled_qty"] == "0"
    sim.step()
    bought = sim.get(f"/v2/orders/{plain}")
    opened = sim.get("/v2/stocks/AAPL/bars", start="2026-01-05T14:30:00Z")["bars"][0]["o"]
    assert (bought["status"], float(bought["filled_avg_price"])) == ("filled", opened)


def test_a_pair_is_bought_at_night(start_simulator: Any) -> None:  # noqa: ANN401
    """Minutes after midnight, on a holiday: the order fills at the quote that the data shows."""
    sim = start_simulator(from_day("2026-11-26", ALWAYS))
    sim.run_to("2026-11-26T05:05:00Z")
    for symbol, quantity in (("BTC/USD", "0.01"), ("DOGE/USD", "1000")):
        quote = sim.get("/v1beta3/crypto/us/latest/quotes", symbols=symbol)["quotes"][symbol]
        order_id = sim.order(symbol=symbol, qty=quantity, time_in_force="gtc")["id"]
        order = sim.get(f"/v2/orders/{order_id}")
        assert (order["status"], float(order["filled_avg_price"])) == ("filled", quote["ap"])
    assert {row["symbol"] for row in sim.get("/v2/positions")} == {"BTCUSD", "DOGEUSD"}
