"""`SymbolState.apply`: each transition, and that no order of the broker's news changes where it ends."""

from dataclasses import replace
from decimal import Decimal
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOON, Number, a_position, a_record, a_state, an_id, an_intent, an_order_view, at
from holdfast.domain import events
from holdfast.domain.events import Event, OrderSeen
from holdfast.domain.order import OrderStatus, OrderView, Role, Side
from holdfast.domain.state import SETTLED_KEPT, Status, SymbolState, is_only_progress


def seen(*args: object, role: Role = Role.ENTRY, **kwargs: object) -> OrderSeen:
    """Return the news of an order as the broker sees it."""
    return OrderSeen(an_order_view(*args, **kwargs), role)  # type: ignore[arg-type]


def after(state: SymbolState, *happened: Event) -> SymbolState:
    """Return the state after all of it."""
    return reduce(SymbolState.apply, happened, state)


INTENT = events.IntentRecorded(an_intent())
EXIT = events.IntentRecorded(an_intent(side=Side.SELL, role=Role.EXIT))
ABSENT = events.OrderProvedAbsent(an_id())
REFUSED = events.OrderRefused(an_id(), "insufficient buying power")

LIVES: list[tuple[str, Number, list[Event], str, Number, Number]] = [
    # what happens, held before, events, status of the order, its filled quantity, held after
    ("an intent is an unsettled order", 0, [INTENT], "intent", 0, 0),
    ("accepted", 0, [INTENT, seen("new")], "new", 0, 0),
    ("filled at once", 0, [INTENT, seen("filled")], "filled", 10, 10),
    ("filled in two parts", 0, [INTENT, seen("partially_filled", 4), seen("filled")], "filled", 10, 10),
    ("partly filled, then canceled", 0, [INTENT, seen("partially_filled", 4), seen("canceled", 4)], "canceled", 4, 4),
    ("filled more by the time it is canceled", 0, [INTENT, seen("new"), seen("canceled", 7)], "canceled", 7, 7),
    ("expired with a part", 0, [INTENT, seen("expired", 3)], "expired", 3, 3),
    ("a request for a cancel ends nothing", 0, [INTENT, seen("pending_cancel", 4)], "pending_cancel", 4, 4),
    ("filled in spite of a cancel", 0, [INTENT, seen("pending_cancel"), seen("filled")], "filled", 10, 10),
    ("rejected after acceptance", 0, [INTENT, seen("new"), seen("rejected")], "rejected", 0, 0),
    ("done for the day is not the end", 0, [INTENT, seen("done_for_day", 4)], "done_for_day", 4, 4),
    ("the same fill twice", 0, [INTENT, seen("filled"), seen("filled")], "filled", 10, 10),
    ("an old view after the end", 0, [INTENT, seen("filled"), seen("new")], "filled", 10, 10),
    ("an old part after the end", 0, [INTENT, seen("canceled", 7), seen("partially_filled", 4)], "canceled", 7, 7),
    ("working again after the end", 0, [INTENT, seen("canceled", 4), seen("pending_cancel", 4)], "canceled", 4, 4),
    ("an exit", 10, [EXIT, seen("filled", side=Side.SELL, role=Role.EXIT)], "filled", 10, 0),
    ("half an exit", 10, [EXIT, seen("canceled", 4, side=Side.SELL, role=Role.EXIT)], "canceled", 4, 6),
    ("an order nobody knew", 0, [seen("partially_filled", 4)], "partially_filled", 4, 4),
    ("never arrived", 0, [INTENT, ABSENT], "absent", 0, 0),
    ("absent, and yet it arrives", 0, [INTENT, ABSENT, seen("new")], "new", 0, 0),
    ("absent, and yet it has filled", 0, [INTENT, ABSENT, seen("filled")], "filled", 10, 10),
    ("refused, not yet believed", 0, [INTENT, REFUSED], "refused", 0, 0),
    ("refused, and proved so", 0, [INTENT, REFUSED, ABSENT], "rejected", 0, 0),
    ("refused, and yet it works", 0, [INTENT, REFUSED, seen("new")], "new", 0, 0),
    ("refused, and yet it has filled", 0, [INTENT, REFUSED, seen("filled")], "filled", 10, 10),
    ("believed refused, and yet it fills", 0, [INTENT, REFUSED, ABSENT, seen("partially_filled", 4)], "partially_filled", 4, 4),  # noqa: E501 - one line per row
    ("an acceptance is not taken back by a refusal", 0, [INTENT, seen("new"), REFUSED], "new", 0, 0),
    ("an acceptance is not taken back by silence", 0, [INTENT, seen("new"), ABSENT], "new", 0, 0),
    ("a fill is not taken back by silence", 0, [INTENT, seen("filled"), ABSENT], "filled", 10, 10),
    ("the same intent twice", 0, [INTENT, seen("filled"), INTENT], "filled", 10, 10),
]  # fmt: skip


