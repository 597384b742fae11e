"""The worker and the order protocol (DESIGN part 5): durable first, sent once, resolved by the broker's word only."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from builders import ACCOUNT, a_fill, a_record, a_state, an_id, an_intent, an_order_view, at, some_facts, some_rules
from fakes.broker import ASSUMPTIONS, UNREACHABLE, Submit
from fakes.desk import (
    BUY,
    FLAT,
    HALF,
    LOOK_UP,
    SHORT,
    SILENT,
    Desk,
    a_spec,
    bar,
    facts_read,
    news,
    one_day,
    running,
    tell,
    told,
)
from holdfast.domain.errors import CredentialsError
from holdfast.domain.order import Intent, OrderStatus, Role, Side
from holdfast.domain.state import Status
from holdfast.engine.hold import memory_lost
from holdfast.engine.inbox import FactsRead, OrderNews
from holdfast.engine.worker import SymbolWorker

WINDOW = ASSUMPTIONS.absence_proof_s + 0.5
LAG = ASSUMPTIONS.listing_lag_s


def statuses(worker: SymbolWorker) -> list[str]:
    """Return the statuses of the orders on file."""
    return [order.status.value for order in worker.state.orders]


# --- I1: durable, then sent, once -------------------------------------------------------------------------------


def test_an_intent_is_durable_before_it_is_sent() -> None:
    """At the moment of the POST the disk holds the intent, and not yet any answer to it (I1)."""
    desk, seen = Desk(), []

    def witness(intent: Intent) -> None:
        seen.append([order.status for order in desk.store.state(intent.symbol).orders])

    desk.broker.witness = witness
    one_day(desk, bar(1, BUY))
    assert seen == [[OrderStatus.INTENT]]
    assert desk.store.state().position.quantity == 10


def test_a_signal_becomes_a_position() -> None:
    """A bar with a signal of +1 buys the configured quantity, one of 0 sells it: two orders, settled, on file."""
    desk = Desk()
    one_day(desk, bar(1, BUY), lambda: desk.moves_to(2), bar(2, FLAT))
    assert [(one.side, one.quantity) for one in desk.broker.received] == [(Side.BUY, 10), (Side.SELL, 10)]
    state = desk.store.state()
    assert (state.position.quantity, [order.status.value for order in state.orders]) == (0, ["filled", "filled"])
    assert desk.broker.held() == 0


def test_a_save_that_fails_sends_nothing() -> None:
    """Without a durable intent there is no order; nothing is left claimed (F2)."""
    desk = Desk(a_state())
    desk.store.failing.add("AAPL")
    with pytest.raises(OSError, match="No space left"):
        asyncio.run(told(desk.worker(), bar(1, BUY)))
    assert desk.broker.received == []
    assert desk.portfolio.purse.free == ACCOUNT.cash


def test_a_save_that_fails_after_it_took_effect_sends_nothing_either() -> None:
    """A save that raised may have been written: the intent is on disk, was never sent, and is proved absent later."""
    desk = Desk(a_state())
    desk.store.failing_after.add("AAPL")
    worker = desk.worker()
    with pytest.raises(OSError, match="Input/output"):
        asyncio.run(told(worker, bar(1, BUY)))
    desk.store.failing_after.clear()
    asyncio.run(worker.recover())
    assert desk.broker.received == []
    assert statuses(worker) == ["intent"]
    again = desk.worker()
    one_day(desk, lambda: desk.clock.advance(WINDOW), LOOK_UP, worker=again)
    assert statuses(again) == ["absent"]


@pytest.mark.parametrize("fate", list(Submit))
def test_an_intent_is_sent_at_most_once(fate: Submit) -> None:
    """Whatever the answer, no later bar, look-up or restart sends the same id again (I1)."""
    desk = Desk()
    desk.broker.plan.append(fate)
    one_day(desk, bar(1, BUY), LOOK_UP, bar(2, BUY), LOOK_UP)
    one_day(desk, LOOK_UP, lambda: desk.clock.advance(WINDOW), LOOK_UP, lambda: desk.moves_to(9), bar(9, BUY), LOOK_UP)
    ids = [intent.client_order_id for intent in desk.broker.received]
    assert len(ids) == len(set(ids))
    assert desk.broker.held() <= 10


# --- unknown outcomes -------------------------------------------------------------------------------------------


def test_an_accepted_order_whose_answer_was_lost_is_adopted() -> None:
    """A look-up that finds the order ends the doubt: its fill is booked, nothing was sent twice (F5)."""
    desk = Desk()
    desk.broker.plan.append(Submit.ACCEPT_AND_TIME_OUT)
    worker = one_day(desk, bar(1, BUY))
    assert (worker.state.status, statuses(worker)) == (Status.IN_DOUBT, ["intent"])
    worker = one_day(desk, LOOK_UP)
    assert (worker.state.status, statuses(worker), worker.state.position.quantity) == (Status.ACTIVE, ["filled"], 10)


def test_a_lost_order_is_proved_absent_after_the_window() -> None:
    """An id that stays unknown for the whole window, on the process clock, never arrived; then entries go on."""
    desk = Desk()
    desk.broker.plan.append(Submit.LOSE)
    worker = one_day(
        desk, bar(1, BUY), lambda: desk.clock.advance(WINDOW), LOOK_UP,
        lambda: desk.moves_to(5), bar(5, BUY),
    )  # fmt: skip
    assert statuses(worker) == ["absent", "filled"]
    assert [one.client_order_id for one in desk.broker.received] == [an_id(1), an_id(5)]


def test_before_the_window_is_over_an_unknown_id_stays_unknown() -> None:
    """404 is not dead: until the last second the order may still arrive, and no other is sent."""
    desk = Desk()
    desk.broker.plan.append(Submit.ARRIVE_LATE)
    worker = one_day(
        desk, bar(1, BUY), LOOK_UP, lambda: desk.clock.advance(WINDOW - 30), LOOK_UP,
        bar(4, BUY), desk.broker.deliver_late, LOOK_UP,
    )  # fmt: skip
    assert statuses(worker) == ["filled"]
    assert (len(desk.broker.received), desk.broker.held(), worker.state.position.quantity) == (1, 10, 10)


def test_a_restart_begins_the_window_anew() -> None:
    """A wall-clock age on disk proves nothing: the new process waits the whole window itself."""
    desk = Desk()
    desk.broker.plan.append(Submit.LOSE)
    one_day(desk, bar(1, BUY), lambda: desk.clock.advance(WINDOW - 1))
    worker = one_day(desk, lambda: desk.clock.advance(WINDOW - 1), LOOK_UP)
    assert statuses(worker) == ["intent"]
    again = desk.worker()
    one_day(desk, lambda: desk.clock.advance(WINDOW + 1), LOOK_UP, worker=again)
    assert statuses(again) == ["absent"]


def test_a_jump_of_the_wall_clock_proves_nothing() -> None:
    """An hour forward on the wall does not shorten the window (F14)."""
    desk = Desk()
    desk.broker.plan.append(Submit.LOSE)
    worker = one_day(desk, bar(1, BUY), lambda: desk.clock.jump(3600), LOOK_UP)
    assert statuses(worker) == ["intent"]


def test_a_broker_that_cannot_be_reached_proves_nothing() -> None:
    """Look-ups that fail are no answer, however long they fail."""
    desk = Desk()
    desk.broker.plan.append(Submit.LOSE)

    def away() -> None:
        desk.broker.reads_failing = UNREACHABLE
        desk.clock.advance(10 * WINDOW)

    worker = one_day(desk, bar(1, BUY), away, LOOK_UP, LOOK_UP)
    assert statuses(worker) == ["intent"]


def test_a_true_refusal_is_believed_after_the_listing_lag() -> None:
    """A refused order counts as rejected once the id has stayed unknown for the lag, with the broker's reason."""
    desk = Desk()
    desk.broker.plan.append(Submit.REFUSE)
    worker = one_day(desk, bar(1, BUY), lambda: desk.clock.advance(LAG - 1), LOOK_UP)
    assert (statuses(worker), worker.state.status) == (["refused"], Status.IN_DOUBT)
    assert "insufficient buying power" in (worker.state.status_reason or "")
    desk = Desk()
    desk.broker.plan.append(Submit.REFUSE)
    worker = one_day(desk, bar(1, BUY), lambda: desk.clock.advance(LAG), LOOK_UP)
    assert (statuses(worker), worker.state.status, worker.state.rearm) == (["rejected"], Status.ACTIVE, 1)
    assert worker.state.orders[0].reason == "insufficient buying power"


