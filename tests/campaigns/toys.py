"""Tiny campaigns that show what the frame does with good runs and bad ones."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from campaigns.frame import Manner, Outcome


@dataclass(frozen=True)
class Toy:
    """A campaign of one function."""

    name: str
    does: Callable[[int], Outcome]
    what: str = "a toy shows the frame"
    unit: str = "toys"
    obligations: Mapping[str, int] = field(default_factory=lambda: {"even": 3, "never": 1})
    manner: Manner = field(default_factory=lambda: Manner(count=4))

    def run_one(self, seed: int) -> Outcome:
        """Do it."""
        return self.does(seed)

    def trace(self, seed: int) -> Iterator[str]:
        """Say which seed it is."""
        yield f"the toy is at seed {seed}"


def fine(seed: int) -> Outcome:
    """Violate nothing."""
    return Outcome(seed, coverage={"even": 1 - seed % 2}, measures={"seed": seed}, units=10)


def violating(seed: int) -> Outcome:
    """Violate something at odd seeds."""
    return Outcome(seed, (f"I1 is broken\nat seed {seed}",) if seed % 2 else ())


def dying(seed: int) -> Outcome:
    """Die at seed 1, leave at seed 2, raise at seed 3."""
    if seed == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if seed == 2:
        os._exit(7)
    if seed == 3:
        raise ValueError("three")
    return fine(seed)


def hanging(seed: int) -> Outcome:
    """Never end at seed 1."""
    if seed == 1:
        threading.Event().wait()
    return fine(seed)


FINE = Toy("fine", fine)
VIOLATING = Toy("violating", violating)
DYING = Toy("dying", dying)
HANGING = Toy("hanging", hanging, manner=Manner(seed_limit_s=2.0, count=4))