@pytest.mark.parametrize(
    ("held", "happened", "status", "filled", "ends"), [row[1:] for row in LIVES], ids=[row[0] for row in LIVES]
)
def test_an_order_lives_by_its_quantities(
    held: Number, happened: list[Event], status: str, filled: Number, ends: Number
) -> None:
    """Fills are booked from cumulative quantities, an ending is never undone, and only the broker ends an order."""
    end = after(a_state(held), *happened)
    assert [order.status.value for order in end.orders] == [status]
    assert (end.orders[0].filled_quantity, end.position.quantity) == (Decimal(filled), Decimal(ends))


@pytest.mark.parametrize("event", [REFUSED, ABSENT])
def test_news_of_an_order_not_on_file_changes_nothing(event: Event) -> None:
    """A refusal or a silence about an unknown order leaves the state as it is."""
    assert after(a_state(), event) == a_state()


@st.composite
def lives(draw: st.DrawFn) -> list[OrderView]:
    """Draw one order's life as the broker sees it: fills in any parts, at any prices, then an end or none."""
    side = draw(st.sampled_from(Side))
    parts = draw(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 500)), max_size=5))
    quantity = sum(part for part, _price in parts) + draw(st.integers(0, 40)) or 1
    views = [an_order_view("new", side=side, quantity=quantity)]
    filled = cost = 0
    for part, price in parts:
        filled, cost = filled + part, cost + part * price
        status = "filled" if filled == quantity else draw(st.sampled_from(["partially_filled", "pending_cancel"]))
        views.append(an_order_view(status, filled, side=side, quantity=quantity, price=Decimal(cost) / filled))
    if filled < quantity:
        status = draw(st.sampled_from(["canceled", "expired"]))
        price = Decimal(cost) / filled if filled else 0
        views.append(an_order_view(status, filled, side=side, quantity=quantity, price=price))
    return views


def test_what_an_exit_fills_beyond_the_managed_shares_comes_out_of_those_of_others() -> None:
    """Others moved shares away while the exit worked, then bought: an account is never long and short at once (I7)."""
    working = a_record("new", side=Side.SELL, role=Role.EXIT)
    held = replace(a_state(6, working), position=a_position(6, unmanaged=5))
    position = held.apply(seen("filled", side=Side.SELL, role=Role.EXIT)).position
    assert (position.quantity, position.unmanaged_quantity) == (0, 1)


@given(lives(), st.integers(-50, 50), st.data())
def test_shuffled_and_repeated_news_ends_in_the_same_state(
    life: list[OrderView], held: int, data: st.DataObject
) -> None:
    """Whatever is repeated, reordered or lost of one order's news, its last word brings the same state."""
    start = a_state(held, a_record("intent", side=life[0].side, quantity=life[0].quantity or 0))
    straight = after(start, *(OrderSeen(view, Role.ENTRY) for view in life))
    heard = data.draw(st.permutations([*life, *data.draw(st.lists(st.sampled_from(life), max_size=6))]))
    lost = data.draw(st.sets(st.sampled_from(life[:-1]), max_size=3)) if len(life) > 1 else set()
    crooked = after(start, *(OrderSeen(view, Role.ENTRY) for view in heard if view not in lost))
    assert crooked.orders == straight.orders
    assert crooked.position.quantity == straight.position.quantity
    assert abs(value(crooked) - value(straight)) < Decimal("1e-12")
    assert after(crooked, *(OrderSeen(view, Role.ENTRY) for view in heard)) == crooked


def value(state: SymbolState) -> Decimal:
    """Return all profit at a price of 100: how the fills were split may move the last digit, not more."""
    return state.position.realized_pl + state.position.unrealized_pl(Decimal(100))


@given(lives(), st.data())
def test_what_is_filled_never_shrinks(life: list[OrderView], data: st.DataObject) -> None:
    """A filled quantity only grows and a terminal status stays, whatever news comes in whatever order."""
    state = after(a_state(), INTENT)
    for view in data.draw(st.permutations(life * 2)):
        before, state = state, state.apply(OrderSeen(view, Role.ENTRY))
        known, now = before.orders[0], state.orders[0]
        assert now.filled_quantity >= known.filled_quantity
        assert now.status.is_terminal or not known.status.is_terminal


