"""The risk gate: exits pass, entries must fit the quantity (I2), the cash and the age of their bar."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import Number, a_holding, a_moment, a_record, a_state, an_intent, some_rules
from holdfast.domain.broker_facts import BrokerPosition
from holdfast.domain.decide import Moment
from holdfast.domain.order import Intent, Role, Side
from holdfast.domain.risk import Approved, Means, Refused, judge, overreaches, uncovered
from holdfast.domain.state import SymbolState

RICH = Means(Decimal(100_000))
POOR = Means(Decimal(999))
STOPPED = Means(Decimal(100_000), "the file HALT stops every entry")
STALE = a_moment(0, age_s=181)
EXIT = an_intent(side=Side.SELL, role=Role.EXIT)


@pytest.mark.parametrize(
    ("intent", "state", "moment", "means"),
    [
        (an_intent(), a_state(0), a_moment(), RICH),
        (an_intent(quantity=5), a_state(5), a_moment(), RICH),
        (an_intent(quantity=1), a_state(9, a_record("canceled", 3)), a_moment(), RICH),
        (an_intent(), a_state(0, unmanaged=90), a_moment(), RICH),
        (an_intent(), a_state(0), a_moment(0, age_s=180), RICH),
        (an_intent(), a_state(0), a_moment(0, "99.9"), POOR),
        (an_intent(side=Side.SELL), a_state(0), a_moment(), RICH),
        (an_intent(side=Side.SELL), a_state(0, unmanaged=-5), a_moment(), RICH),
        (EXIT, a_state(10), STALE, Means(Decimal(-5), "the file HALT stops every entry")),
        (EXIT, a_state(30), a_moment(), RICH),
    ],
)
def test_what_fits_is_approved(intent: Intent, state: SymbolState, moment: Moment, means: Means) -> None:
    """An entry within all limits passes, and an exit passes whatever the limits say."""
    verdict = judge(intent, state, moment, some_rules(), means)
    reserve = intent.quantity * moment.close if intent.role is Role.ENTRY else 0
    assert verdict == Approved(intent, Decimal(reserve))


@pytest.mark.parametrize(
    ("intent", "state", "moment", "means", "why"),
    [
        (an_intent(quantity=11), a_state(0), a_moment(), RICH, "11 would be above the configured quantity 10"),
        (an_intent(quantity=1), a_state(10), a_moment(), RICH, "11 would be above the configured quantity 10"),
        (an_intent(quantity=5), a_state(0, a_record("new", quantity=6)), a_moment(), RICH, "11 would be above"),
        (an_intent(quantity=5), a_state(4, a_record("partially_filled", 4, quantity=6)), a_moment(), RICH, "11 wo"),
        (an_intent(quantity=5), a_state(0, a_record("intent", quantity=6)), a_moment(), RICH, "11 would be above"),
        (an_intent(quantity=11, side=Side.SELL), a_state(0), a_moment(), RICH, "11 would be above"),
        (an_intent(side=Side.SELL), a_state(0, unmanaged=90), a_moment(), RICH, "holds 90 that the bot does not man"),
        (an_intent(), a_state(0, unmanaged=-5), a_moment(), RICH, "holds -5 that the bot does not manage"),
        (an_intent(), a_state(0), STALE, RICH, "the bar is 121 s old"),
        (an_intent(), a_state(0), a_moment(), POOR, "it needs $1000.00 and $999.00 of cash is free"),
        (an_intent(), a_state(0), a_moment(), Means(Decimal(-50)), "it needs $1000.00 and $0.00 of cash is free"),
        (an_intent(), a_state(0), a_moment(), STOPPED, "the file HALT stops every entry"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_reason(
    intent: Intent, state: SymbolState, moment: Moment, means: Means, why: str
) -> None:
    """An entry beyond a limit is refused and the limit is named."""
    verdict = judge(intent, state, moment, some_rules(), means)
    assert isinstance(verdict, Refused)
    assert why in verdict.why


@given(st.integers(-10, 10), st.integers(0, 10), st.integers(1, 30), st.sampled_from(Side))
def test_nothing_approved_leads_beyond_the_quantity(held: int, working: int, wanted: Number, side: Side) -> None:
    """Held plus working plus the entry is never above the configured quantity once approved (I2)."""
    order = (a_record("new", quantity=working, minute=1),) if working else ()
    verdict = judge(an_intent(quantity=wanted, side=side), a_state(held, *order), a_moment(), some_rules(), RICH)
    fits = abs(held + working + Decimal(wanted) * side.sign) <= 10
    assert isinstance(verdict, Approved) == fits


@pytest.mark.parametrize(
    ("side", "holding", "is_covered"),
    [
        (Side.SELL, a_holding(10), True),
        (Side.SELL, a_holding(15), True),
        (Side.SELL, a_holding(9), False),
        (Side.SELL, None, False),
        (Side.SELL, a_holding(-10), False),
        (Side.SELL, replace(a_holding(10), available=Decimal(4)), False),
        (Side.SELL, replace(a_holding(10), available=Decimal(10)), True),
        (Side.BUY, a_holding(-10), True),
        (Side.BUY, replace(a_holding(-10), available=Decimal(-10)), True),
        (Side.BUY, a_holding(10), False),
    ],
)
def test_an_exit_is_covered_by_the_brokers_word(side: Side, holding: BrokerPosition | None, is_covered: bool) -> None:  # noqa: FBT001 - a table
    """Only what the broker shows, and shows as free, can be closed; the reason names both (I3)."""
    why = uncovered(an_intent(side=side, role=Role.EXIT), holding)
    assert (why is None) is is_covered


@pytest.mark.parametrize(
    ("held", "side", "role", "is_too_large"),
    [
        (10, Side.SELL, Role.EXIT, False),
        (15, Side.SELL, Role.EXIT, False),
        (9, Side.SELL, Role.EXIT, True),
        (0, Side.SELL, Role.EXIT, True),
        (-10, Side.BUY, Role.EXIT, False),
        (-9, Side.BUY, Role.EXIT, True),
        (0, Side.BUY, Role.ENTRY, False),
        (1, Side.BUY, Role.ENTRY, True),
        (0, Side.SELL, Role.ENTRY, False),
        (-1, Side.SELL, Role.ENTRY, True),
    ],
)
def test_a_working_order_that_others_made_too_large_is_seen(
    held: int,
    side: Side,
    role: Role,
    is_too_large: bool,  # noqa: FBT001 - a table
) -> None:
    """An exit of 10 needs 10 that the bot manages, an entry of 10 the room for them."""
    order = a_record("new", side=side, role=role)
    assert overreaches(order, a_state(held, order), Decimal(10)) == is_too_large


def test_an_order_that_has_ended_reaches_for_nothing() -> None:
    """What is settled fills no more."""
    order = a_record("filled", 10, side=Side.SELL, role=Role.EXIT)
    assert not overreaches(order, a_state(0, order), Decimal(10))
