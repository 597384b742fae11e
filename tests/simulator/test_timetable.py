"""Which parts of time the market lives through."""

from datetime import UTC, date, datetime, timedelta

import pytest

from holdfast.exchange.hours import Phase
from holdfast.simulator.calendar import session_of_date, trading_day
from holdfast.simulator.timetable import MarketHours, Stretch, Timetable

REGULAR, EXTENDED, ALWAYS = MarketHours.REGULAR, MarketHours.EXTENDED, MarketHours.ALWAYS


def at(text: str) -> datetime:
    """Read a UTC time such as 2026-01-05 14:30."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def stretch_of(hours: MarketHours, day: str) -> Stretch:
    """Return the stretch around a trading day's session."""
    session = session_of_date(date.fromisoformat(day))
    assert session is not None
    return Timetable(hours).of_session(session)


@pytest.mark.parametrize(
    ("hours", "day", "start", "end"),
    [
        (REGULAR, "2026-01-05", "2026-01-05 14:30", "2026-01-05 21:00"),
        (EXTENDED, "2026-01-05", "2026-01-05 09:00", "2026-01-06 01:00"),
        (ALWAYS, "2026-01-05", "2026-01-05 05:00", "2026-01-06 05:00"),
        # A half day ends at 13:00; its post-market still lasts until 20:00.
        (REGULAR, "2026-11-27", "2026-11-27 14:30", "2026-11-27 18:00"),
        (EXTENDED, "2026-11-27", "2026-11-27 09:00", "2026-11-28 01:00"),
        # The Mondays after the clocks of New York have gone forward and back.
        (REGULAR, "2026-03-09", "2026-03-09 13:30", "2026-03-09 20:00"),
        (EXTENDED, "2026-03-09", "2026-03-09 08:00", "2026-03-10 00:00"),
        (EXTENDED, "2026-11-02", "2026-11-02 09:00", "2026-11-03 01:00"),
    ],
)  # fmt: skip
def test_a_stretch_covers_what_its_hours_say(hours: MarketHours, day: str, start: str, end: str) -> None:
    """Regular is the session, extended 04:00 to 20:00 New York, always the calendar day."""
    stretch = stretch_of(hours, day)
    assert (stretch.start, stretch.end) == (at(start), at(end))


@pytest.mark.parametrize(("day", "hours_long"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-11-26", 24)])
def test_without_a_gap_every_calendar_day_is_a_stretch(day: str, hours_long: int) -> None:
    """Sundays of a clock change and holidays too: 23, 25 and 24 hours, and no session."""
    table = Timetable(ALWAYS)
    stretch = table.ending_after(at(f"{day} 12:00"))
    assert stretch.end - stretch.start == timedelta(hours=hours_long)
    assert stretch.session is None
    assert table.ending_after(stretch.end).start == stretch.end
    assert len(stretch.every(timedelta(minutes=1))) == hours_long * 60


@pytest.mark.parametrize(
    ("hours", "moment", "day"),
    [
        (REGULAR, "2026-01-05 14:29", "2026-01-05"),
        (REGULAR, "2026-01-05 20:59", "2026-01-05"),
        (REGULAR, "2026-01-05 21:00", "2026-01-06"),
        (EXTENDED, "2026-01-06 00:59", "2026-01-05"),
        (EXTENDED, "2026-01-06 01:00", "2026-01-06"),
        (REGULAR, "2026-11-25 22:00", "2026-11-27"),
        (EXTENDED, "2026-11-26 15:00", "2026-11-27"),
        (EXTENDED, "2026-11-28 01:00", "2026-11-30"),
    ],
)  # fmt: skip
def test_the_stretch_that_runs_or_comes_next_is_found(hours: MarketHours, moment: str, day: str) -> None:
    """At its end a stretch is over; nights, holidays and week-ends lead to the next trading day."""
    assert Timetable(hours).ending_after(at(moment)) == stretch_of(hours, day)


@pytest.mark.parametrize(
    ("hours", "days"),
    [
        (REGULAR, ["2026-11-25", "2026-11-27"]),
        (EXTENDED, ["2026-11-25", "2026-11-27"]),
        (ALWAYS, ["2026-11-25", "2026-11-26", "2026-11-27"]),
    ],
)
def test_a_span_has_the_stretches_that_overlap_it(hours: MarketHours, days: list[str]) -> None:
    """From Wednesday noon to Friday noon around Thanksgiving."""
    found = Timetable(hours).overlapping(at("2026-11-25 17:00"), at("2026-11-27 17:00"))
    assert [str(stretch.start.date()) for stretch in found] == days
    assert Timetable(hours).overlapping(found[0].end, found[1].start) == []


def test_a_trading_day_has_its_hours_around_it() -> None:
    """From four in the morning to eight in the evening New York there is a market around the session."""
    session = session_of_date(date(2026, 1, 5))
    assert session is not None
    day = trading_day(session)
    assert (day.pre_open, day.post_close) == (at("2026-01-05 09:00"), at("2026-01-06 01:00"))
    moments = [day.pre_open, day.open, day.close, day.post_close]
    assert [day.phase(moment) for moment in moments] == [Phase.PRE, Phase.REGULAR, Phase.POST, Phase.CLOSED]
