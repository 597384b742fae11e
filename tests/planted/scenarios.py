"""Scenarios for the planted bugs: each runs a small world and asserts what the promise says about it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal

from builders import a_state, an_id, an_intent
from fakes.broker import ASSUMPTIONS, Submit
from fakes.desk import BUY, FLAT, LOOK_UP, Desk, bar, facts_read, running, tell
from holdfast.domain.external import Policy
from holdfast.domain.facts import sort_snapshot
from holdfast.domain.order import Intent, OrderStatus
from holdfast.domain.state import SymbolState
from holdfast.engine.memory import Unreadable
from holdfast.engine.snapshots import take_snapshot
from holdfast.engine.worker import SymbolWorker
from planted.plants import Plant

Scenario = Callable[[Plant], None]


def a_world(plant: Plant, *states: SymbolState) -> Desk:
    """Return a desk made of the plant's parts."""
    broker = plant.broker(plant.clock())
    return Desk(*states, store=plant.store(), broker=broker, worker_class=plant.worker)


def run(work: Callable[[], Awaitable[None]]) -> None:
    """Run one scenario's work."""

    async def main() -> None:
        await work()

    asyncio.run(main())


async def steps(worker: SymbolWorker, *told: object) -> None:
    """Give messages and change the world in turn."""
    async with running(worker):
        for step in told:
            if callable(step):
                step()
            else:
                await tell(worker, [step])  # type: ignore[list-item]


def sent_once(desk: Desk) -> None:
    """Assert that no id was sent twice, and that the account never has more than the configured ten."""
    ids = [intent.client_order_id for intent in desk.broker.received]
    assert len(ids) == len(set(ids)), ids
    assert desk.broker.held() <= 10, desk.broker.held()


async def restarted(desk: Desk) -> SymbolWorker:
    """Reconcile as a new process does and return its worker."""
    report = await desk.reconciler().run({"AAPL": Policy(Decimal(10))})
    return desk.worker(holds=report.ready["AAPL"].holds)


def intent_before_order(plant: Plant) -> None:
    """At the moment of every POST the disk holds the intent (I1)."""
    desk = a_world(plant)
    seen: list[bool] = []

    def witness(intent: Intent) -> None:
        content = desk.store.disk.get(intent.symbol)
        seen.append(isinstance(content, SymbolState) and content.order(intent.client_order_id) is not None)

    desk.broker.witness = witness
    run(lambda: steps(desk.worker(), bar(1, BUY), lambda: desk.moves_to(2), bar(2, FLAT)))
    assert seen
    assert all(seen)


def a_late_arrival(plant: Plant) -> None:
    """A request that arrives two minutes late is the only one (I1, I2)."""
    desk = a_world(plant)
    desk.broker.plan.append(Submit.ARRIVE_LATE)
    run(
        lambda: steps(
            desk.worker(), bar(1, BUY), LOOK_UP, lambda: desk.moves_to(2), LOOK_UP, bar(2, BUY),
            desk.broker.deliver_late, LOOK_UP,
        )
    )  # fmt: skip
    sent_once(desk)
    assert desk.store.state().position.quantity == desk.broker.held() == 10


def a_clock_set_forward(plant: Plant) -> None:
    """An hour's jump of the wall clock does not prove an order absent that arrives late (F14)."""
    desk = a_world(plant)
    desk.broker.plan.append(Submit.ARRIVE_LATE)
    run(
        lambda: steps(
            desk.worker(), bar(1, BUY), lambda: desk.clock.jump(3600), LOOK_UP, lambda: desk.moves_to(2), bar(2, BUY),
            desk.broker.deliver_late, LOOK_UP,
        )
    )  # fmt: skip
    sent_once(desk)


def an_untrue_refusal(plant: Plant) -> None:
    """A refused order that was executed all the same is found before another is sent."""
    desk = a_world(plant)
    desk.broker.plan.append(Submit.REFUSE_BUT_ACCEPT)
    desk.broker.listing_lag_s = ASSUMPTIONS.listing_lag_s - 1
    run(
        lambda: steps(
            desk.worker(), bar(1, BUY), LOOK_UP, lambda: desk.moves_to(2), bar(2, BUY), LOOK_UP,
            lambda: desk.clock.advance(60), LOOK_UP,
        )
    )  # fmt: skip
    sent_once(desk)
    settled = [order.status for order in desk.store.state().orders]
    assert settled == [OrderStatus.FILLED]
    assert desk.store.state().rearm is None


