"""What a worker process does: take a seed, run it, say what came of it; it ends when the one that started it does."""

import contextlib
import faulthandler
import os
import resource
import signal
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from campaigns.frame import Campaign, Outcome
from campaigns.registry import load

LOOK_AT_PARENT_S = 5.0
FRAMES_SHOWN = 12


@dataclass(frozen=True)
class Run:
    """An outcome and what it cost, in seconds on the wall and of CPU (the run's own processes included)."""

    outcome: Outcome
    wall_s: float
    cpu_s: float


def serve(connection: Connection, target: str, stack: str, parent: int) -> None:
    """Run the seeds that come over the connection, until it ends."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Path(stack).open("w") as file:
        faulthandler.register(signal.SIGUSR1, file=file, chain=True)
        campaign = load(target)
        # Whoever asked may be gone: then nobody wants to know.
        with contextlib.suppress(BrokenPipeError):
            connection.send(None)
            while (seed := _next_seed(connection, parent)) is not None:
                connection.send(measured(campaign, seed))


def measured(campaign: Campaign, seed: int) -> Run:
    """Run one seed and measure it; what the campaign itself raises is a violation."""
    begun, cpu = time.monotonic(), cpu_s()
    try:
        outcome = campaign.run_one(seed)
    except Exception as error:  # noqa: BLE001 - a campaign that raises has found something, or is broken: both are told
        outcome = Outcome(seed, (_told(error),))
    plain = Outcome(seed, tuple(outcome.violations), dict(outcome.coverage), dict(outcome.measures), outcome.units)
    return Run(plain, time.monotonic() - begun, cpu_s() - cpu)


def cpu_s() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def _told(error: Exception) -> str:
    where = "".join(traceback.format_exception(error)[-FRAMES_SHOWN:])
    first = str(error).partition("\n")[0]
    return f"raised {type(error).__name__}: {first}\n{where}".rstrip()


def _next_seed(connection: Connection, parent: int) -> int | None:
    try:
        while not connection.poll(LOOK_AT_PARENT_S):
            if os.getppid() != parent:
                return None
        seed: int | None = connection.recv()
    except (EOFError, OSError):
        return None
    return seed
