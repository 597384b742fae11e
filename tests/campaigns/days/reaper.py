"""Kills: when an incarnation of the bot dies, at which point of its work, and whether the power goes with it."""

from collections.abc import Callable
from random import Random

from campaigns.days.loop import Process, VirtualLoop
from campaigns.days.settings import Settings, dice

# Before and inside the save of an intent; saved; sent; accepted; answered; the answer not saved; a partial fill and an
# end not saved; inside the save that settles; settled; a cancel sent; the broker read for a lost file; and while an
# order has been working for some seconds.
POINTS = ("c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11", "c12", "c13", "working")

# Moments that come too seldom to be waited for: each of them may be the last.
_SELDOM = ("c12", "working")
_SELDOM_CHANCE = 0.5
# What a process may wait for; partial fills are seldom too.
_DRAWN = (*(point for point in POINTS if point not in _SELDOM), "c8", "c8")


class Reaper:
    """Draws a death for every process, and strikes when its time or its point has come."""

    def __init__(
        self,
        loop: VirtualLoop,
        settings: Settings,
        note: Callable[[str], None],
        on_kill: Callable[[Process, bool], None],
    ) -> None:
        """`on_kill` is told who died, and whether it was a power cut."""
        self._loop = loop
        self._random = dice(settings.seed, "reaper")
        self._note = note
        self._on_kill = on_kill
        self._is_on = "crash" in settings.faults
        self._power = 0.5 if "power" in settings.faults else 0.0
        self._pace_s = 600 / settings.intensity
        self._plans: dict[Process, list[object]] = {}
        self.is_calm = False

    def draw(self, process: Process) -> None:
        """Decide how a new process dies, if at all."""
        if not self._is_on or self.is_calm:
            return
        random = self._random
        mode = random.choice(("time", "step", *["point"] * 5, "none"))
        if mode == "time":
            self._loop.outside(random.expovariate(1 / self._pace_s), self.kill, process, "time")
        elif mode == "step":
            process.dies_at_step = int(3000 ** random.random())
            process.on_step_reached = lambda: self.kill(process, "step")
        elif mode == "point":
            self._plans[process] = [random.choice(_DRAWN), _few(random)]

    def at(self, point: str, process: Process) -> bool:
        """Say that a process has come to a point; return whether it is dead."""
        if point in _SELDOM and self._is_on and self._random.random() < _SELDOM_CHANCE:
            self.kill(process, point)
        plan = self._plans.get(process)
        if plan is not None and plan[0] == point and not process.is_dead:
            plan[1] = int(str(plan[1])) - 1
            if plan[1] <= 0:
                self.kill(process, point)
        return process.is_dead

    def kill(self, process: Process, why: str) -> None:
        """Kill it now."""
        if process.is_dead or self.is_calm:
            return
        self._note(f"kill_{why}")
        is_power = self._random.random() < self._power
        if is_power:
            self._note("power_cut")
        process.is_dead = True
        self._on_kill(process, is_power)


def _few(random: Random) -> int:
    return min(4, 1 + int(random.expovariate(1.2)))
