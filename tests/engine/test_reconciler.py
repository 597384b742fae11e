"""The reconciler: every file compared with one snapshot before any worker starts."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from builders import ACCOUNT, NOON, a_record, a_state, an_id, an_intent, at
from fakes.broker import ASSUMPTIONS, UNREACHABLE, FakeBroker
from fakes.desk import Desk
from holdfast.domain.errors import Recoverable, UsageError
from holdfast.domain.external import ExternalChange, Policy
from holdfast.domain.order import Side
from holdfast.domain.state import Status
from holdfast.engine.hold import Holds
from holdfast.engine.memory import Unreadable
from holdfast.engine.reconciler import Report

POLICY = Policy(Decimal(10))
AAPL = {"AAPL": POLICY}
WAIT = 3 * ASSUMPTIONS.position_lag_s


def reconciled(
    desk: Desk, policies: Mapping[str, Policy] = AAPL, holds: Mapping[str, Holds] | None = None, **kwargs: bool
) -> Report:
    """Run the reconciler once."""
    return asyncio.run(desk.reconciler(**kwargs).run(policies, holds))


def a_broker(*fills: tuple[int, Side, int]) -> FakeBroker:
    """Return a broker at which the bot has bought and sold before."""
    broker = Desk().broker
    for minute, side, quantity in fills:
        broker.accept(an_intent(minute, side, quantity))
    return broker


def damaged(desk: Desk, symbol: str = "AAPL", backup: object = None) -> Desk:
    """Return the desk with a damaged file of the symbol."""
    desk.store.disk[symbol] = Unreadable("damaged", backup)  # type: ignore[arg-type]
    return desk


def test_a_fresh_symbol_begins_flat_and_active() -> None:
    """Neither file, nor order, nor position: a file is made, nothing is corrected and nothing waits."""
    desk = Desk()
    report = reconciled(desk)
    assert (report.corrections, report.discrepancies, report.failed, report.unmanaged) == ([], {}, {}, ())
    assert (desk.store.state().position.quantity, desk.store.state().account_id) == (0, ACCOUNT.id)
    assert report.ready["AAPL"].holds.reason is None


def test_twice_in_a_row_writes_nothing_more() -> None:
    """A second reconcile changes not one byte (I8)."""
    desk = Desk(a_state(0, a_record("intent")), broker=a_broker((0, Side.BUY, 10)))
    assert reconciled(desk).corrections
    written = list(desk.store.written)
    desk.clock.advance(5)
    assert reconciled(desk).corrections == []
    assert desk.store.written == written


def test_what_filled_while_down_is_booked() -> None:
    """An intent on disk that has filled is settled with its shares in one save."""
    desk = Desk(a_state(0, a_record("intent")), broker=a_broker((0, Side.BUY, 10)))
    report = reconciled(desk)
    state = desk.store.state()
    assert (state.position.quantity, [order.status.value for order in state.orders]) == (10, ["filled"])
    assert [(symbol, one.field, one.was, one.now) for symbol, one in report.corrections] == [
        ("AAPL", "position.quantity", "0", "10")
    ]
    assert desk.journal.kinds() == ["correction"]


def test_a_lost_file_is_rebuilt_and_entries_wait() -> None:
    """A file that is gone is built from our own orders; what may still be on the wire is waited for."""
    desk = Desk(broker=a_broker((0, Side.BUY, 10), (1, Side.SELL, 10), (2, Side.BUY, 4)))
    report = reconciled(desk)
    ready = report.ready["AAPL"]
    assert desk.store.state().position.quantity == 4
    assert (ready.state.status, ready.holds.wire is not None) == (Status.IN_DOUBT, True)
    assert [one.field for _symbol, one in report.corrections] == ["file"]
    assert "rebuilt: position 4" in report.corrections[0][1].now


def test_a_restart_waits_for_the_wire_anew() -> None:
    """A crash within the wait after a lost file does not shorten it: the next process waits the whole window."""
    desk = Desk(broker=a_broker((0, Side.BUY, 4)))
    reconciled(desk)
    desk.clock.advance(30)
    again = reconciled(desk).ready["AAPL"]
    assert again.state.status is Status.IN_DOUBT
    assert again.holds.wire is not None
    assert again.holds.wire.since == desk.clock.monotonic()


@pytest.mark.parametrize("is_simulated", [True, False])
def test_a_damaged_file_is_set_aside_and_rebuilt(is_simulated: bool) -> None:  # noqa: FBT001 - a table
    """Nothing is assumed flat: position from our orders. Where even the backup is lost, real money halts."""
    desk = damaged(Desk(broker=a_broker((0, Side.BUY, 10))))
    report = reconciled(desk, is_simulated=is_simulated)
    state = desk.store.state()
    assert [symbol for symbol, _content in desk.store.aside] == ["AAPL"]
    assert state.position.quantity == 10
    assert "unreadable: damaged" in report.corrections[0][1].was
    assert state.status is (Status.IN_DOUBT if is_simulated else Status.HALTED)
    assert is_simulated or "holdfast resume AAPL" in (state.status_reason or "")


@pytest.mark.parametrize("status", [Status.HALTED, Status.PAUSED, Status.QUARANTINED, Status.DRAINING])
def test_what_a_symbol_may_do_survives_in_its_backup(status: Status) -> None:
    """Status, unmanaged shares and re-arm come from the last valid backup, what was booked since from the broker."""
    backup = a_state(0, unmanaged=3, status=status, status_reason="because", rearm=1, sequence=8)
    desk = damaged(Desk(broker=a_broker((0, Side.BUY, 10))), backup=backup)
    desk.broker.hand_over(13)
    reconciled(desk)
    state = desk.store.state()
    assert (state.position.quantity, state.position.unmanaged_quantity) == (10, 3)
    assert (state.status, state.status_reason, state.rearm) == (status, "because", 1)
    assert state.sequence > 8


def test_another_accounts_memory_is_not_believed() -> None:
    """A backup or a file of another account tells nothing about this one."""
    desk = damaged(Desk(), backup=a_state(7, unmanaged=3, status=Status.HALTED, account_id="account-2"))
    reconciled(desk)
    assert (desk.store.state().status, desk.store.state().position.total_quantity) == (Status.IN_DOUBT, 0)
    desk = Desk(a_state(7, account_id="account-2"))
    reconciled(desk)
    assert desk.store.state().position.quantity == 0
    assert desk.store.state().account_id == ACCOUNT.id
    assert len(desk.store.aside) == 1


def test_a_damaged_file_costs_only_its_symbol() -> None:
    """The others are reconciled and may trade; the damaged one waits alone (F3)."""
    desk = damaged(Desk(a_state(0, symbol="MSFT")))
    report = reconciled(desk, {"AAPL": POLICY, "MSFT": POLICY})
    assert report.ready["MSFT"].state.status is Status.ACTIVE
    assert set(report.discrepancies) == {"AAPL"}


def test_a_file_that_cannot_be_read_fails_alone() -> None:
    """A folder in a file's place is reported with its reason, and the others go on."""
    desk = Desk(a_state(0), a_state(0, symbol="MSFT"))
    desk.store.unloadable.add("AAPL")
    report = reconciled(desk, {"AAPL": POLICY, "MSFT": POLICY})
    assert "cannot be read" in report.failed["AAPL"]
    assert set(report.ready) == {"MSFT"}


