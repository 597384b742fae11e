"""What others do to a position: how much of it is managed then, and that a split changes a count alone."""

from decimal import Decimal

import pytest

from builders import Number, a_fill, a_holding, a_move, a_position, a_state, at, some_facts
from holdfast.domain.external import (
    ExternalChange,
    Policy,
    after_activity,
    after_move,
    after_split,
    halt_reason,
    is_like_a_split,
    managed_quantity,
    said_of,
    with_brokers_average,
)
from holdfast.domain.order import Side
from holdfast.domain.reconcile import reconcile

ADOPT = Policy(Decimal(10))
LEAVE = Policy(Decimal(10), on_external_change=ExternalChange.LEAVE)
HALT = Policy(Decimal(10), on_external_change=ExternalChange.HALT)
SHORTS = Policy(Decimal(10), may_short=True)
REMOVED = Policy(Decimal(0))


@pytest.mark.parametrize(
    ("total", "before", "policy", "managed"),
    [
        (0, 10, ADOPT, 0), (15, 0, ADOPT, 10), (7, 0, ADOPT, 7), (30, 20, ADOPT, 20), (15, 5, LEAVE, 5),
        (15, 0, LEAVE, 0), (3, 5, LEAVE, 3), (15, 5, HALT, 5), (-7, 0, ADOPT, 0), (-7, 5, ADOPT, 0),
        (-7, 0, SHORTS, -7),
        (-15, 0, SHORTS, -10), (7, -5, SHORTS, 7), (15, 4, REMOVED, 4), (15, 0, REMOVED, 0),
    ],
)  # fmt: skip
def test_how_much_is_managed(total: int, before: int, policy: Policy, managed: int) -> None:
    """Never more than the account holds, never of a sign that config does not allow, never above the quantity."""
    assert managed_quantity(Decimal(total), Decimal(before), policy) == managed


SPLITS = [
    # what is held, unmanaged, the account afterwards, the split's row, managed and unmanaged then, price from 700
    (10, 0, 70, 60, 70, 0, 100),
    (10, 5, 30, 15, 20, 10, 350),
    (10, 0, 1, -9, 1, 0, 7000),
    (9, 1, 3, -7, 2, 1, "2333.3333333333333333333333333333"),
]


@pytest.mark.parametrize("policy", [ADOPT, LEAVE])
@pytest.mark.parametrize(("held", "unmanaged", "total", "change", "managed", "rest", "price"), SPLITS)
def test_a_split_changes_the_count_and_nothing_else(
    policy: Policy, held: int, unmanaged: int, total: int, change: int, managed: int, rest: int, price: Number
) -> None:
    """A split in the activities scales what is managed and what is not; nothing is realised, blocked or wanted anew."""
    state = a_state(held, price=700, unmanaged=unmanaged)
    facts = some_facts(total, fills=[a_move(change)], price=Decimal(price))
    outcome = reconcile(state, facts, policy, at=at(10))
    position = outcome.state.position
    assert (position.quantity, position.unmanaged_quantity, position.realized_pl) == (managed, rest, 0)
    assert position.average_entry_price is not None
    assert round(position.average_entry_price, 6) == round(Decimal(price), 6)
    assert (outcome.state.target, outcome.state.rearm, outcome.doubt) == (state.target, None, None)
    assert {one.why for one in outcome.corrections} == {"a split"}


def test_a_split_without_its_activity_is_known_by_its_cost() -> None:
    """Seventy shares at a tenth of the price cost what ten did: after two reads all seventy are managed."""
    state, facts = a_state(10, price=700), some_facts(70, price=100)
    outcome = reconcile(state, facts, ADOPT, at=at(10), earlier=facts.read)
    assert outcome.state.position == a_position(70, 100)


@pytest.mark.parametrize(
    ("position", "holding", "is_like"),
    [
        (a_position(10, 700), a_holding(70, 100), True),
        (a_position(10, 700), a_holding(1, 7000), True),
        (a_position(10, 700), a_holding(70, 99), True),
        (a_position(10, 700), a_holding(70, 90), False),
        (a_position(10, 700), a_holding(10, 700), False),
        (a_position(10, 700, unmanaged=1), a_holding(77, 100), False),
        (a_position(10, 700), a_holding(-70, 100), False),
        (a_position(10, 700), None, False),
        (a_position(0), a_holding(70, 100), False),
    ],
)
def test_a_split_is_known_by_an_equal_cost(position: object, holding: object, is_like: bool) -> None:  # noqa: FBT001 - a table
    """Another count at another price and the same cost is a split; anything else is somebody's trade."""
    assert is_like_a_split(position, holding) is is_like  # type: ignore[arg-type]


