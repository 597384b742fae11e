"""`holdfast run`: reconcile, trade until the market ends or somebody stops it, say what came of it."""

import asyncio
import signal
from collections.abc import Awaitable
from contextlib import AsyncExitStack, suppress
from random import Random
from typing import Protocol, TypeVar

from loguru import logger

from holdfast.adapters.config_watch import ConfigWatch
from holdfast.adapters.log import add_log_file
from holdfast.bootstrap.opening import Opened, Options, opened, read_config, state_folder
from holdfast.config.load import Config
from holdfast.domain.errors import Fatal, Recoverable
from holdfast.engine.drive import Driver, Lockstep, RealTime, drive
from holdfast.engine.start import Started, start
from holdfast.engine.supervisor import Supervisor

WATCH_S = 1.0
Result = TypeVar("Result")


class View(Protocol):
    """What shows a run to people."""

    def opening(self, world: Opened) -> None:
        """Say where everything is."""
        ...

    def reconciled(self, started: Started) -> None:
        """Say what was reconciled."""
        ...

    async def live(self, world: Opened, supervisor: Supervisor) -> None:
        """Show the run while it goes on; cancelled at its end."""
        ...

    def ended(self, world: Opened, supervisor: Supervisor, why: str) -> None:
        """Say what came of it."""
        ...


async def run_bot(config: Config, options: Options, view: View) -> None:
    """Run the bot to its end; the state folder is held meanwhile.

    Raises:
        HoldfastError: with what to type next; its exit code is the process's.
    """
    stop = asyncio.Event()
    _listen_for_signals(stop)
    folder = state_folder(config, options).lock()
    try:
        add_log_file(folder.log)
        async with AsyncExitStack() as stack:
            world = await _unless(stop, stack.enter_async_context(opened(config, folder, options)))
            if world is not None:
                await _run(world, view, stop)
    except Recoverable as error:
        raise Fatal(
            f"no trading started: {error}. Nothing was changed; mend the connection and type holdfast run again"
        ) from error
    finally:
        folder.unlock()


def _listen_for_signals(stop: asyncio.Event) -> None:
    """The first SIGINT or SIGTERM stops cleanly; a second SIGINT ends the process at once with 130."""
    loop = asyncio.get_running_loop()

    def first() -> None:
        logger.info("stopping: no new decisions; press Ctrl-C again to leave at once")
        stop.set()
        loop.add_signal_handler(signal.SIGINT, _leave_at_once)

    loop.add_signal_handler(signal.SIGINT, first)
    loop.add_signal_handler(signal.SIGTERM, first)


def _leave_at_once() -> None:
    import os  # noqa: PLC0415 - the one place that must not run any more of our code

    os._exit(130)


async def _run(world: Opened, view: View, stop: asyncio.Event) -> None:
    view.opening(world)
    started = await _unless(stop, start(world.specs, world.outside, world.identity))
    if started is None:
        return
    view.reconciled(started)
    supervisor = Supervisor(
        started,
        world.outside,
        world.identity,
        (world.link.connection.bar_stream, world.link.connection.order_stream),
        is_paced=world.link.control is not None,
        reconcile_every_s=world.config.reconcile_every_s,
        random=Random(world.identity.account_id),  # noqa: S311 - jitter, not a secret
    )
    supervisor.begin()
    watches = (view.live(world, supervisor), _watch_config(world.config), _watch_simulator(world, supervisor))
    aside = [asyncio.create_task(watch) for watch in watches]
    try:
        why = await drive(_driver(world, started), supervisor, stop)
    finally:
        await supervisor.stop()
        for task in aside:
            task.cancel()
        await asyncio.gather(*aside, return_exceptions=True)
    view.ended(world, supervisor, why)


def _driver(world: Opened, started: Started) -> Driver:
    if world.link.control is not None and world.set_time is not None:
        return Lockstep(world.link.control, world.set_time, world.outside.clock.sleep)
    return RealTime(world.outside.clock, started.portfolio)


async def _unless(stop: asyncio.Event, work: Awaitable[Result]) -> Result | None:
    """Return what `work` returns, or None if `stop` came first."""
    working, stopping = asyncio.ensure_future(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, stopping):
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(working, stopping, return_exceptions=True)


async def _watch_config(config: Config) -> None:
    watch = ConfigWatch(config.path, config.digest)
    while True:
        await asyncio.sleep(WATCH_S)
        if watch.changed():
            logger.warning(
                "{} was edited: a restart applies it, until then the bot runs as it was started", config.path
            )


async def _watch_simulator(world: Opened, supervisor: Supervisor) -> None:
    """The simulator inside cannot come back by itself as one at `sim.url` can."""
    server = world.link.server
    while server is not None:
        await asyncio.sleep(WATCH_S)
        if server.wait(0):
            supervisor.end_for(Fatal(f"the simulator inside has ended: {server.failure}; type holdfast run again"))
            return


__all__ = ["Options", "View", "read_config", "run_bot"]
