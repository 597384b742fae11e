"""When the next instant may come: not faster than `speed`, not before a client in lockstep is ready for it."""

import asyncio
from collections.abc import Callable, Sized
from datetime import datetime
from decimal import Decimal

from loguru import logger

from holdfast.simulator.market import Market

LAPSE_S = 30.0


class Pacer:
    """Moves the market. It lives in the simulator's event loop; `speed` None is without a bound.

    Whoever has said `through` once is waited for before every further instant. A silence of 30 real seconds
    ends that until the next word, unless lockstep was demanded or there is no speed to fall back to.

    In lockstep the market also waits while anything is `under_way`; `nudge` says that this has changed. `moved` is
    called at each instant, before anyone who waits for it goes on.
    """

    def __init__(
        self,
        market: Market,
        *,
        speed: Decimal | None,
        lockstep: bool,
        under_way: Sized = (),
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        self.is_held = False
        self.through: datetime | None = None
        self.lockstep = lockstep or speed is None
        self._market = market
        self._speed = None if speed is None else float(speed)
        self._may_lapse = not self.lockstep
        self._under_way = under_way
        self._tell = moved
        self._word = asyncio.Event()
        self._moved = asyncio.Event()
        self._stopped = asyncio.Event()
        self._moved_at = 0.0
        self._heard_at = 0.0

    @property
    def is_finished(self) -> bool:
        """Whether nothing will ever follow."""
        return self._market.next_instant() is None

    def hold(self, *, is_held: bool) -> None:
        """Stop the market's time, or let it go on."""
        self.is_held = is_held
        self._heard_at = _now()
        self._word.set()

    def worked_through(self, moment: datetime) -> None:
        """Take a client's word that it has dealt with everything up to `moment`."""
        self.through = moment
        self.lockstep = True
        self._heard_at = _now()
        self._word.set()

    def nudge(self) -> None:
        """Look again whether the market may move."""
        self._word.set()

    def stop(self) -> None:
        """End `run`, and every wait."""
        self._stopped.set()
        self._word.set()
        self._moved.set()

    async def run(self) -> None:
        """Publish instant after instant until `stop` or until the prices are used up."""
        self._moved_at = _now()
        while (instant := self._market.next_instant()) is not None:
            due_at = self._due_at(instant)
            while not self._stopped.is_set() and not self._may_move(due_at):
                await self._wait_for_word(due_at)
            if self._stopped.is_set():
                return
            self._market.advance(instant)
            self._tell()
            self._moved_at = _now()
            moved, self._moved = self._moved, asyncio.Event()
            moved.set()
            # At full speed the market must not starve the requests that it waits for.
            await asyncio.sleep(0)

    async def wait_after(self, moment: datetime | None, seconds: float) -> None:
        """Wait until the market's time is later than `moment`, until it has ended, or for `seconds` real ones."""
        deadline = _now() + seconds
        while moment is not None and self._market.time <= moment and not self.is_finished:
            left = deadline - _now()
            if left <= 0 or self._stopped.is_set():
                return
            await _wait(self._moved, left)

    def _due_at(self, instant: datetime) -> float:
        return self._moved_at + (self._market.seconds_to(instant) / self._speed if self._speed else 0.0)

    def _may_move(self, due_at: float) -> bool:
        if self.is_held or _now() < due_at or (self.lockstep and self._under_way):
            return False
        is_ready = self.through is not None and self.through >= self._market.time
        return is_ready or not self._waits_for_client(due_at)

    def _waits_for_client(self, due_at: float) -> bool:
        if self.lockstep and self._may_lapse and _now() >= max(self._heard_at, due_at) + LAPSE_S:
            logger.warning(f"the client in lockstep has been silent for {LAPSE_S:.0f} s: the market goes on without it")
            self.lockstep = False
        return self.lockstep

    async def _wait_for_word(self, due_at: float) -> None:
        now = _now()
        if self.is_held or (self.lockstep and self._under_way):
            seconds = None
        elif now < due_at:
            seconds = due_at - now
        else:
            seconds = max(self._heard_at, due_at) + LAPSE_S - now if self._may_lapse else None
        self._word.clear()
        await _wait(self._word, seconds)


async def _wait(event: asyncio.Event, seconds: float | None) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return


def _now() -> float:
    return asyncio.get_running_loop().time()
