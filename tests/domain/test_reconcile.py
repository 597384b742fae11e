"""`reconcile`: every row of FAULTS part 2 that a pure function covers, and that it never changes anything twice."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import (
    MINUTE,
    NOON,
    Number,
    a_fill,
    a_holding,
    a_move,
    a_position,
    a_record,
    a_state,
    an_id,
    an_order_view,
    at,
    some_facts,
)
from holdfast.domain import events
from holdfast.domain.broker_facts import FillActivity
from holdfast.domain.external import ExternalChange, Policy
from holdfast.domain.order import OrderStatus, OrderView, Role, Side
from holdfast.domain.reconcile import REFRESH_AFTER, Reconciliation, SymbolFacts, reconcile
from holdfast.domain.state import Ledger, Status, SymbolState

ADOPT = Policy(Decimal(10))
LEAVE = replace(ADOPT, on_external_change=ExternalChange.LEAVE)
HALT = replace(ADOPT, on_external_change=ExternalChange.HALT)
SHORTS = replace(ADOPT, may_short=True)
REMOVED = Policy(Decimal(0))
SELL, EXIT = Side.SELL, Role.EXIT
NEW = SymbolState("AAPL", account_id="account-1")


def reconciled(
    state: SymbolState, facts: SymbolFacts, policy: Policy = ADOPT, confirmed: Number | None = None
) -> Reconciliation:
    """Reconcile ten minutes after 15:00."""
    earlier = None if confirmed is None else replace(facts.read, total=Decimal(confirmed))
    return reconcile(state, facts, policy, at=at(10), earlier=earlier)


BOOKED = ["position.quantity"]
PART = "partially_filled"
a_view, facts_of = an_order_view, some_facts

SOLD = [a_fill(10, side=SELL, price=110)]
BOUGHT = [a_fill(5, side=Side.BUY, price=90)]
OK, STOP = Status.ACTIVE, Status.HALTED

RECOVERY: list[tuple[str, SymbolState, SymbolFacts, Number, list[str]]] = [
    # on disk and at the broker, the state, the facts, held afterwards, what was corrected
    ("no intent, no order", a_state(0), facts_of(0), 0, []),
    ("no intent, our order working", a_state(0), facts_of(0, a_view("new", minute=3)), 0, ["orders"]),
    ("no intent, our order filled", a_state(0), facts_of(10, a_view(minute=3)), 10, BOOKED),
    ("intent, unknown id", a_state(0, a_record("intent")), facts_of(0), 0, []),
    ("intent, working", a_state(0, a_record("intent")), facts_of(0, a_view("new")), 0, []),
    ("intent, part filled", a_state(0, a_record("intent")), facts_of(4, a_view(PART, 4)), 4, BOOKED),
    ("intent, filled", a_state(0, a_record("intent")), facts_of(10, a_view()), 10, BOOKED),
    ("intent, canceled in part", a_state(0, a_record("intent")), facts_of(4, a_view("canceled", 4)), 4, BOOKED),
    ("intent, rejected", a_state(0, a_record("intent")), facts_of(0, a_view("rejected")), 0, []),
    ("intent, expired", a_state(0, a_record("intent")), facts_of(0, a_view("expired")), 0, []),
    ("refused, and filled after all", a_state(0, a_record("refused")), facts_of(10, a_view()), 10, BOOKED),
    ("absent, and filled after all", a_state(0, a_record("absent")), facts_of(10, a_view()), 10, BOOKED),
    ("working, filled while down", a_state(4, a_record(PART, 4)), facts_of(10, a_view()), 10, BOOKED),
    ("working, not found", a_state(4, a_record(PART, 4)), facts_of(4), 4, []),
    ("an exit filled while down", a_state(10, a_record("new", side=SELL)), facts_of(0, a_view(side=SELL)), 0, BOOKED),
    ("settled and equal", a_state(10, a_record()), facts_of(10, a_view()), 10, []),
    ("equal, with unmanaged shares", a_state(10, unmanaged=5), facts_of(15), 10, []),
    ("an older file", a_state(10, a_record()), facts_of(0, a_view(), a_view(minute=4, side=SELL)), 0, BOOKED),
    ("an old order booked and dropped", a_state(10, ledger=Ledger(at(5))), facts_of(10, a_view(minute=2)), 10, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "facts", "held", "corrected"), [row[1:] for row in RECOVERY], ids=[row[0] for row in RECOVERY]
)
def test_our_own_orders_explain_the_position(
    state: SymbolState, facts: SymbolFacts, held: Number, corrected: list[str]
) -> None:
    """What our orders filled is booked once and the symbol is not in doubt."""
    outcome = reconciled(state, facts)
    assert outcome.doubt is None
    assert outcome.state.position.quantity == Decimal(held)
    assert [one.field for one in outcome.corrections] == corrected
    assert outcome.state.status is Status.ACTIVE


def test_nothing_to_correct_changes_not_one_byte() -> None:
    """A file that agrees with the broker is returned as the very same state."""
    state = a_state(10, a_record())
    assert reconciled(state, some_facts(10, an_order_view())).state == state


def test_an_unknown_order_of_ours_keeps_its_intent() -> None:
    """An intent that the broker does not list stays unsettled: only silence over time proves it absent."""
    outcome = reconciled(a_state(0, a_record("intent")), some_facts(0))
    assert [order.status for order in outcome.state.unsettled] == [OrderStatus.INTENT]


EXTERNAL: list[tuple[str, Policy, SymbolState, SymbolFacts, Number, Number, Status]] = [
    # what happened, the policy, state, facts, managed and unmanaged afterwards, status
    ("sold by hand", ADOPT, a_state(10), some_facts(0, fills=SOLD), 0, 0, OK),
    ("sold by hand, left", LEAVE, a_state(10), some_facts(0, fills=SOLD), 0, 0, OK),
    ("sold by hand, halts", HALT, a_state(10), some_facts(0, fills=SOLD), 0, 0, STOP),
    ("bought by hand, full already", ADOPT, a_state(10), some_facts(15, fills=BOUGHT), 10, 5, OK),
    ("bought by hand, adopted", ADOPT, a_state(4), some_facts(9, fills=BOUGHT), 9, 0, OK),
    ("bought by hand, adopted in part", ADOPT, a_state(8), some_facts(13, fills=BOUGHT), 10, 3, OK),
    ("bought by hand, left", LEAVE, a_state(4), some_facts(9, fills=BOUGHT), 4, 5, OK),
    ("bought by hand, halts", HALT, a_state(4), some_facts(9, fills=BOUGHT), 4, 5, STOP),
    ("bought by hand, not configured", REMOVED, a_state(4), some_facts(9, fills=BOUGHT), 4, 5, OK),
    ("sold: the unmanaged part first", LEAVE, a_state(5, unmanaged=12), some_facts(7, fills=SOLD), 5, 2, OK),
    ("sold: then the managed one", LEAVE, a_state(10, unmanaged=5), some_facts(5, fills=SOLD), 5, 0, OK),
    ("sold short by hand", ADOPT, a_state(0), some_facts(-10, fills=SOLD), 0, -10, STOP),
    ("short by hand where shorts are allowed", SHORTS, a_state(0), some_facts(-10, fills=SOLD), -10, 0, OK),
    ("a new file for a position met", ADOPT, NEW, some_facts(5, fills=BOUGHT), 5, 0, OK),
    ("a position met, left", LEAVE, NEW, some_facts(5, fills=BOUGHT), 0, 5, OK),
    ("a position met, halts", HALT, NEW, some_facts(5, fills=BOUGHT), 0, 5, STOP),
]  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "state", "facts", "managed", "unmanaged", "status"),
    [row[1:] for row in EXTERNAL],
    ids=[row[0] for row in EXTERNAL],
)
def test_other_peoples_fills_follow_the_policy(
    policy: Policy, state: SymbolState, facts: SymbolFacts, managed: Number, unmanaged: Number, status: Status
) -> None:
    """A difference that foreign fills explain is corrected at once, as `on_external_change` says."""
    outcome = reconciled(state, facts, policy)
    position = outcome.state.position
    assert outcome.doubt is None
    assert (position.quantity, position.unmanaged_quantity) == (Decimal(managed), Decimal(unmanaged))
    assert outcome.state.status is status
    assert outcome.state.reconciled_at == at(10)
    assert outcome.state.last_correction is not None


UNEXPLAINED = [
    ("vanished", a_state(10), some_facts(0)),
    ("grown", a_state(10), some_facts(15)),
    ("turned", a_state(10), some_facts(-10)),
    ("split", a_state(10, price=700), some_facts(70, price=100)),
    ("more than the fills say", a_state(10), some_facts(3, fills=[a_fill(5)])),
    ("less than the fills say", a_state(10), some_facts(8, fills=[a_fill(5)])),
    ("fills that cancel out", a_state(10), some_facts(9, fills=[a_fill(5), a_fill(5, side=Side.BUY)])),
    ("a fill known before", a_state(10, ledger=Ledger(None, at(2))), some_facts(0, fills=[a_fill(10)])),
    ("our own fill and a lagging position", a_state(0, a_record("intent")), some_facts(0, an_order_view())),
    ("a position met without history", NEW, some_facts(7)),
]  # fmt: skip


@pytest.mark.parametrize(("state", "facts"), [row[1:] for row in UNEXPLAINED], ids=[row[0] for row in UNEXPLAINED])
def test_what_nothing_explains_is_doubted(state: SymbolState, facts: SymbolFacts) -> None:
    """One position read alone corrects nothing: what our orders filled is booked, the rest waits."""
    outcome = reconciled(state, facts)
    ours = sum((view.filled_quantity * view.side.sign for view in facts.our_orders), state.position.quantity)
    assert outcome.state.position.quantity == ours
    assert "waiting for a second position read" in (outcome.doubt or "")
    assert outcome.state.reconciled_at == state.reconciled_at


@pytest.mark.parametrize(("state", "facts"), [row[1:] for row in UNEXPLAINED], ids=[row[0] for row in UNEXPLAINED])
def test_another_first_read_confirms_nothing(state: SymbolState, facts: SymbolFacts) -> None:
    """An earlier read that said something else leaves the doubt standing."""
    assert reconciled(state, facts, confirmed=facts.total + 1).doubt is not None


BELIEVED = (
    "two position reads agree and nothing explains it",
    "the same cost in another count: a split",
    "the account's history",
)


@pytest.mark.parametrize(("state", "facts"), [row[1:] for row in UNEXPLAINED if not row[2].our_orders])
def test_two_agreeing_reads_are_believed(state: SymbolState, facts: SymbolFacts) -> None:
    """A second position read that equals the first is the broker's word, whatever explains it."""
    outcome = reconciled(state, facts, confirmed=facts.total)
    assert outcome.doubt is None
    assert outcome.state.position.total_quantity == facts.total
    assert outcome.state.last_correction is not None
    assert outcome.state.last_correction.why in BELIEVED


