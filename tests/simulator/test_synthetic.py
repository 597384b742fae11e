"""The market that is made from a seed."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import mean

import pytest

from holdfast.domain.bar import Bar
from holdfast.simulator.calendar import session_of_date
from holdfast.simulator.catalogue import PAIRS
from holdfast.simulator.synthetic import SyntheticPrices
from holdfast.simulator.timetable import MarketHours

DAY = date(2026, 1, 5)
MINUTE = timedelta(minutes=1)
DIGEST_OF_SESSIONS = "fdc335917e13166793f4d05b650ddcbd25ca1514d988f4bb882109bc4abbdef4"


def bars_of(prices: SyntheticPrices, symbol: str, day: date = DAY) -> Sequence[Bar]:
    """Return one symbol's bars of the stretch around a trading day."""
    session = session_of_date(day)
    assert session is not None
    return prices.bars(symbol, prices.timetable.of_session(session))


def closes(prices: SyntheticPrices, symbol: str, day: date = DAY) -> list[float]:
    """Return the closes of one symbol's day."""
    return [float(bar.close) for bar in bars_of(prices, symbol, day)]


def is_possible(bar: Bar) -> bool:
    """Whether open and close lie between low and high, above zero, and something was traded."""
    return 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high and bar.volume > 0


def in_session(bars: Sequence[Bar], day: date) -> list[Bar]:
    """Return the bars of the regular session."""
    session = session_of_date(day)
    assert session is not None
    return [bar for bar in bars if session.open <= bar.time < session.close]


def test_a_symbols_bars_depend_on_nothing_but_seed_symbol_and_date() -> None:
    """Other symbols and other first days change no bar; another seed and another symbol do."""
    first = closes(SyntheticPrices(7, ["AAPL"]), "AAPL")
    assert first == closes(SyntheticPrices(7, ["ZZZ", "AAPL"], first_day=date(2026, 1, 2)), "AAPL")
    assert first != closes(SyntheticPrices(8), "AAPL")
    assert first != closes(SyntheticPrices(7), "MSFT")


def test_every_bar_is_possible_and_days_follow_each_other() -> None:
    """Open and close lie between low and high, each minute opens where the last closed, a half day is short."""
    prices = SyntheticPrices(7)
    for symbol in prices.instruments:
        bars = prices.bars(symbol, prices.first_stretch)
        assert len(bars) == 390
        assert all(is_possible(bar) for bar in bars)
        assert all(earlier.close == later.open for earlier, later in pairwise(bars))
        assert all(20 <= bar.close <= 500 for bar in bars)
    assert len(closes(prices, "AAPL", date(2026, 11, 27))) == 210
    assert prices.bars("NOPE", prices.first_stretch) == ()


def test_a_session_crosses_its_averages_several_times() -> None:
    """The 10 and 30 minute averages of every symbol cross at least three times on the first day."""
    prices = SyntheticPrices(7)
    for symbol in prices.instruments:
        path = closes(prices, symbol)
        above = [sum(path[i - 10 : i]) / 10 > sum(path[i - 30 : i]) / 30 for i in range(30, len(path))]
        assert sum(a != b for a, b in pairwise(above)) >= 3, symbol


