"""`decide`: every branch ends in one decision with its reason (I12)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import Number, a_moment, a_record, a_state, an_id, an_intent, at, some_rules
from holdfast.domain.decide import Decision, Rules, decide
from holdfast.domain.order import Role, Side
from holdfast.domain.state import Status, SymbolState

SELL = Side.SELL
LONG = some_rules()
BOTH = some_rules(may_short=True)
FRACTIONS = some_rules("0.5", lot="1e-9")
SHORT_FRACTIONS = some_rules(lot="1e-9", may_short=True)


def decided(state: SymbolState, signal: Number | None, rules: Rules | None = None, **kwargs: object) -> Decision:
    """Decide on the bar of minute 5."""
    moment = kwargs.pop("moment", a_moment(5))
    wanted = None if signal is None else Decimal(signal)
    return decide(state, wanted, moment, rules or some_rules(), **kwargs)  # type: ignore[arg-type]


TRADES: list[tuple[str, SymbolState, Number, Rules, Side, Number, Role, Number]] = [
    # what happens, state, signal, rules, side, quantity, role, target
    ("flat to long", a_state(0), 1, LONG, Side.BUY, 10, Role.ENTRY, 10),
    ("half a signal", a_state(0), "0.5", LONG, Side.BUY, 5, Role.ENTRY, 5),
    ("a signal rounds down", a_state(0), "0.99", LONG, Side.BUY, 9, Role.ENTRY, 9),
    ("a fraction of a share", a_state(0), "0.5", FRACTIONS, Side.BUY, "0.25", Role.ENTRY, "0.25"),
    ("long to flat", a_state(10), 0, LONG, SELL, 10, Role.EXIT, 0),
    ("long to half", a_state(10), "0.5", LONG, SELL, 5, Role.EXIT, 5),
    ("half to full", a_state(5), 1, LONG, Side.BUY, 5, Role.ENTRY, 10),
    ("a short signal closes where shorts are not allowed", a_state(10), -1, LONG, SELL, 10, Role.EXIT, 0),
    ("flat to short", a_state(0), -1, BOTH, SELL, 10, Role.ENTRY, -10),
    ("a flip closes first", a_state(10), -1, BOTH, SELL, 10, Role.EXIT, 0),
    ("a flip back closes first", a_state(-10), 1, BOTH, Side.BUY, 10, Role.EXIT, 0),
    ("short to flat", a_state(-10), 0, BOTH, Side.BUY, 10, Role.EXIT, 0),
    ("parts of shares are not sold short", a_state(0), "-0.55", SHORT_FRACTIONS, SELL, 5, Role.ENTRY, -5),
    ("a short is covered where config allows long only now", a_state(-10), -1, LONG, Side.BUY, 10, Role.EXIT, 0),
    ("short to half", a_state(-10), "-0.5", BOTH, Side.BUY, 5, Role.EXIT, -5),
    ("more than is configured is sold down", a_state(10), 1, some_rules(4), SELL, 6, Role.EXIT, 4),
    ("unmanaged shares are not sold", a_state(10, unmanaged=90), 0, LONG, SELL, 10, Role.EXIT, 0),
    ("unmanaged shares do not count as held", a_state(0, unmanaged=90), 1, LONG, Side.BUY, 10, Role.ENTRY, 10),
    ("a beyond-one signal is one", a_state(0), 7, LONG, Side.BUY, 10, Role.ENTRY, 10),
    ("an exit that never arrived is tried again", a_state(10, target=Decimal(0)), 0, LONG, SELL, 10, Role.EXIT, 0),
    ("the rest of half an exit is sold", a_state(6, target=Decimal(0)), 0, LONG, SELL, 6, Role.EXIT, 0),
    ("a flip whose first leg failed", a_state(6, target=Decimal(0)), -1, BOTH, SELL, 6, Role.EXIT, 0),
    ("a lost entry is tried again", a_state(0, target=Decimal(10)), 1, LONG, Side.BUY, 10, Role.ENTRY, 10),
    ("an exit in doubt about an order", a_state(10, status=Status.IN_DOUBT), 0, LONG, SELL, 10, Role.EXIT, 0),
    ("an exit while draining", a_state(10, status=Status.DRAINING), 0, LONG, SELL, 10, Role.EXIT, 0),
    ("an exit while not re-armed", a_state(10, rearm=1), 0, LONG, SELL, 10, Role.EXIT, 0),
    ("an entry on the other side of a re-arm", a_state(0, rearm=1), -1, BOTH, SELL, 10, Role.ENTRY, -10),
]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "signal", "rules", "side", "quantity", "role", "target"),
    [row[1:] for row in TRADES],
    ids=[row[0] for row in TRADES],
)
def test_a_difference_is_traded(
    state: SymbolState, signal: Number, rules: Rules, side: Side, quantity: Number, role: Role, target: Number
) -> None:
    """An order trades the whole difference between what is managed and what is wanted, and says so."""
    decision = decided(state, signal, rules)
    intent = decision.intent
    assert intent is not None, decision.why
    assert (intent.side, intent.quantity, intent.role) == (side, Decimal(quantity), role)
    assert (decision.action, decision.target, intent.client_order_id) == (side.value, Decimal(target), an_id(5, side))
    assert decision.why.startswith("signal ")


REASONS: list[tuple[SymbolState, Number | None, dict[str, object], str, str]] = [
    # state, signal, what else, action, the reason's words
    (a_state(10), 1, {}, "hold", "already long 10"),
    (a_state(-10), -1, {"rules": BOTH}, "hold", "already short 10"),
    (a_state(0), 0, {}, "hold", "already flat"),
    (a_state(0), -1, {}, "hold", "already flat"),
    (a_state(0), "0.05", {}, "hold", "already flat"),
    (a_state(4, target=Decimal(10)), 1, {}, "hold", "already long 4; the target has not changed"),
    (a_state(0), None, {}, "wait", "the strategy has no opinion"),
    (a_state(10), 0, {"moment": a_moment(5, is_open=False)}, "wait", "the market is closed"),
    (a_state(10), 0, {"doubt": "the broker holds 7"}, "wait", "the broker holds 7"),
    (a_state(0, a_record("new")), 1, {}, "wait", f"the entry {an_id()} is new"),
    (a_state(10, a_record("intent", side=SELL, role=Role.EXIT)), 0, {}, "wait", f"the exit {an_id(0, SELL)} is intent"),
    (a_state(0, a_record("intent")), 0, {}, "wait", f"the entry {an_id()} is intent"),
    (a_state(0, status=Status.IN_DOUBT, status_reason="asking"), 1, {}, "wait", "in doubt: asking"),
    (a_state(5, status=Status.IN_DOUBT, status_reason="asking"), 1, {}, "wait", "in doubt: asking"),
    (a_state(0, status=Status.DRAINING), 1, {}, "wait", "draining: exits only"),
    (a_state(0, rearm=1), 1, {}, "wait", "not re-armed"),
    (a_state(0, rearm=-1), -1, {"rules": BOTH}, "wait", "not re-armed"),
    (a_state(0, a_record("absent", minute=5)), 1, {}, "hold", f"the decision {an_id(5)} has been taken already"),
    (a_state(0, status=Status.PAUSED, status_reason="by hand"), 1, {}, "wait", "paused: by hand"),
    (a_state(10, status=Status.HALTED, status_reason="look"), 0, {}, "wait", "halted: look"),
    (a_state(10, status=Status.SUSPENDED, status_reason="no trade"), 0, {}, "wait", "suspended: no trade"),
    (a_state(10, status=Status.QUARANTINED, status_reason="raised"), 0, {}, "wait", "quarantined: raised"),
    (a_state(10, status=Status.RETIRED, status_reason="removed"), None, {}, "wait", "retired: removed"),
]


@pytest.mark.parametrize(("state", "signal", "rest", "action", "why"), REASONS, ids=[row[4][:40] for row in REASONS])
def test_no_order_has_its_reason(
    state: SymbolState, signal: Number | None, rest: dict[str, object], action: str, why: str
) -> None:
    """A bar on which nothing is ordered says why, in words."""
    decision = decided(state, signal, **rest)  # type: ignore[arg-type]
    assert decision.intent is None
    assert decision.action == action
    assert why in decision.why


@pytest.mark.parametrize(
    ("order", "signal", "is_canceled"),
    [
        (a_record("new"), 0, True),
        (a_record("new"), -1, True),
        (a_record("partially_filled", 4), 0, True),
        (a_record("new"), 1, False),
        (a_record("new"), None, False),
        (a_record("intent"), 0, False),
        (a_record("new", side=SELL, role=Role.EXIT), 1, False),
    ],
)
def test_a_working_entry_that_is_not_wanted_any_more_is_canceled(
    order: object,
    signal: Number | None,
    is_canceled: bool,  # noqa: FBT001 - a table
) -> None:
    """Only an entry that the broker knows, and only against the signal, is asked to be canceled."""
    decision = decided(a_state(0, order), signal)  # type: ignore[arg-type]
    assert (decision.cancel is order) == is_canceled
    assert decision.action == "wait"


@pytest.mark.parametrize(
    ("rearm", "signal", "left"),
    [(1, 1, 1), (1, "0.5", 1), (1, 0, None), (1, -1, None), (1, None, 1), (-1, -1, -1), (-1, 0, None), (None, 1, None)],
)
def test_a_signal_of_zero_or_the_other_side_rearms(rearm: int | None, signal: Number | None, left: int | None) -> None:
    """Entries are armed again once the signal has been 0 or opposite, and not before."""
    assert decided(a_state(0, rearm=rearm), signal).rearm == left


def test_a_signal_of_zero_rearms_even_while_waiting() -> None:
    """A zero counts also on a bar on which nothing may be ordered."""
    halted = a_state(0, rearm=1, status=Status.HALTED, status_reason="look")
    assert decided(halted, 0).rearm is None


def test_a_blocked_entry_does_not_move_the_target() -> None:
    """What waits is decided anew: the target stays what it was."""
    assert decided(a_state(0, rearm=1), 1).target == 0
    assert decided(a_state(0, status=Status.DRAINING), 1).target == 0


def test_the_same_bar_is_never_traded_twice_on_one_side() -> None:
    """A decision whose id is on file has been taken, whatever became of its order."""
    for status in ("absent", "rejected", "canceled", "filled"):
        assert decided(a_state(0, a_record(status, 0, minute=5)), 1).intent is None


signals = st.one_of(st.none(), st.decimals(-1, 1, places=3))
states = st.builds(
    lambda held, unmanaged, target, rearm, status, order: a_state(
        held, *order, unmanaged=unmanaged, target=Decimal(target), rearm=rearm, status=status, status_reason="because"
    ),
    st.integers(-20, 20),
    st.integers(0, 50),
    st.integers(-20, 20),
    st.sampled_from([None, 1, -1]),
    st.sampled_from(Status),
    st.sampled_from(
        [(), (a_record("new"),), (a_record("intent"),), (a_record("filled"),), (a_record("rejected", minute=5),)]
    ),
)


@given(states, signals, st.integers(1, 20), st.booleans(), st.booleans())
def test_whatever_is_decided_is_safe_and_has_a_reason(
    state: SymbolState,
    signal: Decimal | None,
    quantity: int,
    may_short: bool,  # noqa: FBT001 - drawn
    is_open: bool,  # noqa: FBT001 - drawn
) -> None:
    """Exits never exceed what is managed, entries never lead beyond the configured quantity, and a reason is given."""
    rules = some_rules(quantity, may_short=may_short)
    decision = decided(state, signal, rules, moment=a_moment(5, is_open=is_open))
    assert decision.why
    if decision.intent is None:
        return
    intent, held = decision.intent, state.position.quantity
    after = held + intent.quantity * intent.side.sign
    assert is_open
    assert intent.quantity > 0
    if intent.role is Role.EXIT:
        assert abs(after) < abs(held)
        assert after * held >= 0
    else:
        assert abs(held) < abs(after) <= quantity
        assert after * held >= 0
        assert may_short or after > 0
        assert not state.unsettled


def test_an_id_collision_is_of_the_bar_not_of_the_clock() -> None:
    """Two decisions at different moments on one bar have one id."""
    first, second = a_moment(5, age_s=61), a_moment(5, age_s=119)
    ids = {decided(a_state(0), 1, moment=moment).intent for moment in (first, second)}
    assert len(ids) == 1
    assert an_intent(5) in ids
    assert at(5) == first.bar_time


def refused_exits(*minutes: int) -> SymbolState:
    """Return a state whose newest orders are exits that the broker refused on these bars."""
    orders = [a_record("rejected", minute=one, side=SELL, role=Role.EXIT, reason="not tradable") for one in minutes]
    return a_state(10, a_record(), *orders)


@pytest.mark.parametrize(
    ("refused", "bar", "is_sent"),
    [((1,), 2, True), ((1, 2), 3, False), ((1, 2), 4, True), ((1, 2, 4), 7, False), ((1, 2, 4), 8, True)],
)
def test_a_refused_exit_is_tried_again_ever_later(refused: tuple[int, ...], bar: int, is_sent: bool) -> None:  # noqa: FBT001 - a table
    """The first try follows at once, later ones after two, four, eight bars; the reason stands in the decision."""
    decision = decided(refused_exits(*refused), 0, moment=a_moment(bar))
    assert (decision.intent is not None) is is_sent
    assert is_sent or "not tradable" in decision.why


COINS = some_rules("0.5", lot="0.0001")
SHARES = some_rules()


@pytest.mark.parametrize(
    ("state", "signal", "rules", "why"),
    [
        (a_state("0.00005"), 0, COINS, "the 0.00005 left are dust"),
        (a_state("0.5"), 0, SHARES, "the 0.5 left are dust"),
        (a_state("9.5", target=Decimal(5)), 1, SHARES, "the 0.5 missing are below the smallest order"),
        (a_state("0.3"), -1, BOTH, "the 0.3 left are dust"),
    ],
)
def test_dust_is_shown_and_not_looped_on(state: SymbolState, signal: Number, rules: Rules, why: str) -> None:
    """What no order can be about stays, with its reason, and no order is tried for it (F16)."""
    decision = decided(state, signal, rules)
    assert (decision.intent, decision.action) == (None, "hold")
    assert why in decision.why


def test_what_is_sold_beside_dust_is_a_whole_lot() -> None:
    """An exit sells what an order can be about and leaves the dust."""
    decision = decided(a_state("7.5"), 0)
    assert decision.intent is not None
    assert decision.intent.quantity == 7


def test_a_split_is_not_traded() -> None:
    """Seventy shares where ten are configured are held: the target has not changed, so nothing is sold at the open."""
    decision = decided(a_state(70, target=Decimal(10)), 1)
    assert (decision.intent, decision.action) == (None, "hold")
