"""When the next instant may come, on a market of three instants and a loop whose time is virtual."""

import asyncio
import heapq
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from holdfast.simulator.market import Market
from holdfast.simulator.pacing import LAPSE_S, Pacer

START = datetime(2026, 1, 5, 14, 25, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class ThreeInstants:
    """A market that has three more instants, a minute apart."""

    def __init__(self) -> None:
        self.time = START
        self.moved_at: list[float] = []

    def next_instant(self) -> datetime | None:
        """Return the next of the three."""
        return None if len(self.moved_at) == 3 else self.time + MINUTE

    def seconds_to(self, instant: datetime) -> float:
        """Return the market's seconds until then."""
        return (instant - self.time).total_seconds()

    def advance(self, instant: datetime) -> None:
        """Note when it moved."""
        self.time = instant
        self.moved_at.append(asyncio.get_running_loop().time())


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop in which waiting takes no time."""

    def __init__(self) -> None:
        super().__init__(selectors.SelectSelector())
        self._now = 0.0

    def time(self) -> float:
        """Return the virtual seconds."""
        return self._now

    def _run_once(self) -> None:
        scheduled = self._scheduled  # type: ignore[attr-defined]
        if not self._ready and scheduled:  # type: ignore[attr-defined]
            self._now = max(self._now, heapq.nsmallest(1, scheduled)[0].when())
        super()._run_once()  # type: ignore[misc]


def play(
    script: Callable[[Pacer], Coroutine[Any, Any, None]],
    speed: int | None = 60,
    under_way: list[str] | None = None,
) -> list[float]:
    """Run a pacer beside `script` and return when the market moved."""
    market = ThreeInstants()

    async def both() -> None:
        pacer = Pacer(
            cast("Market", market),
            speed=None if speed is None else Decimal(speed),
            lockstep=False,
            under_way=[] if under_way is None else under_way,
        )
        run = asyncio.create_task(pacer.run())
        await script(pacer)
        pacer.stop()
        await run

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(both())
    return [round(moment, 3) for moment in market.moved_at]


def test_speed_is_a_bound() -> None:
    """At 60 simulated seconds a second a minute takes a second."""
    assert play(lambda _: asyncio.sleep(10)) == [1.0, 2.0, 3.0]


def test_a_hold_stops_time_and_only_time() -> None:
    """What is due while held comes at once afterwards, one after the other at the usual pace."""

    async def script(pacer: Pacer) -> None:
        pacer.hold(is_held=True)
        await asyncio.sleep(5)
        pacer.hold(is_held=False)
        await asyncio.sleep(10)

    assert play(script) == [5.0, 6.0, 7.0]


def test_a_silent_client_is_waited_for_thirty_seconds() -> None:
    """After the client's last word the market waits, and then goes on without it."""

    async def script(pacer: Pacer) -> None:
        pacer.worked_through(START)
        await asyncio.sleep(100)

    assert play(script) == [1.0, 2.0 + LAPSE_S, 3.0 + LAPSE_S]


def test_without_a_speed_a_silent_client_is_waited_for_for_ever() -> None:
    """At full speed nothing comes before the client's word, however long it takes."""

    async def script(pacer: Pacer) -> None:
        await asyncio.sleep(1000)
        pacer.worked_through(START)
        await asyncio.sleep(1000)
        pacer.worked_through(START + MINUTE)
        await asyncio.sleep(1000)

    assert play(script, speed=None) == [1000.0, 2000.0]


def test_lockstep_waits_for_what_is_under_way() -> None:
    """The client is ready, but the market stays until the last thing has ended."""
    under_way = ["a late request"]

    async def script(pacer: Pacer) -> None:
        pacer.worked_through(START + 3 * MINUTE)
        await asyncio.sleep(7)
        under_way.clear()
        pacer.nudge()
        await asyncio.sleep(100)

    assert play(script, speed=None, under_way=under_way) == [7.0, 7.0, 7.0]


def test_nothing_under_way_holds_a_market_up_that_runs_by_itself() -> None:
    """Without lockstep it moves on at its own speed."""
    assert play(lambda _: asyncio.sleep(10), under_way=["a late request"]) == [1.0, 2.0, 3.0]
