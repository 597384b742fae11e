"""A history in the order of its executions: whose a share was when somebody sold it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from builders import Number, a_fill, a_move, a_record, a_state, an_id, an_order_view, at
from holdfast.domain.broker_facts import Activity, FillActivity
from holdfast.domain.external import Policy
from holdfast.domain.order import OrderRecord, OrderView, Role, Side
from holdfast.domain.replay import History, replayed, role_of

BUY, SELL = Side.BUY, Side.SELL
POLICY = Policy(Decimal(10), may_short=True)


def our_fill(quantity: Number, minute: float, side: Side = BUY) -> FillActivity:
    """Return an execution of our order of minute 0."""
    return a_fill(quantity, minute=minute, side=side, order=f"broker-{an_id(0, side)}")


def position_after(
    *others: Activity,
    ours: OrderView | None = None,
    fills: tuple[FillActivity, ...] = (),
    held: Number = 0,
    booked: tuple[OrderRecord, ...] = (),
) -> tuple[Decimal, Decimal]:
    """Return what is managed and what is not after a history; the file knows of `booked` orders."""
    history = History((ours,) if ours else (), others, fills)
    position = replayed(a_state(held, *booked), history, POLICY).position
    return position.quantity, position.unmanaged_quantity


def in_and_out(quantity: int, first: float, then: float) -> tuple[Activity, Activity]:
    """Return what an owner does who moves shares in and sells them: whoever is short meanwhile is covered by them."""
    return a_move(quantity, kind="JNLS", minute=first), a_fill(quantity, minute=then)


def test_an_order_counts_when_it_filled() -> None:
    """A short entry that waited while the owner moved shares in and sold them is the bot's: he took nothing of it."""
    moved, short = in_and_out(5, 2, 3), an_order_view("filled", 1, side=SELL, quantity=1)
    assert position_after(*moved, ours=short, fills=(our_fill(1, 4, SELL),)) == (-1, 0)
    assert position_after(*moved, ours=short, fills=(our_fill(1, 1.5, SELL),)) == (0, -1)


def test_an_order_that_no_fill_tells_of_counts_when_it_was_sent() -> None:
    """Where the activities do not show when it filled, what was sent first counts first."""
    short = an_order_view("filled", 1, side=SELL, quantity=1)
    assert position_after(*in_and_out(5, 2, 3), ours=short) == (0, -1)
    assert position_after(*in_and_out(5, 0.2, 0.5), ours=short) == (-1, 0)


def test_a_fill_that_is_not_listed_yet_counts_when_the_order_says() -> None:
    """The list of activities lags behind the order, which says when it filled last; what is listed came before that."""
    short = replace(an_order_view(side=SELL), filled_at=at(5))
    assert position_after(*in_and_out(8, 3, 4), ours=short) == (-10, 0)
    assert position_after(*in_and_out(8, 3, 4), ours=short, fills=(our_fill(6, 2, SELL),)) == (-4, -6)
    booked = a_record(side=SELL)
    assert position_after(*in_and_out(8, 3, 4), ours=short, held=-10, booked=(booked,)) == (-10, 0)


def test_each_part_of_an_order_counts_at_its_own_time() -> None:
    """Six of a short were covered by the owner's shares, which he sold again; four filled after that."""
    short, fills = an_order_view(side=SELL), (our_fill(6, 2, SELL), our_fill(4, 5, SELL))
    assert position_after(*in_and_out(8, 3, 4), ours=short, fills=fills) == (-4, -6)


def test_the_oldest_part_of_an_order_may_not_be_listed_any_more() -> None:
    """Activities are read from a moment on: what they do not show of an order came before them."""
    short, fills = an_order_view(side=SELL), (our_fill(4, 5, SELL),)
    assert position_after(*in_and_out(8, 3, 4), ours=short, fills=fills) == (-4, -6)


def test_an_order_ends_as_the_broker_says() -> None:
    """Its parts come first, its own ending last: canceled with four of ten, at the broker's average price."""
    view = an_order_view("canceled", 4, price=101)
    state = replayed(a_state(0), History((view,), (), (our_fill(3, 2), our_fill(1, 3))), POLICY)
    order = state.order(view.client_order_id)
    assert order is not None
    assert (order.status.value, order.filled_quantity, order.quantity, order.role) == ("canceled", 4, 10, Role.ENTRY)
    assert (state.position.quantity, state.position.average_entry_price) == (4, 101)


def test_an_order_by_value_is_remembered_by_what_it_bought() -> None:
    """An order in dollars has no quantity but the one that filled."""
    view = an_order_view("filled", 7, quantity=None)
    state = replayed(a_state(0), History((view,), (), (our_fill(3, 2), our_fill(4, 3))), POLICY)
    assert [order.quantity for order in state.orders] == [7]


@pytest.mark.parametrize(
    ("filled_at", "left"),
    [pytest.param(1.5, (0, -1), id="before the owner's trades"), pytest.param(4, (-1, 0), id="after them")],
)
def test_what_is_booked_already_counts_when_it_filled(filled_at: float, left: tuple[int, int]) -> None:
    """The stream has told of our fill, the list of what others did comes later: it is judged as of its own time."""
    booked = a_record(side=SELL, quantity=1, filled=1)
    fills = (our_fill(1, filled_at, SELL),)
    assert position_after(*in_and_out(5, 2, 3), fills=fills, held=-1, booked=(booked,)) == left


def test_only_what_is_booked_is_taken_for_booked() -> None:
    """The file has seen six of an order of ten; the four that are new are no reason to judge the six as later."""
    six, short = a_record("partially_filled", 6, side=SELL), an_order_view(side=SELL)
    fills = our_fill(6, 2, SELL), our_fill(4, 5, SELL)
    after, before = (
        position_after(*others, ours=short, fills=fills, held=-6, booked=(six,))
        for others in (in_and_out(8, 3, 4), in_and_out(8, 1.2, 1.5))
    )
    assert (after, before) == ((-4, -6), (-10, 0))


def test_roles_follow_the_position() -> None:
    """An order against the position is an exit, any other an entry."""
    assert role_of(Decimal(10), SELL) is Role.EXIT
    assert role_of(Decimal(-10), Side.BUY) is Role.EXIT
    assert {role_of(Decimal(0), SELL), role_of(Decimal(5), Side.BUY)} == {Role.ENTRY}