def test_a_refusal_that_was_not_true_is_found_out() -> None:
    """An order that the broker refused and executed all the same is adopted once it is listed."""
    desk = Desk()
    desk.broker.plan.append(Submit.REFUSE_BUT_ACCEPT)
    desk.broker.listing_lag_s = LAG - 1
    worker = one_day(
        desk, bar(1, BUY), LOOK_UP, lambda: desk.moves_to(2), bar(2, BUY), LOOK_UP
    )  # fmt: skip
    assert (statuses(worker), worker.state.position.quantity) == (["filled"], 10)
    assert len(desk.broker.received) == 1


def test_an_accepted_order_may_be_unlisted_for_a_while() -> None:
    """A look-up that does not know an accepted order yet changes nothing within the window."""
    desk = Desk()
    desk.broker.fills_at_once, desk.broker.listing_lag_s = False, LAG
    worker = one_day(desk, bar(1, BUY), LOOK_UP)
    assert (statuses(worker), worker.state.status) == (["new"], Status.ACTIVE)


def test_a_working_order_that_is_not_found_at_all_halts() -> None:
    """An order that the broker once knew is never assumed canceled: after the window a person must look."""
    desk = Desk()
    desk.broker.fills_at_once = False
    worker = one_day(desk, bar(1, BUY), desk.broker.books.clear, LOOK_UP)
    assert worker.state.status is Status.ACTIVE
    worker = desk.worker()
    one_day(desk, LOOK_UP, lambda: desk.clock.advance(WINDOW), LOOK_UP, worker=worker)
    assert (statuses(worker), worker.state.status) == (["new"], Status.HALTED)
    assert "holdfast resume AAPL" in (worker.state.status_reason or "")


