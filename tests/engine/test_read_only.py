"""The broker behind glass: every question passes, no request to change something does."""

import asyncio
import inspect

import pytest

from builders import an_id, an_intent, at
from fakes.desk import Desk
from holdfast.domain.errors import Rejected
from holdfast.engine.approval import SavedIntent
from holdfast.engine.ports import Broker, BrokerReads
from holdfast.engine.read_only import ReadOnlyBroker

WRITES = {"submit", "cancel"}


def test_what_it_is_handed_has_no_write() -> None:
    """The type of what it asks knows no POST and no DELETE: only the whole Broker does (I13)."""
    assert not WRITES & set(dir(BrokerReads))
    assert set(dir(Broker)) - set(dir(BrokerReads)) >= WRITES
    assert inspect.signature(ReadOnlyBroker).parameters["reads"].annotation is BrokerReads


def test_an_order_and_a_cancel_become_notes() -> None:
    """The broker hears of neither; the notes name them, and the order is known not to exist."""
    desk = Desk()
    broker = ReadOnlyBroker(desk.broker)

    async def work() -> None:
        with pytest.raises(Rejected, match="nothing is sent"):
            await broker.submit(SavedIntent(an_intent()))
        await broker.cancel("broker-1")

    asyncio.run(work())
    assert (desk.broker.received, desk.broker.canceled, desk.broker.calls) == ([], [], 0)
    assert broker.withheld == [f"send {an_id()}: buy 10 AAPL", "cancel the order broker-1"]


def test_every_question_passes() -> None:
    """The answers are the broker's own, and its calls are counted."""
    desk = Desk()
    desk.broker.accept(an_intent())
    broker = ReadOnlyBroker(desk.broker)

    async def work() -> None:
        assert await broker.account() == await desk.broker.account()
        assert await broker.positions() == await desk.broker.positions()
        assert await broker.position("AAPL") == await desk.broker.position("AAPL")
        assert await broker.orders(after=None, open_only=True) == await desk.broker.orders(after=None, open_only=True)
        assert await broker.order_by_client_id(an_id()) == await desk.broker.order_by_client_id(an_id())
        assert await broker.order(f"broker-{an_id()}") == await desk.broker.order(f"broker-{an_id()}")
        assert await broker.activities(at(-60)) == await desk.broker.activities(at(-60))
        assert await broker.assets() == await desk.broker.assets()
        assert await broker.pairs() == await desk.broker.pairs()
        assert await broker.sessions(at().date(), at().date()) == await desk.broker.sessions(at().date(), at().date())

    asyncio.run(work())
    assert broker.calls == desk.broker.calls == 20
    assert broker.looked_up == {an_id(): desk.broker.books[an_id()]}
    assert broker.assumptions == desk.broker.assumptions
