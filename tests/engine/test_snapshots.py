"""Snapshots: how far back they reach, and that nothing is concluded from half an answer."""

import asyncio
from datetime import timedelta

import pytest

from builders import ACCOUNT, NOON, a_state, an_id, an_intent, at
from fakes.broker import UNREACHABLE, FakeBroker
from fakes.clock import ManualClock
from holdfast.domain.broker_facts import Snapshot
from holdfast.domain.errors import Recoverable, UsageError
from holdfast.domain.order import OrderView
from holdfast.domain.state import RECONCILE_OVERLAP, SymbolState
from holdfast.engine.snapshots import HISTORY, snapshot_start, take_snapshot


def taken(broker: FakeBroker, since: timedelta = timedelta(days=1)) -> Snapshot:
    """Take a snapshot."""
    return asyncio.run(take_snapshot(broker, broker.clock, ACCOUNT.id, broker.clock.now() - since))


@pytest.mark.parametrize(
    ("states", "start"),
    [
        ([], NOON - HISTORY),
        ([None], NOON - HISTORY),
        ([a_state(reconciled_at=None)], NOON - HISTORY),
        ([a_state(reconciled_at=at(-30))], at(-30) - RECONCILE_OVERLAP),
        ([a_state(reconciled_at=at(-30)), a_state(reconciled_at=at(-90))], at(-90) - RECONCILE_OVERLAP),
        ([a_state(reconciled_at=at(-30)), None], NOON - HISTORY),
    ],
)
def test_a_snapshot_reaches_back_to_what_any_file_may_have_missed(
    states: list[SymbolState | None], start: object
) -> None:
    """The oldest file counts, a lost one wants the whole history, and an overlap covers the clocks' difference."""
    assert snapshot_start(states, NOON) == start


def test_an_order_submitted_before_the_files_last_word_is_still_read() -> None:
    """A day order may have been submitted days before it fills: its fills must be known as ours."""
    broker = FakeBroker(ManualClock())
    broker.accept(an_intent())
    broker.clock.advance(3 * 86_400)
    snapshot = taken(broker, timedelta(hours=1))
    assert [view.client_order_id for view in snapshot.orders.good] == [an_id()]


def test_a_snapshot_is_stamped_before_its_first_read() -> None:
    """What happens while it is taken is younger than its stamp."""
    broker = FakeBroker(ManualClock())
    assert taken(broker).taken_at == broker.clock.now()
    assert taken(broker).calls == 5


def test_half_an_answer_is_none() -> None:
    """One read that fails fails the whole snapshot, and another account's is refused."""
    broker = FakeBroker(ManualClock())
    broker.reads_failing = UNREACHABLE
    with pytest.raises(Recoverable):
        taken(broker)
    broker.reads_failing, broker.account_id = None, "account-2"
    with pytest.raises(UsageError, match="nt-1"):
        taken(broker)


def test_an_order_that_a_list_leaves_out_is_asked_for_by_its_fill() -> None:
    """A list may lack a row, or not reach back to an old order: its fill tells of it, and it is looked up."""
    broker = FakeBroker(ManualClock())
    broker.accept(an_intent())
    broker.fill(an_id())
    broker.left_out.add(an_id())
    snapshot = taken(broker)
    assert [view.client_order_id for view in snapshot.orders.good] == [an_id()]
    assert (snapshot.unlisted, snapshot.calls) == (frozenset(), 6)


def test_an_order_that_nothing_shows_yet_is_named() -> None:
    """An order that filled and that even a look-up does not know is told by its id."""
    broker = FakeBroker(ManualClock())
    broker.listing_lag_s = 40
    broker.accept(an_intent())
    broker.fill(an_id())
    snapshot = taken(broker)
    assert snapshot.orders.good == ()
    assert snapshot.unlisted == {f"broker-{an_id()}"}


def test_a_look_up_that_fails_costs_its_symbol_alone() -> None:
    """An order that cannot be read makes its own symbol unreadable, and the snapshot stands."""
    broker = FakeBroker(ManualClock())
    broker.accept(an_intent())
    broker.fill(an_id())
    broker.left_out.add(an_id())

    async def unreadable(_name: str) -> OrderView | None:
        raise UNREACHABLE

    broker.order = unreadable  # type: ignore[method-assign]
    snapshot = taken(broker)
    assert [row.symbol for row in snapshot.orders.bad] == ["AAPL"]
    assert snapshot.positions.good
