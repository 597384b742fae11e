"""Doubt: which orders await the broker's word, and what a symbol in doubt is told."""

import pytest

from builders import a_record, a_state, an_id, at
from holdfast.domain.doubt import lost_answer, unresolved, with_doubt
from holdfast.domain.order import OrderStatus
from holdfast.domain.state import Status


@pytest.mark.parametrize("status", OrderStatus)
def test_only_what_the_broker_has_not_confirmed_is_unresolved(status: OrderStatus) -> None:
    """An intent and a refusal await the broker's word; what the broker has named does not."""
    assert bool(unresolved(a_state(0, a_record(status.value, 0)))) == (status.value in ("intent", "refused"))


def test_a_lost_answer_is_named() -> None:
    """The reason names the order and, for a refusal, the broker's words."""
    assert lost_answer(a_state(0, a_record("intent"))) == f"the broker's word on {an_id()} is awaited"
    assert "wash trade" in (lost_answer(a_state(0, a_record("refused", reason="wash trade"))) or "")
    assert lost_answer(a_state(0, a_record("new"), a_record("filled", minute=1))) is None


def test_an_order_just_on_its_way_is_not_lost() -> None:
    """The order being sent now is no doubt; an older one still is."""
    both = a_state(0, a_record("intent"), a_record("intent", minute=1))
    assert lost_answer(both, an_id()) == f"the broker's word on {an_id(1)} is awaited"
    assert lost_answer(a_state(0, a_record("intent")), an_id()) is None


@pytest.mark.parametrize("status", Status)
def test_doubt_comes_over_active_symbols_only(status: Status) -> None:
    """What a person or another cause has forbidden stays as it is, also when the doubt ends."""
    state = a_state(0, status=status, status_reason="because")
    doubted = with_doubt(state, "asking", at(3))
    if status in (Status.ACTIVE, Status.IN_DOUBT):
        assert (doubted.status, doubted.status_reason, doubted.waiting_until) == (Status.IN_DOUBT, "asking", at(3))
        assert with_doubt(doubted, None) == a_state(0)
    else:
        assert doubted == state
        assert with_doubt(state, None) == state


def test_the_same_doubt_twice_changes_nothing() -> None:
    """A doubt that goes on does not move its end, so nothing is written again and again."""
    doubted = with_doubt(a_state(), "asking", at(3))
    assert with_doubt(doubted, "asking", at(9)) == doubted
    assert with_doubt(doubted, "asking about another", at(9)).waiting_until == at(9)
