"""The inbox: first in, first out, and nobody waits for a worker that is gone."""

import asyncio

from builders import an_order_view
from fakes.desk import bar, news
from holdfast.engine.inbox import Inbox, LookUp


def test_messages_come_in_their_order() -> None:
    """First in, first out, whatever their kind."""

    async def main() -> None:
        inbox = Inbox()
        messages = [bar(1, 100), news(an_order_view()), LookUp(), bar(2, 100)]
        for message in messages:
            inbox.put(message)
        assert [await inbox.get(None) for _ in messages] == messages

    asyncio.run(main())


def test_silence_is_a_look_up() -> None:
    """When no message comes in time, it is time to ask the broker; it counts as a message to be dealt with."""

    async def main() -> None:
        inbox = Inbox()
        assert await inbox.get(0.001) == LookUp()
        waiting = asyncio.create_task(inbox.idle())
        await asyncio.sleep(0)
        assert not waiting.done()
        inbox.done()
        await waiting

    asyncio.run(main())


def test_idle_waits_for_what_is_in_hand() -> None:
    """Idle means dealt with, not only taken."""

    async def main() -> None:
        inbox = Inbox()
        inbox.put(LookUp())
        await inbox.get(None)
        waiting = asyncio.create_task(inbox.idle())
        await asyncio.sleep(0)
        assert not waiting.done()
        inbox.done()
        await waiting

    asyncio.run(main())


def test_a_closed_inbox_lets_nobody_wait() -> None:
    """What is left is dropped, and so is what comes later."""

    async def main() -> None:
        inbox = Inbox()
        inbox.put(LookUp())
        inbox.close()
        inbox.put(LookUp())
        async with asyncio.timeout(1):
            await inbox.idle()

    asyncio.run(main())
