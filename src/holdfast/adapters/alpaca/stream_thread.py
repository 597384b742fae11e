"""A daemon thread with an event loop of its own that runs an SDK stream and ends within a bound.

The SDK's run() cannot share a loop, its stop() hangs on a mute peer, and its loop may return without a word:
here the task is cancelled in its own loop, and started again when it returns.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, Protocol

from holdfast.adapters.alpaca.stream_health import StreamHealth

STOP_S = 2.0
_CANCELS = 4
_CANCEL_S = 0.2
_HANG_UP_S = 0.6
_RESTART_S_MAX = 60.0


class SdkStream(Protocol):
    """What is used of an SDK stream, private parts included; `connect.check_sdk` looks that they exist."""

    _ws: Any

    async def _run_forever(self) -> None: ...

    async def close(self) -> None:
        """Close the connection; the SDK's own may wait for the peer."""
        ...


class StreamThread:
    """Runs `stream` until `stop`; every item it passes to `deliver` reaches the loop that created this object."""

    def __init__(self, stream: SdkStream, health: StreamHealth, *, name: str, restart_s: float) -> None:
        self._stream = stream
        self._health = health
        self._restart_s = restart_s
        self._home = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread; returns at once."""
        self._thread.start()

    def deliver(self, callback: Callable[[Any], None], item: object) -> None:
        """Call `callback(item)` in the home loop, unless the stream has been stopped by then."""
        self._tell_home(self._deliver_at_home, callback, item)

    async def stop(self) -> None:
        """End the thread; after STOP_S seconds it is given up, which a daemon may be."""
        self._is_stopped = True
        self._health.end()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop.set)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), STOP_S)

    def _deliver_at_home(self, callback: Callable[[Any], None], item: object) -> None:
        if not self._is_stopped:
            callback(item)

    def _tell_home(self, callback: Callable[..., None], *arguments: object) -> None:
        # The home loop may be closed already when the program is ending.
        with contextlib.suppress(RuntimeError):
            self._home.call_soon_threadsafe(callback, *arguments)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._main())
            self._loop.run_until_complete(_cancel_others())
        finally:
            asyncio.set_event_loop(None)
            self._loop.close()
            self._tell_home(self._ended.set)

    async def _main(self) -> None:
        work = asyncio.create_task(self._keep_running())
        stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        for _ in range(_CANCELS):
            if work.done():
                break
            # More than once: a wait that ends in the same moment swallows a cancel.
            work.cancel()
            await asyncio.wait({work}, timeout=_CANCEL_S)
        await self._hang_up()

    async def _keep_running(self) -> None:
        pause_s = self._restart_s
        while True:
            try:
                await self._stream._run_forever()  # noqa: SLF001 - run() would start a loop of its own
                self._health.down("the stream ended")
            except Exception as error:  # noqa: BLE001 - whatever it was, the stream has to come back
                self._health.down(type(error).__name__)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _RESTART_S_MAX)

    async def _hang_up(self) -> None:
        """Close politely, since a half-dead connection keeps its slot for 90 s; then close for certain."""
        socket = self._stream._ws  # noqa: SLF001 - the SDK keeps it to itself
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._stream.close(), _HANG_UP_S)
        transport = getattr(socket, "transport", None)
        if transport is not None:
            transport.abort()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=_CANCEL_S)
