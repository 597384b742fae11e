"""What faults cost when there is nothing for them to do."""

from datetime import UTC, datetime
from typing import cast

from exchange.exchange_builders import an_exchange, submit
from holdfast.simulator.faults.fault import Occasion
from holdfast.simulator.faults.faults import Faults
from holdfast.simulator.faults.kinds import Place
from holdfast.simulator.faults.under_way import UnderWay
from holdfast.simulator.faults.views import Rows, Views
from holdfast.simulator.market import Market

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)


def test_positions_are_listed_only_while_a_lag_waits() -> None:
    """Before positions_lag is ordered and after it was cleared a fill lists nothing."""
    faults, listings = Faults(lambda: NOW), 0

    def positions() -> Rows:
        nonlocal listings
        listings += 1
        return []

    views = Views(faults, UnderWay(), cast("Market", None), positions)
    fill = submit(an_exchange(), "buy 1 AAPL")
    counts = []
    views.see_events(fill)
    counts.append(listings)
    views.expect(faults.order({"kind": "positions_lag", "match": {"symbol": "MSFT"}}))
    views.see_events(fill)
    counts.append(listings)
    faults.clear()
    views.see_events(fill)
    counts.append(listings)
    assert counts == [0, 2, 2]


def test_a_used_up_fault_is_listed_and_no_longer_asked() -> None:
    """It leaves those that wait, and goes with them when all are cleared."""
    faults = Faults(lambda: NOW)
    fault = faults.order({"kind": "drop_bar", "count": 2})
    occasion = Occasion("bar", "", frozenset({"AAPL"}))
    assert faults.take(Place.BAR, occasion) is fault
    assert faults.waiting == [fault]
    assert faults.take(Place.BAR, occasion) is fault
    assert (faults.waiting, list(faults.used_up)) == ([], [fault])
    assert faults.take(Place.BAR, occasion) is None
    faults.clear()
    assert list(faults.used_up) == []