@pytest.mark.parametrize("hours", MarketHours)
def test_a_session_is_the_same_to_the_byte_whatever_surrounds_it(hours: MarketHours) -> None:
    """Seed 7 gives these sessions since the first version: a full day, a half day, and one after a clock change."""
    prices = SyntheticPrices(7, ["ZZZ"], hours=hours)
    digest = hashlib.sha256()
    for day in (date(2026, 1, 5), date(2026, 11, 27), date(2026, 3, 9)):
        for symbol in ("AAPL", "MSFT", "ZZZ"):
            for bar in in_session(bars_of(prices, symbol, day), day):
                prices_shown = f"{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume}"
                digest.update(f"{bar.symbol},{bar.time.isoformat()},{prices_shown}\n".encode())
    assert digest.hexdigest() == DIGEST_OF_SESSIONS


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        (date(2026, 1, 6), "2026-01-06T09:00:00+00:00", "2026-01-07T00:59:00+00:00"),
        (date(2026, 3, 9), "2026-03-09T08:00:00+00:00", "2026-03-09T23:59:00+00:00"),
        (date(2026, 11, 27), "2026-11-27T09:00:00+00:00", "2026-11-28T00:59:00+00:00"),
    ],
)
def test_a_stock_trades_from_four_to_eight_thinly_and_without_a_jump(day: date, first: str, last: str) -> None:
    """Extended hours have a bar every minute, continuous with the session, with a small part of its volume."""
    for symbol in ("AAPL", "SPY", "BRK.B"):
        bars = bars_of(SyntheticPrices(7, hours=MarketHours.EXTENDED), symbol, day)
        assert (bars[0].time.isoformat(), bars[-1].time.isoformat(), len(bars)) == (first, last, 960)
        assert all(is_possible(bar) for bar in bars)
        assert all(earlier.close == later.open for earlier, later in pairwise(bars))
        session = in_session(bars, day)
        around = [bar for bar in bars if bar not in session]
        assert mean(bar.volume for bar in around) < mean(bar.volume for bar in session) / 10


def test_a_night_changes_no_price() -> None:
    """Tuesday's pre-market begins where Monday's post-market has ended; a week-end may leave a gap."""
    prices = SyntheticPrices(7, hours=MarketHours.EXTENDED)
    monday, tuesday = (bars_of(prices, "AAPL", date(2026, 1, day)) for day in (5, 6))
    assert monday[-1].close == tuesday[0].open
    assert in_session(monday, DAY)[-1].close == in_session(tuesday, date(2026, 1, 6))[0].open


@pytest.mark.parametrize("symbol", PAIRS)
def test_a_pair_trades_every_minute_of_every_day(symbol: str) -> None:
    """Three days with a clock change in it has no gap in time or price, and every price stands on the pair's steps."""
    prices = SyntheticPrices(7, hours=MarketHours.ALWAYS)
    start = datetime.fromisoformat("2026-03-06T05:00:00+00:00")
    days = prices.history(start, start + timedelta(hours=71))
    bars = [bar for day in days for bar in prices.bars(symbol, day)]
    assert len(bars) == 71 * 60
    assert all(later.time - earlier.time == MINUTE for earlier, later in pairwise(bars))
    assert all(earlier.close == later.open for earlier, later in pairwise(bars))
    assert all(is_possible(bar) for bar in bars)
    step = prices.instruments[symbol].price_step
    assert all(price % step == 0 for bar in bars for price in (bar.open, bar.high, bar.low, bar.close))
    assert len({bar.close for bar in bars}) > 200


def test_pairs_have_realistic_prices() -> None:
    """Bitcoin costs tens of thousands, a dogecoin some cents with a finer step than a cent."""
    prices = SyntheticPrices(7, hours=MarketHours.ALWAYS)
    last = {symbol: bars_of(prices, symbol)[-1].close for symbol in PAIRS}
    assert 40_000 < last["BTC/USD"] < 160_000
    assert Decimal("0.05") < last["DOGE/USD"] < Decimal("0.3")
    assert last["DOGE/USD"] % Decimal("0.01") != 0


def test_pairs_of_the_catalogue_are_listed_where_time_never_rests() -> None:
    """A pair that was asked for is listed under any hours, and trades as long as they last."""
    assert "BTC/USD" not in SyntheticPrices(7).instruments
    assert "BTC/USD" in SyntheticPrices(7, hours=MarketHours.ALWAYS).instruments
    asked = bars_of(SyntheticPrices(7, ["BTC/USD", "NEW/USD"]), "BTC/USD")
    always = bars_of(SyntheticPrices(7, hours=MarketHours.ALWAYS), "BTC/USD")
    assert list(asked) == in_session(always, DAY)
    assert len(bars_of(SyntheticPrices(7, ["NEW/USD"]), "NEW/USD")) == 390