def test_settling_is_one_event() -> None:
    """One event books the fill and ends the order, so one save can hold both (I7)."""
    before = after(a_state(), INTENT)
    end = before.apply(seen("filled", price=101))
    assert before.unsettled
    assert not end.unsettled
    assert end.position == a_position(10, 101)


def test_parts_are_booked_at_their_own_price() -> None:
    """The second part of a fill costs what the average says it cost."""
    half = after(a_state(), INTENT, seen("partially_filled", 4, price=100))
    end = half.apply(seen("filled", 10, price=106))
    assert end.position.average_entry_price == 106
    sold = after(a_state(10, price=100), EXIT, *(
        seen("partially_filled", 4, price=110, side=Side.SELL), seen("filled", 10, price=104, side=Side.SELL)
    ))  # fmt: skip
    assert sold.position.realized_pl == 40


def test_an_adopted_order_takes_the_role_given() -> None:
    """An order that the file had lost is recorded whole, with the quantity the broker knows or what is filled."""
    adopted = after(a_state(10), seen("new", side=Side.SELL, role=Role.EXIT)).orders[0]
    assert (adopted.role, adopted.quantity, adopted.broker_order_id) == (
        Role.EXIT,
        10,
        f"broker-{an_id(side=Side.SELL)}",
    )
    by_value = after(a_state(), seen("partially_filled", 3, quantity=None)).orders[0]
    assert by_value.quantity == 3


def test_a_rejected_entry_waits_for_a_new_signal() -> None:
    """An entry that the broker rejected or refused is not tried again at the next bar; an exit is."""
    assert after(a_state(), INTENT, seen("rejected")).rearm == 1
    assert after(a_state(), INTENT, REFUSED, ABSENT).rearm == 1
    assert after(a_state(), INTENT, ABSENT).rearm is None
    assert after(a_state(10), EXIT, seen("rejected", side=Side.SELL, role=Role.EXIT)).rearm is None


def test_a_refusal_keeps_its_reason_until_it_is_disproved() -> None:
    """The broker's reason stands with the order, and goes when the order turns out to live."""
    refused = after(a_state(), INTENT, REFUSED)
    assert refused.orders[0].reason == "insufficient buying power"
    assert after(refused, ABSENT).orders[0].reason == "insufficient buying power"
    assert after(refused, seen("new")).orders[0].reason is None
    assert after(a_state(), INTENT, ABSENT).orders[0].reason == "never arrived at the broker"


def test_a_decision_sets_memory_and_target() -> None:
    """The newest decision, what it wants held and what still blocks entries are remembered."""
    event = events.DecisionTaken(at(1), at(0), Decimal(1), "buy", "signal 1", Decimal(10), -1)
    end = after(a_state(), event)
    assert end.last_decision is not None
    assert (end.last_decision.bar, end.last_decision.action, end.target, end.rearm) == (at(0), "buy", 10, -1)


def test_a_status_carries_its_reason_and_end() -> None:
    """A status is set with its reason and how long it may last at most."""
    end = after(a_state(), events.StatusSet("in_doubt", "waiting", at(3)))
    assert (end.status, end.status_reason, end.waiting_until) == (Status.IN_DOUBT, "waiting", at(3))
    with pytest.raises(ValueError, match="sleepy"):
        end.apply(events.StatusSet("sleepy", None))


def test_a_correction_moves_position_profit_and_rearm() -> None:
    """The broker's word replaces quantity and price and adds to the profit; a re-arm once set is kept."""
    correction = events.PositionCorrected(Decimal(4), Decimal(99), Decimal(2), Decimal(-6), 1)
    end = after(a_state(10), correction)
    assert end.position == replace(a_position(4, 99, unmanaged=2), realized_pl=Decimal(-6))
    assert end.rearm == 1
    assert after(end, replace(correction, rearm=None)).rearm == 1


def test_the_last_correction_is_kept_for_people() -> None:
    """What was corrected stands in the file with what it was, what it is and why."""
    end = after(a_state(), events.CorrectionNoted(at(1), "position.quantity", "10", "0", "sold by hand"))
    assert end.last_correction is not None
    assert (end.last_correction.was, end.last_correction.now) == ("10", "0")
    assert after(end, events.Reconciled(at(2))).reconciled_at == at(2)
    assert after(end, events.StrategyNamed("breakout")).strategy == "breakout"


def test_resume_makes_active_and_rearms() -> None:
    """A person's word clears status, reason, waiting and re-arm, and nothing else."""
    halted = a_state(10, status=Status.HALTED, status_reason="look", rearm=1, waiting_until=at(9))
    assert after(halted, events.Resumed()) == a_state(10)