def test_a_duplicate_is_adopted() -> None:
    """An id that the broker has already, from before a memory loss, is adopted and not bought again."""
    desk = Desk()
    desk.broker.accept(an_intent(1))
    worker = one_day(desk, bar(1, BUY))
    assert (statuses(worker), worker.state.position.quantity, desk.broker.held()) == (["filled"], 10, 10)


def test_a_collision_halts() -> None:
    """A different order under our id halts the symbol and books nothing, now and at later look-ups."""
    desk = Desk()
    desk.broker.accept(an_intent(1, quantity=7))
    worker = one_day(desk, bar(1, BUY))
    assert (worker.state.status, worker.state.position.quantity) == (Status.HALTED, 0)
    assert "another order" in (worker.state.status_reason or "")
    worker = one_day(desk, LOOK_UP)
    assert worker.state.position.quantity == 0


def test_a_fatal_answer_leaves_the_order_in_doubt() -> None:
    """When the keys are refused in mid send, the intent on disk stays unresolved and is shown as such."""
    desk = Desk(a_state())

    def refuse(_intent: Intent) -> None:
        raise CredentialsError("the broker refuses the keys")

    desk.broker.witness = refuse
    worker = desk.worker()
    with pytest.raises(CredentialsError):
        asyncio.run(told(worker, bar(1, BUY)))
    assert [order.status for order in desk.store.state().orders] == [OrderStatus.INTENT]
    desk.broker.witness = lambda _intent: None
    worker = one_day(desk, LOOK_UP, bar(2, FLAT))
    assert statuses(worker) == ["intent"]


# --- fills ------------------------------------------------------------------------------------------------------


def test_fills_are_booked_once_wherever_they_come_from() -> None:
    """Stream, look-up and answer tell of the same fills in any order; each is booked once (I7, F7)."""
    desk = Desk()
    desk.broker.fills_at_once = False
    heard: list[OrderNews] = []
    desk.broker.on_update = lambda view: heard.append(news(view))

    async def day() -> SymbolWorker:
        worker = desk.worker()
        async with running(worker):
            await tell(worker, [bar(1, BUY)])
            desk.broker.fill(an_id(1), 4)
            await tell(worker, [LOOK_UP, heard[0], heard[0]])
            assert worker.state.position.quantity == 4
            desk.broker.fill(an_id(1), 6)
            await tell(worker, [heard[1], heard[0], LOOK_UP, heard[1], LOOK_UP])
        return worker

    worker = asyncio.run(day())
    assert (worker.state.position.quantity, statuses(worker), worker.progress.trades) == (10, ["filled"], 1)
    assert desk.portfolio.purse.free == ACCOUNT.cash - 1000