def test_a_fill_in_between_begins_the_wait_anew() -> None:
    """Two reads confirm nothing when a fill of ours was booked between them: the second may be the lagging one."""
    outcome = reconciled(a_state(10), some_facts(7, an_order_view(minute=3, quantity=5)), confirmed=7)
    assert outcome.doubt is not None
    assert outcome.state.position.quantity == 15


def test_a_short_that_config_does_not_allow_halts() -> None:
    """A confirmed short halts a long-only symbol with the command to type, and is never managed."""
    outcome = reconciled(a_state(10), some_facts(-10), confirmed=-10)
    assert (outcome.state.status, outcome.state.position.quantity) == (Status.HALTED, 0)
    assert "holdfast resume AAPL" in (outcome.state.status_reason or "")
    assert outcome.state.position.unmanaged_quantity == -10


def test_a_symbol_without_a_file_waits_while_an_order_is_unreadable() -> None:
    """It may be its own, and work: it begins when the list is readable. Who knows its orders is not held up."""
    facts = replace(some_facts(0), nameless_order="symbol: missing")
    outcome = reconciled(NEW, facts)
    assert (outcome.state, "symbol: missing" in (outcome.doubt or "")) == (NEW, True)
    assert reconciled(a_state(0), facts).doubt is None


def test_an_unreadable_row_changes_nothing() -> None:
    """With a row that could not be parsed, nothing is booked or corrected, and the doubt says why."""
    state = a_state(10, a_record("intent", minute=1))
    outcome = reconciled(state, some_facts(0, an_order_view(minute=1), unreadable="qty: no number"), confirmed=0)
    assert outcome.state is state
    assert outcome.corrections == ()
    assert "qty: no number" in (outcome.doubt or "")


