"""Races between the wire, the lists and the memory, each once a way to buy twice or to sell what is not owned."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest

from builders import ACCOUNT, a_state, at
from fakes.broker import Submit
from fakes.desk import BUY, FLAT, LOOK_UP, Desk, bar, facts_read, running, tell, told
from holdfast.domain import events
from holdfast.domain.external import Policy
from holdfast.domain.facts import sort_snapshot
from holdfast.domain.reconcile import PositionRead, SymbolFacts
from holdfast.domain.state import Status
from holdfast.engine.hold import Hold, Holds
from holdfast.engine.inbox import FactsRead, StrangerTraded
from holdfast.engine.memory import Unreadable
from holdfast.engine.snapshots import take_snapshot
from holdfast.engine.worker import SymbolWorker

POLICIES = {"AAPL": Policy(Decimal(10))}
Scenario = Callable[[Desk], Awaitable[None]]


def played(scenario: Scenario, desk: Desk) -> list[tuple[str, Decimal]]:
    """Run a scenario; return what the broker received."""

    async def work() -> None:
        await scenario(desk)

    asyncio.run(work())
    return [(intent.side.value, intent.quantity) for intent in desk.broker.received]


async def restarted(desk: Desk) -> SymbolWorker:
    """Return a worker as the next start makes it, reconciled first."""
    report = await desk.reconciler().run(POLICIES)
    return desk.worker(holds=report.ready["AAPL"].holds)


async def unlisted_at_start(desk: Desk) -> None:
    """An entry is accepted, unanswered and not listed yet; the bot is killed and starts again."""
    desk.broker.listing_lag_s = 40
    desk.broker.plan.append(Submit.ACCEPT_AND_TIME_OUT)
    await told(desk.worker(), bar(1, BUY))
    desk.clock.advance(2)
    worker = await restarted(desk)
    desk.clock.advance(45)
    async with running(worker):
        await tell(worker, [LOOK_UP])
        desk.moves_to(3)
        await tell(worker, [bar(3, FLAT)])


async def unlisted_while_running(desk: Desk) -> None:
    """The same, and a reconcile comes while the answer is lost."""
    desk.broker.listing_lag_s = 40
    desk.broker.plan.append(Submit.ACCEPT_AND_TIME_OUT)
    worker = desk.worker()
    async with running(worker):
        await tell(worker, [bar(1, BUY)])
        desk.clock.advance(5)
        sequence, taken = worker.state.sequence, desk.clock.monotonic()
        snapshot = await take_snapshot(desk.broker, desk.clock, ACCOUNT.id, at(0, 0))
        facts = sort_snapshot(snapshot, "main", []).of("AAPL")
        await tell(worker, [FactsRead(facts, sequence, taken, snapshot.taken_at)])
        desk.clock.advance(45)
        await tell(worker, [LOOK_UP])
        desk.moves_to(3)
        await tell(worker, [bar(3, FLAT)])


@pytest.mark.parametrize("scenario", [unlisted_at_start, unlisted_while_running])
def test_a_fill_seen_before_its_order_is_booked_once(scenario: Scenario) -> None:
    """Positions may show a fill before any list shows its order: it is neither foreign nor booked twice."""
    desk = Desk()
    sent = played(scenario, desk)
    assert sum(quantity for side, quantity in sent if side == "sell") <= 10
    assert desk.broker.held() >= 0
    assert desk.store.state().position.quantity == desk.broker.held()


def test_a_deleted_file_with_the_first_entry_on_the_wire_buys_once() -> None:
    """A file that is gone may have held an intent: the next start waits, and asks for what the backup knew."""

    async def scenario(desk: Desk) -> None:
        await desk.reconciler().run(POLICIES)
        desk.broker.plan.append(Submit.ARRIVE_LATE)
        await told(desk.worker(), bar(1, BUY))
        del desk.store.disk["AAPL"]
        desk.clock.advance(2)
        worker = await restarted(desk)
        desk.moves_to(2)
        async with running(worker):
            await tell(worker, [bar(2, BUY)])
            desk.broker.deliver_late()

    assert played(scenario, Desk()) == [("buy", 10)]


def test_resume_does_not_shorten_the_wait_for_an_order_on_the_wire() -> None:
    """A person's resume ends a halt, not the time in which a request may still arrive."""

    async def scenario(desk: Desk) -> None:
        await desk.reconciler().run(POLICIES)
        desk.broker.plan.append(Submit.ARRIVE_LATE)
        await told(desk.worker(), bar(1, BUY))
        desk.store.disk["AAPL"] = Unreadable("damaged", None)
        desk.clock.advance(2)
        await desk.reconciler(is_simulated=False).run(POLICIES)
        assert desk.store.state().status is Status.HALTED
        await desk.store.save(desk.store.state().apply(events.Resumed()))
        worker = await restarted(desk)
        desk.moves_to(2)
        async with running(worker):
            await tell(worker, [bar(2, BUY)])
            desk.broker.deliver_late()

    assert played(scenario, Desk()) == [("buy", 10)]


def test_a_correction_that_could_not_be_saved_keeps_its_doubt() -> None:
    """The file still says 10, the broker nothing: until that is saved, no order goes out."""

    async def scenario(desk: Desk) -> None:
        doubt = Hold("the positions differ", desk.clock.monotonic() - 40, 30, PositionRead(Decimal(0)))
        worker = desk.worker(holds=Holds(position=doubt))
        desk.store.failing.add("AAPL")
        with pytest.raises(OSError, match="No space"):
            await told(worker, facts_read(desk, worker, SymbolFacts()))
        desk.store.failing.clear()
        await worker.recover()
        await told(worker, bar(1, FLAT))

    assert played(scenario, Desk(a_state(10))) == []


def test_a_strangers_trade_stops_orders_until_the_position_is_read() -> None:
    """Between the owner's sale and the next snapshot the file is out of date: nothing is sold on it."""

    async def scenario(desk: Desk) -> None:
        worker = desk.worker()

        async with running(worker):
            await tell(worker, [StrangerTraded(), bar(1, FLAT)])

    assert played(scenario, Desk(a_state(10))) == []