def test_a_file_that_cannot_be_written_fails_alone() -> None:
    """A correction that cannot be saved is not claimed: the symbol does not start."""
    desk = Desk(a_state(0, a_record("intent")), a_state(0, symbol="MSFT"), broker=a_broker((0, Side.BUY, 10)))
    desk.store.failing.add("AAPL")
    report = reconciled(desk, {"AAPL": POLICY, "MSFT": POLICY})
    assert "cannot be written: No space left" in report.failed["AAPL"]
    assert set(report.ready) == {"MSFT"}


def test_a_dry_run_writes_nothing() -> None:
    """Corrections are told, files and journal stay."""
    desk = damaged(Desk(a_state(5, symbol="MSFT"), broker=a_broker((0, Side.BUY, 10))))
    report = reconciled(desk, {"AAPL": POLICY, "MSFT": POLICY}, is_dry=True)
    assert report.corrections
    assert (desk.store.written, desk.store.aside, desk.journal.lines) == ([], [], [])
    assert desk.store.state("MSFT") == a_state(5, symbol="MSFT")


def test_a_symbol_of_our_orders_gets_a_file() -> None:
    """A position with our orders and neither file nor config is found by the id prefix, and kept in a file."""
    desk = Desk()
    desk.broker.accept(an_intent(0, symbol="MSFT"))
    reconciled(desk)
    assert desk.store.state("MSFT").position.quantity == 10


