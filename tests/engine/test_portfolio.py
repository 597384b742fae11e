"""The portfolio: what binds all symbols of the account."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import ACCOUNT, SESSION, a_record, a_state, an_id
from holdfast.domain.order import OrderRecord, Role, Side
from holdfast.engine.portfolio import Portfolio
from holdfast.engine.purse import Purse


def a_portfolio(*, halt: bool = False) -> Portfolio:
    """Return a portfolio with 10,000 in cash of which the order of minute 0 claims 1000."""
    purse = Purse(Decimal(10_000))
    purse.reserve(an_id(), Decimal(1000))
    return Portfolio(purse, [SESSION], lambda: "the file HALT" if halt else None)


def test_halt_stops_entries_with_its_reason() -> None:
    """The file HALT is named as what stops every entry; without it nothing does."""
    assert "HALT" in (a_portfolio(halt=True).means().entries_stopped or "")
    assert a_portfolio().means().entries_stopped is None
    assert a_portfolio().means().cash == 9000


def test_the_session_is_the_calendars() -> None:
    """Open and closed are read from the broker's calendar."""
    assert a_portfolio().is_session_open("AAPL", SESSION.open)
    assert not a_portfolio().is_session_open("AAPL", SESSION.close)


def test_a_pair_is_traded_around_the_clock() -> None:
    """After the close a pair is traded on and a stock is not; with a pair in config something is always open."""
    assert a_portfolio().is_session_open("BTC/USD", SESSION.close)
    assert not a_portfolio().is_open(SESSION.close)
    never = Portfolio(Purse(Decimal(1)), [SESSION], lambda: None, never_closes=True)
    assert never.is_open(SESSION.close)
    assert not never.is_session_open("AAPL", SESSION.close)


@pytest.mark.parametrize(
    ("before", "after", "free"),
    [
        (a_record("intent"), a_record("new"), 9000),
        (a_record("intent"), a_record("filled"), 9000),
        (a_record("intent"), a_record("filled", price=90), 9100),
        (a_record("partially_filled", 4), a_record("filled"), 9400),
        (a_record("intent"), a_record("partially_filled", 4), 8600),
        (a_record("intent"), a_record("canceled", 4), 9600),
        (a_record("intent"), a_record("absent"), 10_000),
        (a_record("refused"), a_record("rejected"), 10_000),
        (a_record("filled"), a_record("filled"), 10_000),
    ],
)
def test_a_save_moves_cash_and_claims(before: OrderRecord, after: OrderRecord, free: int) -> None:
    """What was filled is spent once, and a settled order claims nothing any more."""
    portfolio = a_portfolio()
    portfolio.follow(a_state(0, before), a_state(0, after))
    assert portfolio.purse.free == free


def test_an_order_met_for_the_first_time_costs_what_it_filled() -> None:
    """An adopted order's whole fill is spent, long or short; what an exit brought comes in."""
    portfolio = a_portfolio()
    portfolio.follow(a_state(), a_state(0, a_record("filled", minute=1, side=Side.SELL, role=Role.EXIT)))
    assert portfolio.purse.free == 10_000
    portfolio.follow(a_state(), a_state(0, a_record("filled", minute=2, side=Side.SELL)))
    assert portfolio.purse.free == 9_000


@pytest.mark.parametrize(("price", "free"), [(90, 9900), (100, 10_000), (110, 9900)])
def test_a_covered_short_frees_no_more_than_is_certain(price: int, free: int) -> None:
    """Sold at 100, it binds 1000; a loss is gone at once, a profit counts from the next recount on."""
    portfolio = a_portfolio()
    sold = a_record("filled", side=Side.SELL)
    portfolio.follow(a_state(0, a_record("intent", side=Side.SELL)), a_state(-10, sold))
    portfolio.purse.release(an_id())
    bought = a_record("filled", minute=1, side=Side.BUY, role=Role.EXIT, price=price)
    portfolio.follow(a_state(-10, sold), a_state(0, sold, bought))
    assert portfolio.purse.free == free


@given(st.lists(st.integers(1, 10), min_size=1, max_size=5))
def test_fills_in_parts_cost_what_one_fill_costs(parts: list[int]) -> None:
    """However a fill is cut into saves, the same cash is gone in the end."""
    portfolio, filled, state = a_portfolio(), 0, a_state(0, a_record("intent", quantity=50))
    for part in parts:
        filled += part
        after = a_state(0, a_record("partially_filled", filled, quantity=50))
        portfolio.follow(state, after)
        state = after
    portfolio.follow(state, a_state(0, a_record("canceled", filled, quantity=50)))
    assert portfolio.purse.free == 10_000 - filled * 100


def test_a_blocked_account_is_the_brokers_newest_word() -> None:
    """An account that is blocked while the bot runs stops entries, and one that is let go again starts them."""
    portfolio = a_portfolio()
    portfolio.heard_of(replace(ACCOUNT, is_tradable=False))
    assert "blocked" in (portfolio.means().entries_stopped or "")
    portfolio.heard_of(ACCOUNT)
    assert portfolio.means().entries_stopped is None
