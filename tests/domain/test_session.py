"""Sessions: half-open, and the next one."""

from datetime import timedelta

import pytest

from builders import SESSION, at
from holdfast.domain.session import Session, next_session, session_at

DAY = timedelta(days=1)
MONDAY = Session(SESSION.open + 3 * DAY, SESSION.close + 3 * DAY)
HALF_DAY = Session(SESSION.open + 4 * DAY, SESSION.open + 4 * DAY + timedelta(hours=3))
CALENDAR = (HALF_DAY, SESSION, MONDAY)
INSTANT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("moment", "found"),
    [
        (SESSION.open - INSTANT, None),
        (SESSION.open, SESSION),
        (at(0), SESSION),
        (SESSION.close - INSTANT, SESSION),
        (SESSION.close, None),
        (SESSION.open + DAY, None),
        (HALF_DAY.close, None),
    ],
)
def test_the_market_is_open_from_the_open_until_before_the_close(moment, found) -> None:  # noqa: ANN001 - a table
    """A session holds its first moment and not its last."""
    assert session_at(CALENDAR, moment) == found


@pytest.mark.parametrize(
    ("moment", "found"),
    [
        (SESSION.open - INSTANT, SESSION),
        (SESSION.open, MONDAY),
        (SESSION.close, MONDAY),
        (MONDAY.open, HALF_DAY),
        (HALF_DAY.open, None),
    ],
)
def test_the_next_session_opens_later(moment, found) -> None:  # noqa: ANN001 - a table
    """The first session that opens after the moment, whatever the calendar's order; None beyond its end."""
    assert next_session(CALENDAR, moment) == found
