"""A desk at a market of few bars for each test."""

from collections.abc import Callable
from typing import Any

import pytest

from holdfast.simulator.timetable import MarketHours
from simulator.orders.desk import Desk, a_market

OpenDesk = Callable[..., Desk]


@pytest.fixture
def open_desk(start_simulator: Any) -> OpenDesk:  # noqa: ANN401 - a factory
    """Open a desk where the first bars are out; prices by symbol, settings of the simulator; fills know no bound."""

    def make(
        hours: MarketHours = MarketHours.REGULAR,
        traits: Any = None,  # noqa: ANN401 - a mapping of mappings
        settings: Any = None,  # noqa: ANN401 - any setting
        **prices: str,
    ) -> Desk:
        made = Desk(start_simulator(a_market(hours, traits, **prices), **{"participation": None, **(settings or {})}))
        made.step()
        return made

    return make


@pytest.fixture
def desk(open_desk: OpenDesk) -> Desk:
    """A desk where XYZ and ABC stand at $100 for three minutes."""
    return open_desk(XYZ="100 | 100 | 100", ABC="100 | 100 | 100")