def test_a_save_counts_and_prunes() -> None:
    """A save keeps every unsettled order and the last few settled ones, and counts itself."""
    settled = [a_record("filled", minute=minute) for minute in range(8)]
    working = a_record("new", minute=0, side=Side.SELL)
    end = after(a_state(0, working, *settled, sequence=41), events.Saved(at(5)))
    assert end.orders == (working, *settled[-SETTLED_KEPT:])
    assert (end.sequence, end.saved_at) == (42, at(5))
    assert after(end, events.Saved(at(6))).orders == end.orders


def test_a_pruned_order_is_still_unsettled_only_if_it_was() -> None:
    """Unsettled orders are never dropped, however many there are."""
    many = [a_record("intent", minute=minute) for minute in range(20)]
    assert len(after(a_state(0, *many), events.Saved(NOON)).unsettled) == 20


def test_in_position_is_any_quantity_at_all() -> None:
    """A short or a fraction is a position; unmanaged shares are not."""
    assert a_state(-1).is_in_position
    assert a_state("0.001").is_in_position
    assert not a_state(0, unmanaged=5).is_in_position


@pytest.mark.parametrize("status", [one for one in OrderStatus if not one.is_terminal])
def test_every_unended_order_counts(status: OrderStatus) -> None:
    """An order in any status but an ended one is unsettled, and found by its id."""
    state = a_state(0, a_record(status.value, 0), a_record("filled", minute=1))
    assert [order.status for order in state.unsettled] == [status]
    assert state.order(an_id()) is state.orders[0]
    assert state.order("unknown") is None


WORKING = a_record("new")


@pytest.mark.parametrize(
    ("before", "after_", "is_progress"),
    [
        (a_state(0, WORKING), a_state(0, WORKING), True),
        (a_state(0, WORKING), a_state(0, a_record("accepted")), True),
        (a_state(0, WORKING), a_state(0, a_record("pending_cancel", 0)), True),
        (a_state(0, WORKING), a_state(0, a_record("partially_filled", 4)), False),
        (a_state(0, WORKING), a_state(0, a_record("canceled", 0)), False),
        (a_state(0, WORKING), a_state(0, a_record("filled")), False),
        (a_state(0, WORKING), a_state(0, WORKING, a_record("new", minute=1)), False),
        (a_state(0, WORKING), a_state(0), False),
        (a_state(0, a_record("intent")), a_state(0, WORKING), False),
        (a_state(0, a_record("intent")), a_state(0, a_record("refused")), False),
        (a_state(0, WORKING), a_state(0, a_record("accepted"), rearm=1), False),
        (a_state(0, WORKING), a_state(10, a_record("accepted")), False),
        (a_state(0, WORKING), a_state(0, a_record("accepted"), status=Status.HALTED), False),
    ],
)
def test_only_a_status_of_a_working_order_is_mere_progress(
    before: SymbolState,
    after_: SymbolState,
    is_progress: bool,  # noqa: FBT001 - a table
) -> None:
    """Whatever a crash must not lose is more than progress: fills, endings, new orders, a first word, permissions."""
    assert is_only_progress(before, after_) == is_progress


def wanted(signal: int) -> events.DecisionTaken:
    """Return a decision on a bar with this signal."""
    return events.DecisionTaken(NOON, NOON, Decimal(signal), "buy", "because", Decimal(10), None)


@pytest.mark.parametrize(("status", "signal", "rearm"), [
    ("canceled", 1, 1), ("replaced", 1, 1), ("expired", 1, None), ("canceled", 0, None), ("filled", 1, None),
])  # fmt: skip
def test_an_entry_that_another_hand_took_away_is_not_sent_again(status: str, signal: int, rearm: int | None) -> None:
    """A wanted entry that the owner cancels or replaces waits for a new signal; our own cancel blocks nothing."""
    assert after(a_state(), INTENT, wanted(signal), seen("new"), seen(status)).rearm == rearm
    assert after(a_state(10), EXIT, seen("canceled", side=Side.SELL, role=Role.EXIT)).rearm is None


def test_the_ledger_remembers_what_the_file_forgets() -> None:
    """A settled order that leaves the file moves the mark behind which nothing is booked again."""
    records = [a_record(minute=minute) for minute in range(7)]
    saved = a_state(0, *records).apply(events.Saved(NOON))
    assert saved.ledger.orders_through == records[1].submitted_at
    assert [order.client_order_id for order in saved.orders] == [order.client_order_id for order in records[2:]]
    assert saved.apply(events.Saved(NOON)).ledger == saved.ledger
