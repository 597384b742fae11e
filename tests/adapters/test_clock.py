"""Clocks: aware UTC always, and market time that never goes back."""

import asyncio
from datetime import UTC, timedelta

from builders import NOON, at
from holdfast.adapters.clock import MarketClock, WallClock


def test_the_wall_clock_knows_utc() -> None:
    """Market time and wall time are one, aware, and in UTC; process seconds never go back."""
    clock = WallClock()
    assert clock.now().tzinfo is UTC
    assert abs(clock.wall() - clock.now()) < timedelta(seconds=5)
    first = clock.monotonic()
    asyncio.run(clock.sleep(0))
    assert clock.monotonic() >= first


def test_market_time_is_what_the_simulator_said_last() -> None:
    """Between two instants market time stands still, and an older instant does not take it back."""
    clock = MarketClock(NOON)
    clock.set_time(at(5))
    clock.set_time(at(3))
    assert clock.now() == at(5)
    assert clock.wall() != at(5)
