"""Sending one order, once: the guard before the wire, and what each answer means."""

import asyncio
from dataclasses import replace

import pytest

from builders import ACCOUNT, a_record, a_state, an_id, an_intent, an_order_view
from fakes.broker import UNREACHABLE, FakeBroker, Submit
from fakes.clock import ManualClock
from fakes.memory import MemoryStore
from holdfast.domain import events
from holdfast.domain.errors import CredentialsError
from holdfast.domain.order import Intent, OrderView, Role, Side
from holdfast.engine.memory import Unreadable
from holdfast.engine.submission import IdCollisionError, says_the_same, send

INTENT = an_intent()
EXIT = an_intent(side=Side.SELL, role=Role.EXIT)


def a_store(intent: Intent = INTENT) -> MemoryStore:
    """Return a store whose file holds the intent."""
    return MemoryStore(a_state(0, a_record("intent", side=intent.side, role=intent.role)))


def sent(
    store: MemoryStore, *plan: Submit, intent: Intent = INTENT, broker: FakeBroker | None = None
) -> events.Event | None:
    """Send the intent and return what is known then."""
    broker = broker or FakeBroker(ManualClock())
    broker.plan.extend(plan)
    return asyncio.run(send(intent, ACCOUNT.id, store, broker))


def test_an_accepted_order_is_seen() -> None:
    """A clear answer is the broker's view of the order."""
    event = sent(a_store())
    assert isinstance(event, events.OrderSeen)
    assert (event.view.client_order_id, event.view.filled_quantity, event.role) == (an_id(), 10, Role.ENTRY)


@pytest.mark.parametrize("fate", [Submit.LOSE, Submit.ACCEPT_AND_TIME_OUT, Submit.ARRIVE_LATE])
def test_a_lost_answer_says_nothing(fate: Submit) -> None:
    """Whether it arrived or not, an answer that was lost is no event: only a look-up can tell."""
    assert sent(a_store(), fate) is None


@pytest.mark.parametrize("fate", [Submit.REFUSE, Submit.REFUSE_BUT_ACCEPT])
def test_a_refusal_is_recorded_not_believed(fate: Submit) -> None:
    """A refusal is an event of its own with the broker's words, true or not."""
    event = sent(a_store(), fate)
    assert isinstance(event, events.OrderRefused)
    assert event.reason in ("insufficient buying power", "wash trade")


def test_a_duplicate_is_adopted() -> None:
    """An id that is taken by the very same order is that order."""
    broker = FakeBroker(ManualClock())
    broker.accept(INTENT)
    event = sent(a_store(), broker=broker)
    assert isinstance(event, events.OrderSeen)
    assert event.view.filled_quantity == 10


@pytest.mark.parametrize(
    "other",
    [an_intent(quantity=11), replace(INTENT, side=Side.SELL), replace(INTENT, symbol="MSFT")],
)
def test_a_different_order_under_our_id_is_a_collision(other: Intent) -> None:
    """An id taken by an order of another quantity, side or symbol must stop the symbol."""
    broker = FakeBroker(ManualClock())
    broker.accept(other)
    with pytest.raises(IdCollisionError, match="holds another order under"):
        sent(a_store(), broker=broker)


def test_a_duplicate_that_cannot_be_looked_up_is_unknown() -> None:
    """Where the order that must exist cannot be seen yet, the outcome stays unknown."""
    broker = FakeBroker(ManualClock())
    broker.accept(INTENT)
    broker.reads_failing = UNREACHABLE
    assert sent(a_store(), broker=broker) is None
    broker.reads_failing, broker.listing_lag_s = None, 40
    assert sent(a_store(), broker=broker) is None


def other_status(status: str) -> MemoryStore:
    """Return a store whose file holds the order in another status than intent."""
    return MemoryStore(a_state(0, a_record(status, 0)))


def lock_lost(store: MemoryStore) -> MemoryStore:
    """Return the store after it has lost its lock."""
    store.is_lock_lost = True
    return store


def halted(store: MemoryStore) -> MemoryStore:
    """Return the store with a HALT file."""
    store.halt = True
    return store


def unreadable() -> MemoryStore:
    """Return a store whose file was damaged meanwhile."""
    store = MemoryStore()
    store.disk["AAPL"] = Unreadable("damaged", None)
    return store


GUARDED = [
    ("no file", MemoryStore()),
    ("a damaged file", unreadable()),
    ("no intent in the file", MemoryStore(a_state())),
    ("an order that was sent already", other_status("new")),
    ("an order that was refused already", other_status("refused")),
    ("an order proved absent", other_status("absent")),
    ("another account's file", MemoryStore(a_state(0, a_record("intent"), account_id="account-2"))),
    ("a lost lock", lock_lost(a_store())),
    ("a HALT file", halted(a_store())),
]


@pytest.mark.parametrize("store", [row[1] for row in GUARDED], ids=[row[0] for row in GUARDED])
def test_nothing_is_sent_that_is_not_on_disk(store: MemoryStore) -> None:
    """The guard before the wire believes nothing but the bytes on disk, lock, HALT and account (I1)."""
    broker = FakeBroker(ManualClock())
    event = sent(store, broker=broker)
    assert event == events.OrderProvedAbsent(an_id())
    assert broker.received == []


def test_a_halt_file_lets_exits_pass() -> None:
    """HALT stops entries; an exit is sent all the same."""
    broker = FakeBroker(ManualClock())
    sent(halted(a_store(EXIT)), intent=EXIT, broker=broker)
    assert broker.received == [EXIT]


def test_refused_keys_are_not_swallowed() -> None:
    """What only a person can mend comes out."""
    broker = FakeBroker(ManualClock())

    def refuse(_intent: Intent) -> None:
        raise CredentialsError("the broker refuses the keys")

    broker.witness = refuse
    with pytest.raises(CredentialsError):
        sent(a_store(), broker=broker)


@pytest.mark.parametrize(
    ("view", "same"),
    [
        (an_order_view(), True),
        (an_order_view("new"), True),
        (an_order_view(quantity=11), False),
        (an_order_view(quantity=None), False),
        (replace(an_order_view(), side=Side.SELL), False),
        (replace(an_order_view(), symbol="MSFT"), False),
    ],
)
def test_the_same_order_says_the_same(view: OrderView, same: bool) -> None:  # noqa: FBT001 - a table
    """Symbol, side and quantity decide, not how far the order has come."""
    assert says_the_same(view, "AAPL", INTENT) == same
