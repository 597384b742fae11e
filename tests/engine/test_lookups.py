"""When to look up, and when silence is proof: all in process seconds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_record, a_state, an_id
from fakes.broker import ASSUMPTIONS
from holdfast.engine.lookups import LONGEST_S, LookUpSchedule

WINDOW = ASSUMPTIONS.absence_proof_s
INTENT, REFUSED, NEW = a_record("intent"), a_record("refused"), a_record("new")


def a_schedule(*, sent: float | None = 0.0) -> LookUpSchedule:
    """Return a schedule of a process that began at -1000 s and sent the order at `sent`, if it did."""
    schedule = LookUpSchedule(ASSUMPTIONS, started=-1000.0)
    if sent is not None:
        schedule.sent(an_id(), sent)
    return schedule


def test_the_window_is_longer_than_any_delay_assumed() -> None:
    """The proof takes longer than a request can live plus an order can be unlisted."""
    assert ASSUMPTIONS.request_lifetime_s + ASSUMPTIONS.listing_lag_s < WINDOW


def test_nothing_unsettled_is_not_waited_for() -> None:
    """Without an unsettled order nobody needs to ask."""
    assert a_schedule().wait_s(a_state(0, a_record("filled")), 5.0) is None


def test_intervals_grow_up_to_a_minute() -> None:
    """The first look-up comes after a second, each later one after twice as long, and never after more than 60 s."""
    schedule, now, waits = a_schedule(), 0.0, []
    for _ in range(9):
        wait = schedule.wait_s(a_state(0, NEW), now)
        assert wait is not None
        waits.append(wait)
        now += wait
        schedule.looked_up(a_state(0, NEW), now)
    assert waits == [1, 1, 2, 4, 8, 16, 32, 60, 60]


def test_a_broker_that_does_not_answer_is_not_asked_in_a_loop() -> None:
    """Once the window is over and the broker still cannot be reached, the intervals stay long."""
    schedule, state = a_schedule(), a_state(0, INTENT)
    asked, now = 0, 0.0
    while now < WINDOW + 3600:
        wait = schedule.wait_s(state, now)
        assert wait is not None
        now += wait
        schedule.looked_up(state, now)
        asked += 1
    assert asked < (WINDOW + 3600) / LONGEST_S + 12


@given(st.floats(0, 10_000), st.sampled_from(["intent", "refused", "new", "pending_cancel"]))
def test_a_wait_is_never_zero_and_never_long(now: float, status: str) -> None:
    """However late it is, the next look-up comes within a minute and not at once."""
    wait = a_schedule().wait_s(a_state(0, a_record(status, 0)), now)
    assert wait is not None
    assert 0 < wait <= LONGEST_S


@pytest.mark.parametrize(
    ("record", "sent", "now", "proved"),
    [
        (INTENT, 0.0, WINDOW - 0.1, False),
        (INTENT, 0.0, WINDOW, True),
        (REFUSED, 0.0, ASSUMPTIONS.listing_lag_s - 0.1, False),
        (REFUSED, 0.0, ASSUMPTIONS.listing_lag_s, True),
        (INTENT, None, -1000.0 + WINDOW - 0.1, False),
        (INTENT, None, -1000.0 + WINDOW + 0.1, True),
        (REFUSED, None, -1000.0 + ASSUMPTIONS.listing_lag_s, False),
        (REFUSED, None, -1000.0 + WINDOW + 0.1, True),
    ],
)
def test_silence_is_proof_after_its_window(record, sent, now, proved) -> None:  # noqa: ANN001 - a table
    """An intent needs the whole window from its send, a refusal heard by this process the listing lag.

    What was read from disk needs the whole window from this start: a restart begins it anew.
    """
    assert a_schedule(sent=sent).is_absence_proved(record, now) == proved


def test_people_are_told_how_long() -> None:
    """The seconds left count down to zero and belong to the longest doubt."""
    schedule = a_schedule()
    assert schedule.seconds_left(a_state(0, INTENT), 10.0) == WINDOW - 10
    assert schedule.seconds_left(a_state(0, INTENT), WINDOW + 10) == 0
    assert schedule.seconds_left(a_state(0, NEW), 10.0) == 0