def test_a_lost_file_is_rebuilt_from_our_orders() -> None:
    """With no memory at all, orders with our id say what is held, at which price, and what still works."""
    views = [
        an_order_view(minute=0, price=100),
        an_order_view(minute=1, side=SELL, price=110),
        an_order_view("partially_filled", 4, minute=2, price=90),
    ]
    outcome = reconciled(NEW, some_facts(4, *reversed(views), price=90))
    assert outcome.doubt is None
    assert outcome.state.position == replace(a_position(4, 90), realized_pl=Decimal(100))
    assert [order.role for order in outcome.state.orders] == [Role.ENTRY, Role.EXIT, Role.ENTRY]
    assert [order.client_order_id for order in outcome.state.unsettled] == [an_id(2)]


def test_a_foreign_sale_realises_profit_and_rearms() -> None:
    """What somebody else sold is realised at their price, and the bot does not buy it back at once."""
    outcome = reconciled(a_state(10, price=100), some_facts(4, fills=[a_fill(6, price=110)]))
    assert outcome.state.position == replace(a_position(4, 100), realized_pl=Decimal(60))
    assert outcome.state.rearm == 1


def test_a_foreign_purchase_neither_realises_nor_rearms() -> None:
    """What somebody else bought takes the broker's average price, and entries stay armed."""
    outcome = reconciled(a_state(4, price=100), some_facts(9, fills=BOUGHT, price=95))
    assert outcome.state.position == a_position(9, 95)
    assert outcome.state.rearm is None