def test_news_before_the_answer_is_not_lost() -> None:
    """A fill that the stream reports while the POST is still under way is booked once."""
    desk = Desk()

    async def day() -> SymbolWorker:
        worker = desk.worker()
        desk.broker.on_update = lambda view: worker.put(news(view))
        async with running(worker):
            await tell(worker, [bar(1, BUY)])
        return worker

    assert asyncio.run(day()).state.position.quantity == 10


@pytest.mark.parametrize("status", [OrderStatus.CANCELED, OrderStatus.EXPIRED])
def test_a_part_filled_order_that_ends_keeps_its_part(status: OrderStatus) -> None:
    """Four of ten filled and then ended are four: booked, settled, not bought again at the next bar (F10)."""
    desk = Desk()
    desk.broker.fills_at_once = False

    def four_then_end() -> None:
        desk.broker.fill(an_id(1), 4)
        desk.broker.end(an_id(1), status)

    worker = one_day(desk, bar(1, BUY), four_then_end, LOOK_UP, lambda: desk.moves_to(2), bar(2, BUY))
    assert (statuses(worker), worker.state.position.quantity, len(desk.broker.received)) == ([status.value], 4, 1)


def test_a_settling_fill_and_its_position_are_one_save() -> None:
    """No version on disk ever has a settled fill without its shares, or the shares without the fill (I7)."""
    desk = Desk()
    desk.broker.fills_at_once = False

    def half() -> None:
        desk.broker.fill(an_id(1), 5)

    one_day(desk, bar(1, BUY), half, LOOK_UP, lambda: desk.broker.fill(an_id(1)), LOOK_UP)
    assert len(desk.store.written) >= 4
    for version in desk.store.written:
        assert version.position.quantity == sum(order.filled_quantity for order in version.orders)


def test_news_of_somebody_elses_order_is_ignored() -> None:
    """An order that is not on file changes nothing: only the reconciler, which sees everything, may adopt it."""
    desk = Desk()
    worker = one_day(desk, news(an_order_view(name="by-hand")), news(an_order_view(minute=9)))
    assert (worker.state.orders, worker.state.position.quantity) == ((), 0)


def test_an_entry_waits_while_one_is_unsettled() -> None:
    """At most one entry is unsettled: bars in between wait, with the order's name (I4)."""
    desk = Desk()
    desk.broker.fills_at_once = False
    worker = one_day(desk, bar(1, BUY), lambda: desk.moves_to(2), bar(2, BUY), lambda: desk.moves_to(3), bar(3, BUY))
    assert len(desk.broker.received) == 1
    assert worker.state.last_decision is not None
    assert an_id(1) in worker.state.last_decision.why


def test_an_unwanted_working_entry_is_canceled_by_request_only() -> None:
    """A cancel is asked for; the order stays unsettled until the broker says that it ended."""
    desk = Desk()
    desk.broker.fills_at_once = False
    worker = one_day(desk, bar(1, BUY), lambda: desk.moves_to(2), bar(2, FLAT))
    assert desk.broker.canceled == [f"broker-{an_id(1)}"]
    assert statuses(worker) == ["new"]
    worker = one_day(desk, lambda: desk.broker.end(an_id(1), OrderStatus.PENDING_CANCEL), LOOK_UP)
    assert statuses(worker) == ["pending_cancel"]
    worker = one_day(desk, lambda: desk.broker.end(an_id(1)), LOOK_UP)
    assert statuses(worker) == ["canceled"]


def test_a_flip_goes_through_zero() -> None:
    """From long to short takes two bars: the first closes, the second opens."""
    desk = Desk(a_state(10, price=100))
    desk.broker.hand_over(10)
    spec = a_spec(rules=some_rules(may_short=True))
    worker = one_day(
        desk, bar(1, SHORT), lambda: desk.moves_to(2), bar(2, SHORT), worker=desk.worker(spec)
    )  # fmt: skip
    assert [(one.side, one.quantity, one.role) for one in desk.broker.received] == [
        (Side.SELL, 10, Role.EXIT),
        (Side.SELL, 10, Role.ENTRY),
    ]
    assert worker.state.position.quantity == -10