def fills_in_parts(plant: Plant) -> None:
    """Fills in parts, each heard of several times, are booked once, in the save that settles them (I7)."""
    desk = a_world(plant)
    desk.broker.fills_at_once = False

    def four() -> None:
        desk.broker.fill(an_id(1), 4)

    def to_seven_and_end() -> None:
        desk.broker.fill(an_id(1), 3)
        desk.broker.end(an_id(1))

    run(lambda: steps(desk.worker(), bar(1, BUY), four, LOOK_UP, LOOK_UP, to_seven_and_end, LOOK_UP, LOOK_UP))
    for version in desk.store.written:
        assert version.position.quantity == sum(order.filled_quantity for order in version.orders)
    assert desk.store.state().position.quantity == desk.broker.held() == 7


def a_fill_in_spite_of_a_cancel(plant: Plant) -> None:
    """An order that fills while its cancel is pending is not bought a second time."""
    desk = a_world(plant)
    desk.broker.fills_at_once = False
    run(
        lambda: steps(
            desk.worker(), bar(1, BUY), lambda: desk.broker.end(an_id(1), OrderStatus.PENDING_CANCEL), LOOK_UP,
            lambda: desk.moves_to(2), bar(2, FLAT), lambda: desk.moves_to(3), bar(3, BUY),
            lambda: [desk.broker.fill(name) for name in list(desk.broker.books)], LOOK_UP,
        )
    )  # fmt: skip
    sent_once(desk)


def a_lost_file_with_a_working_order(plant: Plant) -> None:
    """An order that works at the broker is found at the start although the file is gone, and is the only one."""
    desk = a_world(plant)
    desk.broker.fills_at_once = False
    desk.broker.accept(an_intent(0))

    async def work() -> None:
        worker = await restarted(desk)
        desk.moves_to(2)
        await steps(worker, bar(2, BUY), lambda: [desk.broker.fill(name) for name in list(desk.broker.books)], LOOK_UP)

    run(work)
    sent_once(desk)
    assert desk.store.state().position.quantity == desk.broker.held()


def a_lost_file_with_an_order_on_the_wire(plant: Plant) -> None:
    """After a lost file no entry is sent as long as an earlier one may still arrive."""
    desk = a_world(plant)

    async def work() -> None:
        await steps(desk.worker(), bar(1, BUY), lambda: desk.moves_to(2), bar(2, FLAT))
        desk.broker.plan.append(Submit.ARRIVE_LATE)
        desk.moves_to(3)
        await steps(desk.worker(), bar(3, BUY))
        desk.store.disk.clear()
        desk.store.backups.clear()
        worker = await restarted(desk)
        desk.moves_to(4)
        await steps(worker, bar(4, BUY), desk.broker.deliver_late, LOOK_UP)

    run(work)
    sent_once(desk)


def a_damaged_file(plant: Plant) -> None:
    """A damaged file is set aside and the position is rebuilt, not taken for flat (F3)."""
    desk = a_world(plant)
    desk.broker.accept(an_intent(0))
    desk.clock.advance(3600)
    desk.store.disk["AAPL"] = Unreadable("damaged", None)

    async def work() -> None:
        await restarted(desk)

    run(work)
    assert desk.store.state().position.quantity == 10
    assert desk.store.aside


async def looked_at(desk: Desk, worker: SymbolWorker) -> None:
    """Give the worker the facts of a snapshot."""
    since = desk.clock.now() - timedelta(hours=1)
    snapshot = await take_snapshot(desk.broker, desk.clock, "account-1", since)
    facts = sort_snapshot(snapshot, "main", []).of("AAPL")
    await tell(worker, [facts_read(desk, worker, facts)])


def a_lagging_position(plant: Plant) -> None:
    """A position list that lags behind our own fill corrects nothing (F9)."""
    desk = a_world(plant)
    desk.broker.position_lag_s = 10

    async def work() -> None:
        worker = desk.worker()
        async with running(worker):
            await tell(worker, [bar(1, BUY)])
            await looked_at(desk, worker)
            assert worker.state.position.quantity == 10
            desk.clock.advance(31)
            await looked_at(desk, worker)
            assert worker.state.position.quantity == 10

    run(work)
    assert desk.store.state().position.quantity == desk.broker.held() == 10


def shares_that_are_not_ours(plant: Plant) -> None:
    """An exit sells what the bot manages; the owner's shares stay (I3)."""
    desk = a_world(plant, a_state(10, unmanaged=90))
    desk.broker.hand_over(100)
    run(lambda: steps(desk.worker(), bar(1, FLAT)))
    assert desk.broker.held() == 90


def an_id_that_is_taken(plant: Plant) -> None:
    """An order that the broker has already, from before a loss of memory, is adopted (I7)."""
    desk = a_world(plant, a_state(0))
    desk.broker.accept(an_intent(1))
    desk.broker.listing_lag_s = 0
    run(lambda: steps(desk.worker(), bar(1, BUY)))
    state = desk.store.state()
    assert [order.status for order in state.orders] == [OrderStatus.FILLED]
    assert state.position.quantity == desk.broker.held() == 10