def test_the_owner_turns_a_short_around() -> None:
    """A covered short realises with its own sign and blocks new shorts only."""
    outcome = reconciled(a_state(-10, price=100), some_facts(0, fills=[a_fill(10, side=Side.BUY, price=90)]), SHORTS)
    assert outcome.state.position == replace(a_position(), realized_pl=Decimal(100))
    assert outcome.state.rearm == -1


def test_each_correction_says_what_it_was_and_is() -> None:
    """Corrections are words for people: both quantities and the reason."""
    outcome = reconciled(a_state(8), some_facts(13, fills=BOUGHT))
    told = [(one.field, one.was, one.now, one.why) for one in outcome.corrections]
    why = "fills in the account that are not ours"
    assert told == [("position.quantity", "8", "10", why), ("position.unmanaged_quantity", "0", "3", why)]


def test_a_file_is_stamped_at_most_once_a_day_when_nothing_changes() -> None:
    """The reconcile's time is written with a change, or when the last one is more than a day old."""
    fresh, old = a_state(10), a_state(10, reconciled_at=at(10) - REFRESH_AFTER - MINUTE.length)
    assert reconciled(fresh, some_facts(10)).state.reconciled_at == NOON
    assert reconciled(old, some_facts(10)).state.reconciled_at == at(10)
    assert reconciled(NEW, some_facts(0)).state.reconciled_at == at(10)


def drawn_view(minute: int, side: Side, status: str, filled: int) -> OrderView:
    """Return a view whose quantities fit its status."""
    amount = 10 if status == "filled" else 0 if status in ("new", "rejected") else min(filled, 9)
    return an_order_view(status, amount, minute=minute, side=side)


def drawn_fill(quantity: int, side: Side, minute: int) -> FillActivity:
    """Return a foreign fill."""
    return a_fill(quantity, side=side, minute=minute)