def test_an_exit_that_was_lost_is_tried_again() -> None:
    """After the proof of absence the next bar sends a new exit, under its own id."""
    desk = Desk(a_state(10))
    desk.broker.hand_over(10)
    desk.broker.plan.append(Submit.LOSE)
    worker = one_day(
        desk, bar(1, FLAT), lambda: desk.clock.advance(WINDOW), LOOK_UP, lambda: desk.moves_to(9), bar(9, FLAT)
    )  # fmt: skip
    assert [one.client_order_id for one in desk.broker.received] == [an_id(1, Side.SELL), an_id(9, Side.SELL)]
    assert worker.state.position.quantity == 0


# --- what the portfolio and people forbid -----------------------------------------------------------------------


def test_two_symbols_never_spend_the_same_cash() -> None:
    """Of two entries decided in one minute, cash for one buys one; the other is refused with its reason."""
    desk = Desk(cash=Decimal(1500))

    async def day() -> list[SymbolWorker]:
        workers = [desk.worker(a_spec(symbol)) for symbol in ("AAPL", "MSFT")]
        async with running(*workers):
            for worker in workers:
                worker.put(bar(1, BUY, worker.symbol))
            await asyncio.gather(*(worker.inbox.idle() for worker in workers))
        return workers

    workers = asyncio.run(day())
    assert len(desk.broker.received) == 1
    actions = sorted(worker.state.last_decision.action for worker in workers if worker.state.last_decision)
    assert actions == ["buy", "refused"]


def test_a_halt_file_refuses_entries_and_lets_exits_pass() -> None:
    """With state/HALT an entry is refused with its reason; an exit is sent."""
    desk = Desk(a_state(10))
    desk.broker.hand_over(10)
    desk.store.halt = True
    one_day(desk, bar(1, FLAT), lambda: desk.moves_to(2), bar(2, BUY))
    assert [one.side for one in desk.broker.received] == [Side.SELL]
    last = desk.store.state().last_decision
    assert last is not None
    assert (last.action, "HALT" in last.why) == ("refused", True)


def test_a_stale_bar_is_not_traded() -> None:
    """An entry on a bar older than two timeframes is refused and not remembered as an order (F13)."""
    desk = Desk()
    worker = one_day(desk, lambda: desk.clock.advance(600), bar(1, BUY))
    assert (desk.broker.received, worker.state.orders) == ([], ())
    assert worker.state.last_decision is not None
    assert worker.state.last_decision.action == "refused"


@pytest.mark.parametrize("status", [Status.PAUSED, Status.HALTED, Status.SUSPENDED, Status.QUARANTINED, Status.RETIRED])
def test_a_symbol_that_may_not_trade_does_not_ask_its_strategy(status: Status) -> None:
    """A halted symbol neither trades nor evaluates: a strategy that would raise is not asked."""
    desk = Desk(a_state(10, status=status, status_reason="because"))
    worker = one_day(desk, bar(1, 55))
    assert worker.state.last_decision is not None
    assert worker.state.last_decision.why == f"{status.value}: because"


# --- bars -------------------------------------------------------------------------------------------------------


def test_one_decision_per_bar() -> None:
    """A duplicate or an older bar decides nothing, a newer one does (I12, F13)."""
    desk = Desk()
    worker = one_day(
        desk, bar(1, BUY), lambda: desk.moves_to(2), bar(2, BUY), bar(2, FLAT), bar(1, FLAT), bar(1, BUY)
    )  # fmt: skip
    assert [one.side for one in desk.broker.received] == [Side.BUY]
    assert worker.state.last_decision is not None
    assert worker.state.last_decision.bar == at(2)


def test_a_bar_of_an_earlier_life_is_not_decided_again() -> None:
    """A clock that is behind at the start brings old bars anew: their orders have been sent, and dropped (I1, F14)."""
    desk = Desk()
    one_day(desk, bar(1, BUY), lambda: desk.moves_to(2), bar(2, FLAT))
    desk.store.disk["AAPL"] = replace(desk.store.state(), orders=())
    desk.moves_to(1)
    worker = one_day(desk, bar(1, BUY), lambda: desk.moves_to(2), bar(2, FLAT), lambda: desk.moves_to(3))
    assert len(desk.broker.received) == 2
    assert worker.progress.last_bar == bar(2, FLAT).bar
    one_day(desk, bar(3, BUY))
    assert len(desk.broker.received) == 3


