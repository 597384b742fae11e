"""The market that is made from a seed."""

from datetime import date
from itertools import pairwise

from holdfast.simulator.calendar import session_of_date
from holdfast.simulator.prices import PriceSource
from holdfast.simulator.synthetic import SyntheticPrices

DAY = date(2026, 1, 5)


def closes(prices: PriceSource, symbol: str, day: date = DAY) -> list[float]:
    """Return the closes of one symbol's day."""
    session = session_of_date(day)
    assert session is not None
    return [float(bar.close) for bar in prices.bars(symbol, session)]


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
        session = prices.first_session
        bars = prices.bars(symbol, session)
        assert len(bars) == 390
        assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)
        assert all(earlier.close == later.open for earlier, later in pairwise(bars))
        assert all(20 <= bar.close <= 500 and bar.volume > 0 for bar in bars)
    assert len(closes(prices, "AAPL", date(2026, 11, 27))) == 210
    assert prices.bars("NOPE", prices.first_session) == ()


def test_a_session_crosses_its_averages_several_times() -> None:
    """The 10 and 30 minute averages of every symbol cross at least three times on the first day."""
    prices = SyntheticPrices(7)
    for symbol in prices.instruments:
        path = closes(prices, symbol)
        above = [sum(path[i - 10 : i]) / 10 > sum(path[i - 30 : i]) / 30 for i in range(30, len(path))]
        assert sum(a != b for a, b in pairwise(above)) >= 3, symbol