def drawn_state(held: int, unmanaged: int, rest: tuple[str, ...], age: int, *, is_new: bool) -> SymbolState:
    """Return a state with some orders on file."""
    if is_new:
        return NEW
    orders = [a_record(status, 0, minute=minute) for minute, status in enumerate(rest)]
    return a_state(held, *orders, unmanaged=unmanaged, reconciled_at=at(-age))


sides = st.sampled_from(Side)
views = st.builds(
    drawn_view, st.integers(0, 6), sides,
    st.sampled_from(["new", "partially_filled", "filled", "canceled", "expired", "rejected"]), st.integers(1, 9),
)  # fmt: skip
fills = st.builds(drawn_fill, st.integers(1, 20), sides, st.integers(-30, 9))
random_states = st.builds(
    drawn_state, st.integers(-20, 20), st.integers(-5, 20),
    st.lists(st.sampled_from(["intent", "refused", "absent", "new", "rejected"]), max_size=3).map(tuple),
    st.sampled_from([1, 60, 3000]), is_new=st.booleans(),
)  # fmt: skip
policies = st.builds(Policy, st.integers(0, 20).map(Decimal), st.booleans(), st.sampled_from(ExternalChange))
random_facts = st.builds(
    lambda ours, holds, others, bad: SymbolFacts(tuple(ours), a_holding(holds) if holds else None, tuple(others), bad),
    st.lists(views, max_size=4, unique_by=lambda view: view.submitted_at),
    st.integers(-30, 30),
    st.lists(fills, max_size=3),
    st.sampled_from([None, None, None, "a strange row"]),
)


@given(random_states, random_facts, policies, st.booleans())
def test_reconciling_twice_changes_nothing_more(
    state: SymbolState,
    facts: SymbolFacts,
    policy: Policy,
    is_confirmed: bool,  # noqa: FBT001 - drawn
) -> None:
    """Applied to its own outcome with the same facts, a reconcile returns it and corrects nothing (I8)."""
    earlier = facts.read if is_confirmed else None
    first = reconcile(state, facts, policy, at=at(10), earlier=earlier)
    second = reconcile(first.state, facts, policy, at=at(11), earlier=earlier if first.doubt is None else None)
    assert second.state == first.state
    assert second.corrections == ()
    assert second.doubt == first.doubt


@given(random_states, random_facts, policies, st.booleans())
def test_a_reconcile_ends_equal_to_the_broker_or_in_doubt(
    state: SymbolState,
    facts: SymbolFacts,
    policy: Policy,
    is_confirmed: bool,  # noqa: FBT001 - drawn
) -> None:
    """Without doubt the file holds what the account holds, manages no forbidden sign, and takes no order away."""
    outcome = reconcile(state, facts, policy, at=at(10), earlier=facts.read if is_confirmed else None)
    position = outcome.state.position
    assert {order.client_order_id for order in state.orders} <= {one.client_order_id for one in outcome.state.orders}
    if outcome.doubt is None:
        assert position.total_quantity == facts.total
        assert (position.average_entry_price is None) == (position.quantity == 0)
    if outcome.doubt is None and position != state.position and outcome.corrections and not facts.our_orders:
        assert policy.may_short or position.quantity >= 0
        assert abs(position.quantity) <= abs(facts.total)


