"""What a websocket still has to be sent, against a client that reads and one that does not."""

import asyncio
from typing import Any, cast

from starlette.websockets import WebSocket

from holdfast.simulator.outbox import BYTES_WAITING_MAX, MESSAGES_MAX, Outbox


class Client:
    """A websocket whose other end reads, or never does."""

    def __init__(self, *, reads: bool) -> None:
        self.seen: list[Any] = []
        self.cuts = 0
        self._gone = asyncio.Event()
        self._reads = reads

    async def send_text(self, message: str) -> None:
        """Take a message, or wait until the connection is cut."""
        if not self._reads:
            await self._gone.wait()
            raise OSError
        self.seen.append(message)

    async def close(self, code: int) -> None:
        """Note the end."""
        self.seen.append(code)

    def cut(self) -> None:
        """End the connection, as the server's door does."""
        self.cuts += 1
        self._gone.set()

    def outbox(self) -> Outbox:
        """Return the outbox that writes to it."""
        return Outbox(cast("WebSocket", self), self.cut)


async def put_all(client: Client, count: int) -> Outbox:
    """Queue messages while the writer writes, then end; return once it has ended."""
    outbox = client.outbox()
    writer = asyncio.create_task(outbox.write())
    for number in range(count):
        outbox.put(str(number))
        if number % 1000 == 0:
            await asyncio.sleep(0)
    outbox.end()
    await writer
    return outbox


def test_everything_is_sent_in_order_before_the_end() -> None:
    """A client that reads gets every message, and then the close."""

    async def script() -> list[Any]:
        client = Client(reads=True)
        await put_all(client, 3)
        return client.seen

    assert asyncio.run(script()) == ["0", "1", "2", 1001]


def test_a_client_that_never_reads_is_cut_off() -> None:
    """Its queue has a bound; beyond it the connection is cut, once, and nothing more is kept for it."""

    async def script() -> tuple[int, int]:
        client = Client(reads=False)
        outbox = await put_all(client, MESSAGES_MAX + 1000)
        return client.cuts, len(outbox)

    assert asyncio.run(script()) == (1, 0)


def test_a_mute_connection_is_sent_nothing() -> None:
    """What was queued before is still sent; then there is silence until the end."""

    async def script() -> list[Any]:
        client = Client(reads=True)
        outbox = client.outbox()
        outbox.put("before")
        outbox.mute()
        outbox.put("after")
        outbox.end()
        await outbox.write()
        return client.seen

    assert asyncio.run(script()) == ["before", 1001]


def test_long_messages_fill_an_outbox_sooner() -> None:
    """What waits is bounded in bytes too; what has been sent does not count."""

    async def script(*, reads: bool) -> int:
        client = Client(reads=reads)
        outbox = client.outbox()
        writer = asyncio.create_task(outbox.write())
        long = "x" * (BYTES_WAITING_MAX // 10)
        for _ in range(20):
            outbox.put(long)
            await asyncio.sleep(0)
        outbox.end()
        await writer
        return client.cuts

    assert asyncio.run(script(reads=True)) == 0
    assert asyncio.run(script(reads=False)) == 1