def test_history_is_taken_in_order_and_decides_nothing() -> None:
    """Warm-up bars fill the window; duplicates and disorder in them do no harm, and none is decided on again."""
    desk = Desk()
    worker = desk.worker()
    worker.warm_up([bar(0, FLAT).bar, bar(0, FLAT).bar, bar(1, BUY).bar, bar(0, FLAT).bar])
    one_day(desk, bar(1, BUY), worker=worker)
    assert worker.state.last_decision is None
    assert worker.newest_bar_time(at(9)) == at(1)
    one_day(desk, lambda: desk.moves_to(2), bar(2, FLAT), worker=(again := _warm(desk)))
    assert again.state.last_decision is not None


def _warm(desk: Desk) -> SymbolWorker:
    worker = desk.worker()
    worker.warm_up([bar(0, FLAT).bar, bar(0, FLAT).bar, bar(1, FLAT).bar])
    return worker


def test_no_opinion_is_a_decision_too() -> None:
    """NaN waits with its reason and keeps what is held."""
    desk = Desk(a_state(10))
    worker = one_day(desk, bar(1, SILENT))
    assert worker.state.last_decision is not None
    assert (worker.state.last_decision.action, worker.state.position.quantity) == ("wait", 10)


def test_a_strategy_that_raises_leaves_its_reason_on_file() -> None:
    """The bar ends in the decision `error`, which survives the restart of the worker (I12, F12)."""
    desk = Desk(a_state(10))
    worker = desk.worker()
    with pytest.raises(KeyError):
        asyncio.run(told(worker, bar(1, 55)))
    asyncio.run(worker.recover())
    assert worker.state.last_decision is not None
    assert (worker.state.last_decision.action, worker.state.last_decision.bar) == ("error", at(1))
    assert worker.state.position.quantity == 10


def test_a_decision_that_says_nothing_new_waits_for_the_checkpoint() -> None:
    """The same hold again is not worth a save each bar, but the file is never much older than a minute."""
    desk = Desk(a_state(10))
    worker = desk.worker()
    one_day(desk, bar(1, BUY), bar(2, BUY), bar(3, BUY), worker=worker)
    assert len(desk.store.written) == 1
    assert worker.has_unsaved
    worker = desk.worker()
    one_day(desk, lambda: desk.clock.advance(SymbolWorker.checkpoint_s), bar(4, BUY), worker=worker)
    assert len(desk.store.written) == 2
    assert not worker.has_unsaved


# --- the broker's facts -----------------------------------------------------------------------------------------


def test_outdated_facts_are_dropped() -> None:
    """Facts computed for an older sequence correct nothing: the file has moved on."""
    desk = Desk(a_state(10, sequence=5))
    sold = some_facts(0, fills=[a_fill(10)])
    worker = one_day(desk, FactsRead(some_facts(10), 4, desk.clock.monotonic(), at(5)))
    assert not desk.portfolio.reconcile_wanted.is_set()
    worker = one_day(desk, FactsRead(sold, 4, desk.clock.monotonic(), at(5)))
    assert worker.state.position.quantity == 10
    assert desk.portfolio.reconcile_wanted.is_set(), "what differs is looked at soon"
    worker = one_day(desk, FactsRead(sold, 5, desk.clock.monotonic(), at(5)))
    assert worker.state.position.quantity == 0


def test_a_foreign_sale_is_not_bought_back() -> None:
    """After the owner has sold, a signal that stays +1 buys nothing; after one zero it does (rearm)."""
    desk = Desk(a_state(10, price=100))

    async def day() -> None:
        worker = desk.worker()
        async with running(worker):
            await tell(worker, [facts_read(desk, worker, some_facts(0, fills=[a_fill(10)]))])
            assert (worker.state.position.quantity, worker.state.rearm) == (0, 1)
            for minute, close in ((1, BUY), (2, HALF)):
                desk.moves_to(minute)
                await tell(worker, [bar(minute, close)])
            assert desk.broker.received == []
            assert "not re-armed" in (worker.state.last_decision.why if worker.state.last_decision else "")
            for minute, close in ((3, FLAT), (4, BUY)):
                desk.moves_to(minute)
                await tell(worker, [bar(minute, close)])

    asyncio.run(day())
    assert [one.client_order_id for one in desk.broker.received] == [an_id(4)]