@given(random_states, random_facts, policies, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(
    state: SymbolState, facts: SymbolFacts, policy: Policy, random: object
) -> None:
    """Shuffled lists of orders and fills bring the same outcome."""
    orders, others = list(facts.our_orders), list(facts.activities)
    random.shuffle(orders)  # type: ignore[attr-defined]
    random.shuffle(others)  # type: ignore[attr-defined]
    shuffled = replace(facts, our_orders=tuple(orders), activities=tuple(others))
    assert reconciled(state, shuffled, policy).state.position == reconciled(state, facts, policy).state.position


# --- the ledger: what was booked is not booked again, what happened is booked in its order ------------------------


def replayed(*facts: SymbolFacts, policy: Policy = ADOPT, state: SymbolState = NEW) -> SymbolState:
    """Reconcile the facts one after the other, with the saves in between, and return the last state."""
    for one in facts:
        state = reconciled(state, one, policy).state.apply(events.Saved(NOON))
    return state


def test_refused_orders_push_no_fill_out_of_the_books() -> None:
    """After five refused exits the file lists no filled order any more, and the old fill is not booked again."""
    refused = [a_record("rejected", minute=minute, side=SELL, role=EXIT) for minute in range(2, 7)]
    never_arrived = [replace(record, broker_order_id=None, submitted_at=None) for record in refused]
    state = a_state(10, a_record(), *never_arrived).apply(events.Saved(NOON))
    assert [order.status for order in state.orders] == [OrderStatus.REJECTED] * 5
    outcome = reconciled(state, facts_of(10, a_view()))
    assert (outcome.state.position.quantity, outcome.corrections, outcome.doubt) == (10, (), None)


def test_a_foreign_fill_is_booked_once() -> None:
    """The same activity in the next snapshot changes nothing, whatever its time and however often it is listed."""
    facts = some_facts(4, fills=[a_fill(6)])
    once = replayed(facts, state=a_state(10))
    assert reconciled(once, facts).state == once
    assert once.position.quantity == 4


def test_an_activity_that_comes_before_its_position_waits() -> None:
    """Where the positions lag behind the activities nothing is booked, and the symbol trades nothing meanwhile (F9)."""
    state = a_state(10)
    early = reconciled(state, some_facts(10, fills=[a_fill(10)]))
    assert "what others did is not in it yet" in (early.doubt or "")
    assert early.state.position == state.position
    late = reconciled(early.state, some_facts(0, fills=[a_fill(10)]))
    assert (late.state.position.quantity, late.doubt) == (0, None)


def test_an_activity_that_comes_after_two_reads_is_not_booked_again() -> None:
    """A sale believed from two position reads stays one sale when its activity is posted later."""
    believed = reconciled(a_state(10), some_facts(0), confirmed=0).state
    facts = some_facts(0, fills=[a_fill(10)])
    later = reconciled(believed, facts)
    assert later.state == believed
    assert "what others did is not in it yet" in (later.doubt or "")
    twice = reconciled(believed, facts, confirmed=0)
    assert (twice.state.position, twice.corrections, twice.doubt) == (believed.position, (), None)
    assert reconciled(twice.state, facts).doubt is None


def test_a_clock_that_is_ahead_books_nothing_that_has_not_happened_yet() -> None:
    """What is believed from two reads is marked by the broker's own times: what others do next is still news."""
    believed = reconciled(a_state(10), some_facts(4), confirmed=4).state
    after = reconciled(believed, some_facts(1, fills=[a_fill(3, minute=9)])).state
    assert (after.position.quantity, believed.ledger.activities_through) == (1, None)


@pytest.mark.parametrize(("policy", "managed", "unmanaged"), [(ADOPT, 10, 0), (LEAVE, 0, 10)])
def test_a_sale_and_a_purchase_between_two_looks_are_told_apart(policy: Policy, managed: int, unmanaged: int) -> None:
    """The position is the same as before, and yet under `leave` the shares are the owner's now."""
    fills = [a_fill(10, minute=1), a_fill(10, minute=2, side=Side.BUY)]
    outcome = reconciled(a_state(10), some_facts(10, fills=fills), policy)
    position = outcome.state.position
    assert (position.quantity, position.unmanaged_quantity) == (managed, unmanaged)
    assert outcome.state.rearm == 1


@pytest.mark.parametrize(("policy", "managed"), [(ADOPT, 10), (LEAVE, 0)])
def test_a_lost_file_does_not_claim_what_the_owner_sold_and_bought_again(policy: Policy, managed: int) -> None:
    """Our own orders alone would claim ten shares that are not ours any more."""
    fills = [a_fill(10, minute=2), a_fill(10, minute=3, side=Side.BUY)]
    position = replayed(some_facts(10, a_view(), fills=fills), policy=policy).position
    assert (position.quantity, position.unmanaged_quantity) == (managed, 10 - managed)


def test_what_was_held_before_our_first_order_is_not_ours() -> None:
    """A rebuilt file under `leave` manages what our orders bought; the rest, older, stays unmanaged."""
    older = a_fill(5, minute=-60, side=Side.BUY)
    position = replayed(some_facts(15, a_view(), fills=[older]), policy=LEAVE).position
    assert (position.quantity, position.unmanaged_quantity) == (10, 5)


# --- splits, fees, lists that lie ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "managed"), [("JNLS", 4), ("MA", 4)])
def test_a_transfer_is_explained_at_once(kind: str, managed: int) -> None:
    """Shares that the activities say were moved out are gone at once, and named."""
    outcome = reconciled(a_state(10), some_facts(4, fills=[a_move(-6, kind=kind)]))
    assert (outcome.state.position.quantity, outcome.doubt) == (managed, None)
    assert f"{kind} -6" in outcome.corrections[0].why


@pytest.mark.parametrize(("unlisted", "held"), [(1000, 10), (600, 10), (400, 0), (0, 0), (None, 0)])
def test_an_empty_list_is_not_believed_against_the_accounts_value(unlisted: Number | None, held: int) -> None:
    """Positions that vanish while the account's market value stays are still there, however many reads agree (F9)."""
    outcome = reconciled(a_state(10, price=100), some_facts(0, unlisted=unlisted), confirmed=0)
    assert outcome.state.position.quantity == held
    assert (outcome.doubt is not None) is bool(held)


def test_the_fee_of_a_purchase_in_coins_is_the_brokers_word() -> None:
    """A pair's position is what the broker shows: a quarter of a percent less than was bought, at once (F16)."""
    bought = replace(a_record(quantity="0.2"), filled_quantity=Decimal("0.2"))
    state = replace(a_state("0.2", bought), symbol="BTC/USD")
    outcome = reconciled(state, some_facts("0.1995"))
    assert (outcome.state.position.quantity, outcome.doubt, outcome.state.rearm) == (Decimal("0.1995"), None, None)
    assert outcome.state.position.average_entry_price == 100
    assert reconciled(replace(state, symbol="AAPL"), some_facts("0.1995")).doubt is not None
    assert reconciled(state, some_facts("0.198")).doubt is not None


def test_a_fee_halts_nobody() -> None:
    """Where other people's changes halt a symbol, the broker's fee does not."""
    state = replace(a_state("0.2", a_record(quantity="0.2")), symbol="BTC/USD")
    assert reconciled(state, some_facts("0.1995"), HALT).state.status is Status.ACTIVE


def test_a_fee_beside_a_sale_by_hand_is_told_apart() -> None:
    """The owner sold half of a purchase whose fee was not booked yet: both are, at once."""
    state = replace(a_state("0.2", a_record(quantity="0.2")), symbol="BTC/USD")
    outcome = reconciled(state, some_facts("0.0995", fills=[a_fill("0.1", side=SELL)]))
    assert (outcome.doubt, outcome.state.position.quantity) == (None, Decimal("0.0995"))


def test_a_lost_file_of_a_pair_is_rebuilt_less_its_fees() -> None:
    """Two purchases and a sale of what was left: the position is the broker's, without a doubt."""
    pair = replace(NEW, symbol="BTC/USD")
    views = [
        an_order_view(minute=1, quantity="0.2", symbol="BTC/USD"),
        an_order_view(minute=2, quantity="0.1995", side=SELL, symbol="BTC/USD"),
        an_order_view(minute=3, quantity="0.1", symbol="BTC/USD"),
    ]
    outcome = reconciled(pair, some_facts("0.09975", *views), LEAVE)
    assert (outcome.doubt, outcome.state.position.quantity) == (None, Decimal("0.09975"))
    assert outcome.state.position.unmanaged_quantity == 0


def test_a_lost_short_is_rebuilt_from_its_orders() -> None:
    """Bought, sold, sold short: the history says that the short is ours, also where config allows long only by now."""
    views = [a_view(minute=1), a_view(minute=2, side=SELL), a_view(minute=3, side=SELL)]
    for policy in (SHORTS, ADOPT):
        outcome = reconciled(NEW, some_facts(-10, *views), policy)
        assert (outcome.state.position.quantity, outcome.doubt) == (-10, None)
        assert [order.role for order in outcome.state.orders] == [Role.ENTRY, EXIT, Role.ENTRY]
        assert outcome.state.status is Status.ACTIVE


def test_nobodys_fill_moves_nothing_until_it_is_known_whose_it_is() -> None:
    """Neither a file nor a new one believes a position while a fill of it may be our own; what is booked is past."""
    facts = replace(facts_of(10), nobodys=tuple(BOUGHT))
    for state in (NEW, a_state(10), a_state(5)):
        outcome = reconciled(state, facts)
        assert (outcome.state, outcome.corrections) == (state, ())
        assert "a fill of an order that it does not show" in (outcome.doubt or "")
    booked = a_state(10, ledger=Ledger(activities_through=at(10)))
    assert reconciled(booked, facts).doubt is None


def test_nobodys_fill_is_somebody_elses_when_nothing_shows_its_order_for_longer_than_lists_lag() -> None:
    """A second read after the whole lag proves it; then the fill is booked like any other trade by hand."""
    facts = replace(facts_of(15), nobodys=tuple(BOUGHT))
    outcome = reconciled(a_state(10), facts, LEAVE, confirmed=15)
    assert outcome.doubt is None
    assert (outcome.state.position.quantity, outcome.state.position.unmanaged_quantity) == (10, 5)


def test_a_split_that_is_listed_after_our_next_fill_is_booked_in_its_time() -> None:
    """Eight of the owner's became twenty-four, then the bot bought ten: the ten stay ten."""
    state = a_state(10, a_record("filled", minute=3), unmanaged=8)
    after = reconciled(state, some_facts(34, a_view("filled", minute=3), fills=[a_move(16, minute=2)]), LEAVE).state
    assert (after.position.quantity, after.position.unmanaged_quantity) == (10, 24)


def test_a_history_that_does_not_add_up_is_read_again_whole() -> None:
    """A rebuild that the position contradicts keeps nothing: a list may have lacked a row, and shows it next time."""
    lacking = some_facts(15, a_view("filled", 10, minute=1), fills=[])
    first = reconciled(NEW, lacking, LEAVE)
    assert first.state == NEW
    assert "waiting for a second position read" in (first.doubt or "")
    whole = some_facts(
        15, a_view("filled", 10, minute=1), fills=[a_fill(10, minute=3), a_fill(15, minute=4, side=Side.BUY)]
    )
    after = reconciled(first.state, whole, LEAVE).state
    assert (after.position.quantity, after.position.unmanaged_quantity) == (0, 15)


def test_shares_are_adopted_in_the_count_of_now() -> None:
    """Ten bought by hand became forty while nobody looked: config's ten are adopted, and not its ten of then."""
    bought_and_split = [a_fill(10, side=Side.BUY, minute=1), a_move(30, minute=2)]
    after = reconciled(a_state(0), some_facts(40, fills=bought_and_split)).state
    assert (after.position.quantity, after.position.unmanaged_quantity) == (10, 30)


def test_a_working_order_that_no_list_shows_yet_may_be_what_moved_the_position() -> None:
    """An exit was accepted and has filled; lists lag longer than two position reads: it is booked once."""
    working = a_state(10, a_record("new", minute=3, side=SELL, role=EXIT))
    waiting = reconciled(working, some_facts(0), confirmed=0)
    assert waiting.state.position == working.position
    assert "is awaited" in (waiting.doubt or "")
    shown = some_facts(0, a_view("filled", minute=3, side=SELL, price=110))
    after = reconciled(waiting.state, shown, confirmed=0)
    assert (after.state.position.quantity, after.state.position.realized_pl, after.doubt) == (0, 100, None)
