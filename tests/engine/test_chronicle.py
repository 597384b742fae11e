"""The chronicle: the journal tells decisions, orders, fills, corrections and statuses, each once."""

from builders import a_record, a_state, an_intent, at
from fakes.memory import MemoryJournal
from holdfast.domain.order import OrderRecord
from holdfast.domain.state import Correction, Status, SymbolState
from holdfast.engine.chronicle import Chronicle

FLAT = a_state(0, a_record("intent"))


def told(before: SymbolState, after: SymbolState) -> tuple[list[str], int]:
    """Return the kinds of journal lines that a save leaves, and its trades."""
    journal = MemoryJournal()
    trades = Chronicle(journal).changed(before, after)
    return journal.kinds(), trades


def state(held: int, order: OrderRecord) -> SymbolState:
    """Return a state with one order."""
    return a_state(held, order)


def test_a_save_without_news_leaves_no_line() -> None:
    """What did not change is not told again."""
    assert told(FLAT, FLAT) == ([], 0)


def test_orders_and_fills_are_told_apart() -> None:
    """A status is an order's line, new shares are a fill's, and a settled order that filled is one trade."""
    part = state(4, a_record("partially_filled", 4))
    assert told(FLAT, state(0, a_record("new"))) == (["order"], 0)
    assert told(FLAT, part) == (["fill"], 0)
    assert told(part, state(10, a_record("filled"))) == (["fill"], 1)
    assert told(part, state(4, a_record("canceled", 4))) == (["order"], 1)
    assert told(FLAT, state(0, a_record("canceled", 0))) == (["order"], 0)
    assert told(a_state(0), state(10, a_record("filled"))) == (["fill"], 1)


def test_a_status_and_a_correction_are_told() -> None:
    """Both stand in the journal with their reasons."""
    journal = MemoryJournal()
    correction = Correction(at(1), "position.quantity", "10", "0", "sold by hand")
    Chronicle(journal).changed(
        a_state(10), a_state(0, status=Status.HALTED, status_reason="look", last_correction=correction)
    )
    assert journal.lines == [
        ("AAPL", "status", {"status": "halted", "reason": "look"}),
        ("AAPL", "correction", {"field": "position.quantity", "was": "10", "is": "0", "why": "sold by hand"}),
    ]


def test_a_decision_is_told_before_its_order() -> None:
    """The journal has the id, side, quantity and reason of what is about to be sent."""
    journal = MemoryJournal()
    Chronicle(journal).decided(an_intent(), "signal 1: from 0 to 10")
    facts = {"id": an_intent().client_order_id, "side": "buy", "quantity": "10", "why": "signal 1: from 0 to 10"}
    assert journal.lines == [("AAPL", "decision", facts)]