def test_a_position_in_doubt_forbids_every_order() -> None:
    """Between two position reads neither entry nor exit is sent; the second read decides."""
    desk = Desk(a_state(10))

    async def day() -> SymbolWorker:
        worker = desk.worker()
        async with running(worker):
            await tell(worker, [facts_read(desk, worker, some_facts(0)), bar(1, FLAT)])
            assert worker.state.status is Status.IN_DOUBT
            assert desk.broker.received == []
            desk.clock.advance(29)
            await tell(worker, [facts_read(desk, worker, some_facts(0))])
            assert worker.state.position.quantity == 10
            desk.clock.advance(2)
            await tell(worker, [facts_read(desk, worker, some_facts(0))])
        return worker

    worker = asyncio.run(day())
    assert (worker.state.position.quantity, worker.state.status) == (0, Status.ACTIVE)


def test_a_fill_between_two_reads_begins_the_wait_anew() -> None:
    """A lagging second read is not believed when one of our orders filled after the first (F9)."""
    part = a_record("partially_filled", 4)
    desk = Desk(a_state(4, part))

    async def day() -> SymbolWorker:
        worker = desk.worker()
        async with running(worker):
            await tell(worker, [facts_read(desk, worker, some_facts(7))])
            desk.clock.advance(25)
            await tell(worker, [news(an_order_view("filled"))])
            desk.clock.advance(6)
            await tell(worker, [facts_read(desk, worker, some_facts(7))])
        return worker

    worker = asyncio.run(day())
    assert worker.state.position.quantity == 10
    assert worker.state.status is Status.IN_DOUBT


def test_a_lost_memory_forbids_entries_and_allows_exits() -> None:
    """While something may still be on the wire the position may be closed, not enlarged."""
    desk = Desk(a_state(5))
    desk.broker.hand_over(5)
    lost = memory_lost(desk.clock.monotonic(), ASSUMPTIONS)
    one_day(desk, bar(1, BUY), lambda: desk.moves_to(2), worker=desk.worker(holds=lost))
    assert desk.broker.received == []
    desk.store.disk["AAPL"] = replace(desk.store.state(), status=Status.IN_DOUBT, status_reason="wire")
    one_day(desk, lambda: desk.moves_to(3), bar(3, FLAT), worker=desk.worker(holds=lost))
    assert [one.side for one in desk.broker.received] == [Side.SELL]


def test_a_doubt_says_how_long_it_lasts() -> None:
    """The file of a symbol in doubt holds the moment until which it waits at most."""
    desk = Desk()
    desk.broker.plan.append(Submit.LOSE)
    one_day(desk, bar(1, BUY))
    until = desk.store.state().waiting_until
    assert until is not None
    assert WINDOW - 1 <= (until - desk.clock.wall()).total_seconds() <= WINDOW + 1


@pytest.mark.parametrize(("minute", "is_twin"), [(-3, False), (5, True)])
def test_only_an_order_sent_since_this_process_began_is_a_twins(minute: int, is_twin: bool) -> None:  # noqa: FBT001 - a table
    """One of an earlier life that a list shows late is booked and stops nothing; a new one of another hand does."""
    desk = Desk()
    worker = desk.worker()
    late = an_order_view("canceled", 0, minute=minute)
    one_day(desk, facts_read(desk, worker, some_facts(0, late)), worker=worker)
    assert [order.client_order_id for order in worker.state.orders] == [late.client_order_id]
    assert (desk.portfolio.means().entries_stopped is not None) == is_twin


# --- failures and the end ---------------------------------------------------------------------------------------


def test_recovery_believes_the_disk() -> None:
    """After a failure the worker goes on from what is on disk; a lost file is written from memory."""
    desk = Desk(a_state(10))
    worker = desk.worker()
    desk.store.disk["AAPL"] = a_state(7, sequence=9)
    asyncio.run(worker.recover())
    assert worker.state.position.quantity == 7
    del desk.store.disk["AAPL"]
    asyncio.run(worker.recover())
    assert desk.store.state().position.quantity == 7


def test_recovery_does_not_believe_an_older_file() -> None:
    """What somebody puts back under a running bot is set aside, and what the bot has known since is written (F3)."""
    desk = Desk(a_state(10, sequence=5))
    worker = desk.worker()
    desk.store.disk["AAPL"] = older = a_state(0, sequence=4)
    asyncio.run(worker.recover())
    assert desk.store.state().position.quantity == worker.state.position.quantity == 10
    assert desk.store.aside == [("AAPL", older)]


