"""Properties of the pure core over anything that hypothesis draws: states, events, courses of orders, snapshots."""

from dataclasses import replace
from decimal import Decimal
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from builders import a_holding, a_state, at
from campaigns.machine.strategies import EVENTS, any_events, courses, held_after, states
from holdfast.adapters.state_codec import decode, encode
from holdfast.domain import events
from holdfast.domain.external import Policy
from holdfast.domain.order import OrderView, Role, Side
from holdfast.domain.reconcile import Reconciliation, SymbolFacts, reconcile
from holdfast.domain.state import _TRANSITIONS, SymbolState

Course = list[list[OrderView]]


def seen(state: SymbolState, view: OrderView) -> SymbolState:
    """Return the state after the broker's view of an order."""
    return state.apply(events.OrderSeen(view, Role.ENTRY if view.side is Side.BUY else Role.EXIT))


def compared(state: SymbolState, views: list[OrderView], total: Decimal, minute: int) -> Reconciliation:
    """Return a reconcile with these views of our orders and this holding."""
    facts = SymbolFacts(tuple(views), a_holding(total) if total else None)
    return reconcile(state, facts, Policy(Decimal(20)), at=at(minute))


@given(states())
def test_any_state_comes_back_from_its_file(state: SymbolState) -> None:
    """Whatever a state holds, in every field there is, its file gives back exactly that."""
    assert decode(encode(state), "AAPL") == state


@given(states(), st.lists(any_events(), max_size=6))
def test_any_event_leaves_a_state_that_can_be_kept(state: SymbolState, happened: list[events.Event]) -> None:
    """No event raises, in whatever state it comes, and what it leaves is a state that a file gives back."""
    after = reduce(SymbolState.apply, happened, state)
    assert decode(encode(after), "AAPL") == after


def test_every_event_is_drawn() -> None:
    """The events drawn are all those that a state knows."""
    assert {one for one in EVENTS if one is not events.Event} == set(_TRANSITIONS)


@given(courses(), st.data())
def test_news_of_many_orders_may_come_in_any_order(course: Course, data: st.DataObject) -> None:
    """Views of several orders, shuffled and repeated, book what the last word of each says."""
    views = [view for life in course for view in life]
    heard = data.draw(st.permutations([*views, *data.draw(st.lists(st.sampled_from(views), max_size=8))]))
    after = reduce(seen, heard, a_state())
    assert after.position.quantity == held_after(course)
    assert {one.client_order_id: one.filled_quantity for one in after.orders} == {
        life[-1].client_order_id: life[-1].filled_quantity for life in course
    }


@given(courses(), st.data())
def test_the_position_is_the_sum_of_the_fills(course: Course, data: st.DataObject) -> None:
    """However far each order has been seen, the position is the sum of what is booked of each."""
    views = [view for life in course for view in life]
    after = reduce(seen, data.draw(st.lists(st.sampled_from(views), max_size=12)), a_state())
    booked = sum((order.filled_quantity * order.side.sign for order in after.orders), Decimal(0))
    assert after.position.quantity == booked


@given(courses(), st.data())
def test_snapshots_with_gaps_converge(course: Course, data: st.DataObject) -> None:
    """Old views, missing and repeated ones, and a lagging position are all made good by one whole snapshot (I8)."""
    views, last = [view for life in course for view in life], [life[-1] for life in course]
    state = a_state()
    for minute in range(data.draw(st.integers(0, 3))):
        some = data.draw(st.lists(st.sampled_from(views), max_size=6))
        total = data.draw(st.sampled_from([Decimal(0), held_after(course), Decimal(7)]))
        state = compared(state, some, total, minute + 1).state
    whole = compared(state, data.draw(st.permutations(last)), held_after(course), 10)
    assert whole.doubt is None
    assert whole.state.position.quantity == held_after(course)
    assert {one.client_order_id: one.status for one in whole.state.orders} == {
        one.client_order_id: one.status for one in last
    }
    again = compared(whole.state, data.draw(st.permutations(last * 2)), held_after(course), 11)
    assert again == replace(whole, corrections=())
