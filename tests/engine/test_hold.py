"""Holds: why a symbol waits in doubt, how long, and what a second look must show."""

from dataclasses import replace
from decimal import Decimal

from builders import a_fill, a_state, an_order_view, at, some_facts
from fakes.broker import ASSUMPTIONS
from holdfast.domain.external import Policy
from holdfast.domain.reconcile import PositionRead, SymbolFacts, reconcile
from holdfast.engine.hold import NO_HOLDS, POSITION_LAGS, Holds, after_fill, memory_lost, next_holds

WAIT = POSITION_LAGS * ASSUMPTIONS.position_lag_s
VANISHED = some_facts(0)
STRANGE = some_facts(0, unreadable="qty: no number")


def held(holds: Holds, facts: SymbolFacts, taken: float) -> Holds:
    """Return the holds after a reconcile of a file that holds 10."""
    outcome = reconcile(a_state(10), facts, Policy(Decimal(10)), at=at(1), earlier=holds.earlier(taken))
    return next_holds(holds, outcome, facts, taken, ASSUMPTIONS)


def test_an_agreeing_read_holds_nothing() -> None:
    """A position that the file explains is no reason to wait."""
    assert held(NO_HOLDS, some_facts(10), 0) == NO_HOLDS
    assert (NO_HOLDS.reason, NO_HOLDS.ends) == (None, None)


def test_a_doubt_waits_three_position_lags() -> None:
    """The first strange read is confirmed by one that begins three lags later, and by none before."""
    first = held(NO_HOLDS, VANISHED, 100)
    assert first.ends == 100 + WAIT
    assert "waiting for a second position read" in (first.reason or "")
    assert first.earlier(100 + WAIT - 0.1) is None
    assert first.earlier(100 + WAIT) == PositionRead(Decimal(0))


def test_the_same_read_in_between_does_not_begin_anew() -> None:
    """A read within the wait that says the same leaves the wait as it is."""
    first = held(NO_HOLDS, VANISHED, 100)
    assert held(first, VANISHED, 115) == first


def test_another_read_begins_anew() -> None:
    """A position that moved is waited for from then on."""
    moved = held(held(NO_HOLDS, VANISHED, 100), some_facts(3), 115)
    assert (moved.ends, moved.earlier(200)) == (115 + WAIT, PositionRead(Decimal(3)))


def test_somebody_elses_trade_between_the_reads_begins_anew() -> None:
    """A second read may lag behind a trade of a moment ago: that it says the same proves nothing (F9)."""
    first = held(NO_HOLDS, some_facts(2, fills=[a_fill(3, minute=2)]), 100)
    traded = some_facts(2, fills=[a_fill(3, minute=2), a_fill(2, minute=3)])
    assert first.earlier(100 + WAIT) != traded.read
    again = held(first, traded, 100 + WAIT)
    assert again.ends == 100 + 2 * WAIT


def test_a_list_that_lacks_a_row_confirms_nothing() -> None:
    """What was explained by a trade and is not any more, because its row is missing, is read once more (F9)."""
    both = [a_fill(3, minute=2), a_fill(2, minute=3)]
    first = held(NO_HOLDS, some_facts(2, fills=both), 100)
    assert first.earlier(100 + WAIT) != some_facts(2, fills=both[1:]).read
    assert first.earlier(100 + WAIT) == some_facts(2, fills=both).read


def test_a_fill_begins_the_wait_anew() -> None:
    """A fill of ours between the reads leaves nothing of the first one to confirm."""
    first = held(NO_HOLDS, VANISHED, 100)
    assert after_fill(first, 110).earlier(500) is None
    booked = held(first, some_facts(0, an_order_view(minute=3, quantity=5)), 115)
    assert booked.earlier(131) is None
    assert after_fill(NO_HOLDS, 110) == NO_HOLDS


def test_agreement_ends_the_wait() -> None:
    """When file and broker agree again, or the second read was believed, nothing is held."""
    first = held(NO_HOLDS, VANISHED, 100)
    assert held(first, some_facts(10), 115) == NO_HOLDS
    assert held(first, VANISHED, 100 + WAIT) == NO_HOLDS


def test_an_unreadable_row_confirms_nothing() -> None:
    """A read that could not be parsed is no read of zero, however often it comes (F9)."""
    first = held(NO_HOLDS, STRANGE, 100)
    assert first.reason
    assert first.earlier(500) is None
    assert held(first, VANISHED, 500).earlier(501) is None


def test_an_unreadable_row_is_asked_for_at_intervals() -> None:
    """As long as the row stays strange the next wait lies in the future: no reconcile in a loop."""
    holds = NO_HOLDS
    for taken in (100.0, 131.0, 162.0):
        holds = held(holds, STRANGE, taken)
        assert holds.ends is not None
        assert holds.ends > taken


def test_a_lost_memory_waits_as_long_as_a_request_lives() -> None:
    """Entries wait for what may still be on the wire; the wait ends by itself and survives an agreeing read."""
    lost = memory_lost(100, ASSUMPTIONS)
    assert lost.ends == 100 + ASSUMPTIONS.absence_proof_s
    assert held(lost, some_facts(10), 150).wire == lost.wire
    assert held(lost, some_facts(10), 101 + ASSUMPTIONS.absence_proof_s) == NO_HOLDS
    assert lost.earlier(10_000) is None


def test_two_reasons_are_told_one_at_a_time() -> None:
    """A doubt about the position is told first, and the nearer end counts."""
    both = held(memory_lost(100, ASSUMPTIONS), VANISHED, 100)
    assert both.wire is not None
    assert both.position is not None
    assert both.reason == both.position.reason
    assert both.ends == 100 + WAIT


def test_a_fill_of_nobodys_is_waited_for_as_long_as_lists_lag() -> None:
    """A hold that began for another reason, and is shorter, does not prove that nobody's order is none of ours."""
    nobodys = replace(VANISHED, nobodys=(a_fill(10, minute=0),))
    first = held(NO_HOLDS, nobodys, 100)
    assert first.ends == 100 + ASSUMPTIONS.listing_proof_s
    assert held(first, nobodys, 115) == first
    assert held(held(NO_HOLDS, VANISHED, 90), nobodys, 100) == first