def test_after_stop_nothing_is_decided() -> None:
    """Messages that wait when `stop` comes send nothing."""
    desk = Desk()

    async def day() -> None:
        worker = desk.worker()
        worker.put(bar(1, BUY))
        worker.stop()
        worker.put(bar(2, BUY))
        await worker.run()

    asyncio.run(day())
    assert desk.broker.received == []


def test_the_journal_tells_the_story() -> None:
    """Decision, order and fill stand in the journal in their order."""
    desk = Desk()
    one_day(desk, bar(1, BUY))
    assert desk.journal.kinds() == ["decision", "order", "fill"]


# --- the broker's word before an exit ---------------------------------------------------------------------------


def test_an_exit_of_shares_that_are_gone_is_not_sent() -> None:
    """The owner sold by hand and nobody said so: the broker's position is read first, and no short is opened (I3)."""
    desk = Desk(a_state(10))
    one_day(desk, bar(1, FLAT))
    assert desk.broker.received == []
    state = desk.store.state()
    assert state.last_decision is not None
    assert (state.last_decision.action, state.status) == ("refused", Status.IN_DOUBT)
    assert "the broker shows 0" in state.last_decision.why
    assert desk.portfolio.reconcile_wanted.is_set()


def test_a_short_entry_does_not_sell_what_the_owner_has_just_bought() -> None:
    """Where a symbol may be sold short the position is read before an entry too; a buyer needs no such look (I3)."""
    desk = Desk()
    desk.broker.hand_over(11)
    spec = a_spec(rules=some_rules(may_short=True))
    one_day(desk, bar(1, SHORT), worker=desk.worker(spec))
    assert desk.broker.received == []
    state = desk.store.state()
    assert state.status is Status.IN_DOUBT
    assert state.last_decision is not None
    assert "the broker shows 11" in state.last_decision.why


@pytest.mark.parametrize(("unmanaged", "sent"), [(0, 1), (5, 0)])
def test_after_a_lost_memory_an_exit_waits_where_it_could_sell_the_owners_shares(unmanaged: int, sent: int) -> None:
    """An exit that nobody remembers may still arrive: a second one is refused unless others hold shares, too."""
    desk = Desk(a_state(10, unmanaged=unmanaged))
    desk.broker.hand_over(10 + unmanaged)
    worker = desk.worker(holds=memory_lost(desk.clock.monotonic(), ASSUMPTIONS))
    one_day(desk, bar(1, FLAT), worker=worker)
    assert len(desk.broker.received) == sent


def test_an_exit_goes_on_when_the_position_cannot_be_read() -> None:
    """A broker that does not answer about the position does not lock the door: the file says that it is ours."""
    desk = Desk(a_state(10))
    desk.broker.hand_over(10)
    desk.broker.reads_failing = UNREACHABLE
    one_day(desk, bar(1, FLAT))
    assert [one.side for one in desk.broker.received] == [Side.SELL]


def test_a_short_entry_waits_when_the_position_cannot_be_read() -> None:
    """A broker that does not answer about the position may hold shares of the owner's: an entry can wait (I3)."""
    desk = Desk()
    desk.broker.hand_over(11)
    desk.broker.reads_failing = UNREACHABLE
    one_day(desk, bar(1, SHORT), worker=desk.worker(a_spec(rules=some_rules(may_short=True))))
    assert desk.broker.received == []


def test_a_flip_reads_the_position_even_just_after_its_exit() -> None:
    """The look before a short entry is not left out because a fill of ours is fresh: the owner may have bought (I3)."""
    desk = Desk(a_state(10))
    desk.broker.hand_over(10)
    worker = desk.worker(a_spec(rules=some_rules(may_short=True)))
    one_day(desk, bar(1, SHORT), lambda: desk.broker.trade_by_hand(Side.BUY, 10), bar(2, SHORT), worker=worker)
    assert [one.quantity for one in desk.broker.received] == [10]


def test_a_refused_exit_calls_for_a_reconcile() -> None:
    """Once a refusal is believed, the position is read: a split or a transfer may have taken the shares."""
    desk = Desk(a_state(10))
    desk.broker.hand_over(10)
    desk.broker.plan.append(Submit.REFUSE)
    one_day(desk, bar(1, FLAT), lambda: desk.clock.advance(WINDOW), LOOK_UP)
    assert desk.portfolio.reconcile_wanted.is_set()