def test_a_strangers_holding_is_reported_and_left_alone() -> None:
    """A position that neither config, nor a file, nor an order of ours names is unmanaged."""
    desk = Desk()
    desk.broker.trade_by_hand(Side.BUY, 3, "GOOG")
    report = reconciled(desk)
    assert [(one.symbol, one.quantity) for one in report.unmanaged] == [("GOOG", 3)]
    assert "GOOG" not in desk.store.disk


def test_a_foreign_trade_follows_the_policy_at_once() -> None:
    """What the owner sold is corrected on the first read; a `halt` symbol stops."""
    for change, status in ((ExternalChange.ADOPT, Status.ACTIVE), (ExternalChange.HALT, Status.HALTED)):
        broker = a_broker((0, Side.BUY, 10))
        desk = Desk(a_state(10, a_record(), reconciled_at=at(1)), broker=broker)
        desk.clock.advance(60)
        broker.trade_by_hand(Side.SELL, 10)
        desk.clock.advance(60)
        reconciled(desk, {"AAPL": replace(POLICY, on_external_change=change)})
        state = desk.store.state()
        assert (state.position.quantity, state.status, state.rearm) == (0, status, 1)


def test_an_unexplained_difference_needs_two_reads() -> None:
    """The first read brings doubt and changes nothing, one three lags later is believed."""
    desk = Desk(a_state(10))
    first = reconciled(desk)
    holds = {"AAPL": first.ready["AAPL"].holds}
    assert (desk.store.state().position.quantity, set(first.discrepancies)) == (10, {"AAPL"})
    desk.clock.advance(WAIT - 1)
    assert set(reconciled(desk, holds=holds).discrepancies) == {"AAPL"}
    desk.clock.advance(2)
    second = reconciled(desk, holds=holds)
    assert (desk.store.state().position.quantity, second.discrepancies) == (0, {})


def test_positions_that_lag_behind_our_fills_correct_nothing() -> None:
    """A fill that the positions do not show yet is doubted, and explained when they have caught up (F9)."""
    desk = Desk(a_state(0, a_record("intent")))
    desk.broker.position_lag_s = 10
    desk.broker.accept(an_intent(0))
    first = reconciled(desk)
    assert desk.store.state().position.quantity == 10
    assert set(first.discrepancies) == {"AAPL"}
    desk.clock.advance(WAIT + 1)
    second = reconciled(desk, holds={"AAPL": first.ready["AAPL"].holds})
    assert (desk.store.state().position.quantity, second.discrepancies) == (10, {})


def test_a_broker_that_does_not_answer_changes_nothing() -> None:
    """No answer, or another account's, stops the start before any file is touched."""
    desk = damaged(Desk(a_state(5, symbol="MSFT")))
    desk.broker.reads_failing = UNREACHABLE
    with pytest.raises(Recoverable):
        reconciled(desk)
    desk.broker.reads_failing, desk.broker.account_id = None, "account-2"
    with pytest.raises(UsageError, match="account ending"):
        reconciled(desk)
    assert (desk.store.written, desk.store.aside) == ([], [])


@pytest.mark.parametrize("count", [1, 50])
def test_the_calls_do_not_grow_with_the_symbols(count: int) -> None:
    """Fifty symbols cost the broker as many calls as one (I10)."""
    states = [a_state(number % 3, symbol=f"S{number}") for number in range(count)]
    desk = Desk(*states)
    for state in states:
        desk.broker.hand_over(int(state.position.quantity), state.symbol)
    report = reconciled(desk, {state.symbol: POLICY for state in states})
    assert report.calls == desk.broker.calls == 5


def test_an_order_that_ends_between_the_reads_is_seen() -> None:
    """The list is read again where an order was open before the positions and is not after them."""
    desk = Desk(a_state(0, a_record("new")))
    desk.broker.fills_at_once = False
    desk.broker.accept(an_intent(0))
    positions = desk.broker.positions

    async def fills_first() -> object:
        found = await positions()
        if desk.broker.books[an_id()].filled_quantity == 0:
            desk.broker.fill(an_id())
        return found

    desk.broker.positions = fills_first  # type: ignore[method-assign,assignment]
    reconciled(desk)
    assert desk.store.state().orders[0].filled_quantity == 10
    assert desk.store.state().reconciled_at in (None, NOON)
