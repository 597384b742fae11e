"""When an order ends by itself: `expires_at` in the answer, half days, holidays, and orders that are too old."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from holdfast.simulator.prices import RecordedPrices
from holdfast.simulator.timetable import MarketHours
from simulator.orders.desk import OPEN, Desk, minutes

EXTENDED = MarketHours.EXTENDED

# Monday's session closes at 21:00 UTC, its post-market ends at 01:00. Ninety days later New York has summer time.
EXPIRES = """
night    2026-01-05T08:55:00Z  day      2026-01-05T21:00
night    2026-01-05T08:55:00Z  day,ext  2026-01-06T01:00
night    2026-01-05T08:55:00Z  opg,cls  2026-01-05T21:00
night    2026-01-05T08:55:00Z  gtc      2026-04-05T20:00
before   2026-01-05T12:01:00Z  day      2026-01-05T21:00
before   2026-01-05T12:01:00Z  day,ext  2026-01-06T01:00
session  2026-01-05T14:31:00Z  day      2026-01-05T21:00
session  2026-01-05T14:31:00Z  ioc,fok  2026-01-05T21:00
session  2026-01-05T14:31:00Z  day,ext  2026-01-06T01:00
session  2026-01-05T14:31:00Z  gtc      2026-04-05T20:00
after    2026-01-05T21:01:00Z  day      2026-01-06T21:00
after    2026-01-05T21:01:00Z  day,ext  2026-01-06T01:00
after    2026-01-05T21:01:00Z  gtc      2026-04-06T20:00
evening  2026-01-06T01:00:00Z  day      2026-01-06T21:00
evening  2026-01-06T01:00:00Z  day,ext  2026-01-07T01:00
evening  2026-01-06T01:00:00Z  gtc      2026-04-06T20:00
"""


def a_desk(start_simulator: Any, *starts: datetime) -> Desk:  # noqa: ANN401 - a factory
    """Open a desk where XYZ trades at $50 for three minutes from each of some moments."""
    bars = [each for start in starts for each in minutes("XYZ", ["50"] * 3, start)]
    return Desk(start_simulator(RecordedPrices({"XYZ": bars}, EXTENDED)))


def utc(moment: datetime | None) -> str:
    """Write a time of the answer to the minute."""
    assert moment is not None
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize("row", EXPIRES.strip().splitlines())
def test_the_answer_says_when_an_order_expires(start_simulator: Any, row: str) -> None:  # noqa: ANN401
    """Day orders end with their session or its post-market, good-till-canceled ones after 90 days at 16:00."""
    _, moment, words, expires = row.split()
    starts = [OPEN + timedelta(days=day, minutes=minute) for day in (0, 1) for minute in (-150, 0, 390)]
    desk = a_desk(start_simulator, *starts)
    desk.sim.run_to(moment)
    for lasts in words.split(",") if "ext" not in words else [words.replace(",", " ")]:
        assert utc(desk.place(f"buy 1 XYZ limit 10 {lasts}").expires_at) == expires


def test_a_half_day_ends_the_orders_of_the_day_at_one(start_simulator: Any) -> None:  # noqa: ANN401
    """On the Friday after Thanksgiving a day order expires at 13:00, one for extended hours still at 20:00."""
    desk = a_desk(start_simulator, datetime(2026, 11, 27, 14, 30, tzinfo=UTC))
    desk.sim.run_to("2026-11-27T14:31:00Z")
    plain, late = desk.place("buy 1 XYZ limit 10"), desk.place("buy 1 XYZ limit 10 ext")
    assert [utc(order.expires_at) for order in (plain, late)] == ["2026-11-27T18:00", "2026-11-28T01:00"]
    desk.sim.run_to("2026-11-27T18:00:00Z")
    assert [desk.tell(order) for order in (plain, late)] == ["expired", "new"]
    assert utc(desk.look(plain).expired_at) == "2026-11-27T18:00"
    desk.sim.run_to("2026-11-28T01:00:00Z")
    assert desk.tell(late) == "expired"


def test_an_order_after_wednesdays_close_waits_over_thanksgiving(start_simulator: Any) -> None:  # noqa: ANN401
    """The next session of a Wednesday evening before the holiday is Friday's, and the order fills in it."""
    starts = [datetime(2026, 11, day, 14, 30, tzinfo=UTC) for day in (25, 27)]
    desk = a_desk(start_simulator, *starts)
    desk.sim.run_to("2026-11-25T21:00:00Z")
    order = desk.place("buy 1 XYZ")
    assert (order.status.value, utc(order.expires_at)) == ("accepted", "2026-11-27T18:00")
    desk.sim.run_to("2026-11-27T14:31:00Z")
    assert desk.tell(order) == "filled 1 at 50"


def test_an_order_good_till_canceled_is_canceled_after_ninety_days(start_simulator: Any) -> None:  # noqa: ANN401
    """It works at 16:14 in New York of the ninetieth day and is canceled at 16:15."""
    day = datetime(2026, 4, 6, 20, 12, tzinfo=UTC)
    desk = a_desk(start_simulator, OPEN + timedelta(days=1), day)
    desk.sim.run_to("2026-01-06T14:31:00Z")
    order = desk.place("buy 1 XYZ limit 10 gtc")
    desk.sim.run_to("2026-04-06T20:14:00Z")
    assert desk.tell(order) == "new"
    desk.sim.run_to("2026-04-06T20:15:00Z")
    assert desk.tell(order) == "canceled"