def test_a_split_of_nothing_leaves_nothing_managed() -> None:
    """A file that knew of no shares cannot have them split: what appears is not the bot's."""
    position = after_split(a_state(0), Decimal(70)).position
    assert (position.quantity, position.unmanaged_quantity) == (0, 70)


@pytest.mark.parametrize(("side", "managed", "unmanaged", "profit"), [(Side.SELL, 3, 0, 70), (Side.BUY, 10, 7, 0)])
def test_each_fill_of_others_is_realised_at_its_price(side: Side, managed: int, unmanaged: int, profit: int) -> None:
    """What somebody else sold of ours is realised at their price; what they bought beyond our quantity is theirs."""
    position = after_activity(a_state(10, price=100), a_fill(7, side=side, price=110), ADOPT).position
    assert (position.quantity, position.unmanaged_quantity, position.realized_pl) == (managed, unmanaged, profit)


def test_the_brokers_average_is_taken_where_more_is_managed() -> None:
    """An adopted purchase has the broker's average entry price; a sale keeps ours."""
    holding = a_holding(9, 95)
    grown, shrunk = a_state(9, price=90), a_state(3, price=90)
    before = a_state(4, price=100)
    assert with_brokers_average(before, grown, holding).position.average_entry_price == 95
    assert with_brokers_average(before, shrunk, holding).position.average_entry_price == 90
    assert with_brokers_average(before, grown, None) == grown


@pytest.mark.parametrize(
    ("total", "policy", "says"),
    [
        (-1, ADOPT, "long only"),
        (-1, SHORTS, None),
        (-1, Policy(Decimal(0)), None),
        (5, HALT, "somebody else"),
        (5, LEAVE, None),
        (0, ADOPT, None),
    ],
)
def test_who_must_look_is_told_what_to_type(total: Number, policy: Policy, says: str | None) -> None:
    """A sign that config does not allow halts, and so does any change where the policy says halt."""
    reason = halt_reason("AAPL", Decimal(total), policy)
    assert reason is None if says is None else (says in str(reason) and "holdfast resume AAPL" in str(reason))


def test_what_others_did_is_said_in_words() -> None:
    """A correction names splits, transfers and foreign fills apart."""
    assert said_of([a_move(60)]) == "a split"
    assert said_of([a_fill(1), a_move(-6, kind="JNLS")]) == "fills in the account that are not ours, JNLS -6"


@pytest.mark.parametrize(
    ("held", "unmanaged", "bought", "change", "left", "left_unmanaged"),
    [
        (10, 8, 10, 16, 10, 24),
        (12, 0, 10, 4, 16, 0),
        (0, 8, 0, 16, 0, 24),
        (10, 0, 10, 0, 10, 0),
        (-10, 0, -10, 0, -10, 0),
        (6, 2, -4, 12, 16, 4),
    ],
)
def test_shares_bought_since_a_split_are_of_the_new_count(
    held: int, unmanaged: int, bought: int, change: int, left: int, left_unmanaged: int
) -> None:
    """A split that is heard of after our next fill changes what was held then, and not what was bought since."""
    state = after_activity(a_state(held, unmanaged=unmanaged), a_move(change), LEAVE, Decimal(bought))
    assert (state.position.quantity, state.position.unmanaged_quantity) == (left, left_unmanaged)


@pytest.mark.parametrize(
    ("held", "unmanaged", "bought", "change", "policy", "left", "left_unmanaged"),
    [
        # sold since what a purchase by hand had brought in: the file is short until it hears of that
        (-3, 0, -4, 6, ADOPT, 3, 0),
        (-3, 0, -4, 6, LEAVE, 0, 3),
        (6, 5, 4, -5, LEAVE, 6, 0),
        (6, 0, 4, -2, LEAVE, 4, 0),
        (4, 0, 4, 3, LEAVE, 4, 3),
        (4, 0, 4, -6, SHORTS, -2, 0),
    ],
)
def test_the_policy_is_asked_about_the_position_as_it_was_then(
    held: int, unmanaged: int, bought: int, change: int, policy: Policy, left: int, left_unmanaged: int
) -> None:
    """What others did before our last fills, and is heard of after them, ends as if it had been heard of at once."""
    moved = a_move(change, kind="JNLS")
    state = after_activity(a_state(held, unmanaged=unmanaged), moved, policy, Decimal(bought))
    state = after_move(state, state.position.total_quantity, policy)
    assert (state.position.quantity, state.position.unmanaged_quantity) == (left, left_unmanaged)
