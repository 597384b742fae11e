"""Client order ids: one per decision, at most 48 characters, and taken apart as they were built."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import MINUTE, NOON, an_id
from holdfast.domain.order import Side
from holdfast.domain.order_id import MAX_LENGTH, OrderId, bar_decision, longest_order_id, order_id, parse_order_id
from holdfast.domain.timeframe import TIMEFRAMES

bots = st.from_regex(r"[a-z0-9]{1,6}", fullmatch=True)
symbols = st.from_regex(r"[A-Z0-9]{1,5}(\.[A-Z0-9]{1,2})?(/[A-Z0-9]{2,4})?", fullmatch=True)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds UTC
decisions = st.one_of(
    st.builds(bar_decision, st.sampled_from(list(TIMEFRAMES.values())), moments),
    st.from_regex(r"c[a-z0-9]{13}", fullmatch=True),
)


@given(bots, symbols, decisions, st.sampled_from(Side), st.integers(0, 99))
def test_an_id_is_taken_apart_as_it_was_built(bot: str, symbol: str, decision: str, side: Side, step: int) -> None:
    """Every id of the grammar leads back to bot, symbol, decision, side and step."""
    built = order_id(bot, symbol, decision, side, step)
    assert len(built) <= MAX_LENGTH
    assert parse_order_id(built) == OrderId(bot, symbol, decision, side, step)


@given(bots, symbols, decisions, st.integers(0, 99))
def test_no_id_is_longer_than_the_longest(bot: str, symbol: str, decision: str, step: int) -> None:
    """What is checked at load bounds every id that the symbol can ever need."""
    assert len(order_id(bot, symbol, decision, Side.SELL, step)) <= len(longest_order_id(bot, symbol))


def test_an_id_reads_as_the_design_writes_it() -> None:
    """The id of the 20:59 bar is the one on the design's page."""
    decision = bar_decision(MINUTE, datetime(2026, 11, 20, 20, 59, tzinfo=UTC))
    assert order_id("main", "AAPL", decision, Side.BUY) == "hf.main.AAPL.1m20261120T2059.b0"
    assert order_id("main", "BTC/USD", decision, Side.SELL, 3) == "hf.main.BTC-USD.1m20261120T2059.s3"


def test_the_same_decision_has_the_same_id() -> None:
    """An id depends on the decision alone, so a forgotten order is refused as a duplicate."""
    assert an_id(5) == an_id(5)
    assert len({an_id(5), an_id(6), an_id(5, Side.SELL), an_id(5, symbol="MSFT"), an_id(5, step=1)}) == 5


def test_a_name_too_long_is_refused_before_it_trades() -> None:
    """The longest symbol of the grammar does not fit with a bot's name of six letters; usual ones do."""
    with pytest.raises(ValueError, match="longer than 48"):
        longest_order_id("abcdef", "ABCDEFGHIJ.WXYZ/EURUS")
    assert len(longest_order_id("abcdef", "ABCDEFGHIJ.WXYZ")) == 46
    assert len(longest_order_id("main", "BTC/USD")) <= MAX_LENGTH


def test_the_limit_is_forty_eight() -> None:
    """An id of 48 characters is built, one of 49 is not."""
    room = MAX_LENGTH - len("hf.a.A..b0")
    assert len(order_id("a", "A", "c" * room, Side.BUY)) == MAX_LENGTH
    with pytest.raises(ValueError, match="longer than 48"):
        order_id("a", "A", "c" * (room + 1), Side.BUY)


@pytest.mark.parametrize(
    "text",
    [
        "", "hf", "hf....", "my-order", "hf.main.AAPL.1m20261120T2059.b", "hf.main.AAPL.1m20261120T2059.x0",
        "hf.MAIN.AAPL.1m20261120T2059.b0", "hf.toolong.AAPL.1m20261120T2059.b0", "hf.main.aapl.1m20261120T2059.b0",
        "hf.main.A-B-C.1m20261120T2059.b0", "hf.main.AAPL.1m20261120T2059.b100", "hf.main.AAPL.1m20261120T2059.b0\n",
        " hf.main.AAPL.1m20261120T2059.b0", "xhf.main.AAPL.1m20261120T2059.b0", "hf.main...1m20261120T2059.b0",
    ],
)  # fmt: skip
def test_an_id_that_is_not_ours_is_none(text: str) -> None:
    """Somebody else's id is not taken apart, whatever it looks like."""
    assert parse_order_id(text) is None


@given(st.text(max_size=60))
def test_any_text_is_an_id_or_none(text: str) -> None:
    """Taking any text apart never raises."""
    parse_order_id(text)


def test_a_symbol_with_a_dot_is_told_from_the_decision() -> None:
    """The dot of BRK.B does not confuse the parts."""
    parts = parse_order_id(order_id("main", "BRK.B", bar_decision(MINUTE, NOON), Side.BUY))
    assert parts is not None
    assert parts.symbol == "BRK.B"
