"""The start: how far back history is read, and that its calls do not grow with the symbols (I10)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from builders import ACCOUNT, SESSION, a_bar, a_record, a_state, an_intent, at
from fakes.broker import A_PAIR
from fakes.desk import Desk, a_spec
from fakes.streams import FakeMarketData
from holdfast.domain.broker_facts import Asset
from holdfast.domain.errors import Recoverable
from holdfast.engine.chronicle import Chronicle
from holdfast.engine.outside import Identity, Outside
from holdfast.engine.start import CALENDAR_REACH, LOT_OF_FRACTIONS, Started, start, warm_up_start

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
IDENTITY = Identity("main", ACCOUNT.id, is_simulated=True)
SESSIONS = [replace(SESSION, open=SESSION.open - count * DAY, close=SESSION.close - count * DAY) for count in range(10)]


def started(desk: Desk, *symbols: str, data: FakeMarketData | None = None) -> Started:
    """Start a bot with these symbols."""
    outside = Outside(desk.broker, data or FakeMarketData(), desk.store, desk.clock, Chronicle(desk.journal))
    return asyncio.run(start([a_spec(symbol) for symbol in symbols], outside, IDENTITY))


@pytest.mark.parametrize("count", [1, 40])
def test_a_start_costs_the_same_few_calls(count: int) -> None:
    """Assets, calendar, one snapshot and one request for history, whatever the number of symbols."""
    desk, data = Desk(), FakeMarketData()
    desk.broker.listed = [f"S{number}" for number in range(count)]
    started(desk, *desk.broker.listed, data=data)
    assert (desk.broker.calls, len(data.requests)) == (7, 1)


def test_enough_history_is_read_and_not_much_more() -> None:
    """The bars needed, with some to spare, lie in session time before now; night hours do not count."""
    minute = timedelta(minutes=1)
    assert at(2) - 3 * HOUR < warm_up_start(SESSIONS, SESSION.open + HOUR, 10, minute) < SESSION.open + HOUR
    across = warm_up_start(SESSIONS, SESSION.open + 10 * minute, 200, minute)
    assert SESSIONS[1].open <= across < SESSIONS[1].close - 190 * minute
    assert warm_up_start(SESSIONS, SESSION.open, 10**6, minute) == SESSIONS[-1].open
    assert warm_up_start([], at(0), 10, minute) == at(0) - CALENDAR_REACH


def test_a_history_that_cannot_be_read_does_not_stop_the_start() -> None:
    """Strategies begin with what comes live; files are reconciled all the same."""
    desk, data = Desk(), FakeMarketData()
    data.failure = Recoverable("503")
    begun = started(desk, "AAPL", data=data)
    assert set(begun.workers) == {"AAPL"}
    assert begun.workers["AAPL"].progress.last_bar is None


def test_a_fractional_asset_has_a_small_lot() -> None:
    """What may be traded in fractions is rounded to the ninth place, anything else to whole shares."""
    desk = Desk()
    begun = started(desk, "AAPL", "MSFT")
    assert begun.workers["AAPL"].spec.rules.lot == 1
    assets = desk.broker.assets

    async def fractional() -> dict[str, Asset]:
        return {symbol: replace(asset, is_fractionable=True) for symbol, asset in (await assets()).items()}

    desk.broker.assets = fractional  # type: ignore[method-assign]
    assert started(desk, "AAPL").workers["AAPL"].spec.rules.lot == LOT_OF_FRACTIONS


def test_a_working_entry_keeps_its_claim_over_a_restart() -> None:
    """The cash of an entry that still works at the broker is not free for another symbol."""
    desk = Desk(a_state(0, a_record("new")))
    desk.broker.fills_at_once = False
    desk.broker.accept(an_intent(0))
    begun = started(desk, "AAPL", "MSFT", data=FakeMarketData(a_bar(0, 100)))
    assert begun.portfolio.purse.free == ACCOUNT.cash - 1000


def test_a_symbol_that_cannot_be_saved_waits() -> None:
    """Its reason is told, the others start, and its worker is there for when the disk works again."""
    desk = Desk()
    desk.store.failing.add("AAPL")
    begun = started(desk, "AAPL", "MSFT")
    assert set(begun.workers) == {"AAPL", "MSFT"}
    assert "cannot be written" in begun.failed["AAPL"]


def test_a_pair_costs_two_calls_more_and_looks_back_around_the_clock() -> None:
    """Its assets and its history are asked for apart; its steps and its smallest order are the broker's."""
    desk, data = Desk(), FakeMarketData()
    begun = started(desk, "AAPL", "BTC/USD", data=data)
    assert (desk.broker.calls, len(data.requests)) == (8, 2)
    (stocks, _, _), (pairs, begin, end) = data.requests
    assert (stocks, pairs) == (("AAPL",), ("BTC/USD",))
    assert end - begin < HOUR
    rules = begun.workers["BTC/USD"].spec.rules
    assert (rules.lot, rules.quantity_min, rules.value_min) == (A_PAIR.lot, A_PAIR.quantity_min, A_PAIR.value_min)
    assert begun.portfolio.never_closes
    assert not started(Desk(), "AAPL").portfolio.never_closes
