"""`Pool`: worker processes that run seeds; one that dies or hangs costs its seed, and the others go on."""

import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Self

from campaigns.frame import Manner, Outcome
from campaigns.serving import Run, serve

START_LIMIT_S = 120.0
STACK_S, STOP_S = 10.0, 2.0


class WorkerStartError(RuntimeError):
    """A worker process ended or hung before it could take a seed: nothing can be run, a person must look."""


@dataclass
class Worker:
    """One process, the seed that it is at (none: it is starting), and since when."""

    process: BaseProcess
    connection: Connection
    stack: Path
    seed: int | None
    since: float

    def give(self, seed: int) -> None:
        """Tell it what to run next; one that has just died is found out by the next reading."""
        self.seed, self.since = seed, time.monotonic()
        with suppress(OSError):
            self.connection.send(seed)

    def said(self) -> Run | None:
        """Return what it says: that it is ready (None), or a run; raises EOFError when it is dead."""
        try:
            said: Run | None = self.connection.recv()
        except OSError as error:
            raise EOFError from error
        return said

    def death(self) -> str:
        """Return how the process ended."""
        self.process.join(STOP_S)
        code = self.process.exitcode
        how = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
        return f"the worker process died: {how}"

    def hang(self, limit_s: float) -> str:
        """Return where the process hangs, and kill it: it writes its stack whole, and ends by the same signal."""
        with suppress(ProcessLookupError):
            os.kill(self.process.pid or 0, signal.SIGUSR1)
        self.process.join(STACK_S)
        self.kill()
        return f"no end after {limit_s:g} s\n{self.stack.read_text()}".rstrip()

    def kill(self) -> None:
        """Kill the process and all that it has started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid or 0, signal.SIGKILL)
        self.process.kill()
        self.process.join()
        self.connection.close()


class Pool:
    """Runs seeds over worker processes; used as a context manager."""

    def __init__(self, target: str, manner: Manner, workers: int) -> None:
        self._target, self._manner, self._count = target, manner, workers
        self._context = multiprocessing.get_context(manner.start_method)
        self._workers: list[Worker] = []
        self._folder = tempfile.TemporaryDirectory(prefix="holdfast-campaign-")
        self._started = 0

    def run(self, seeds: Iterable[int]) -> Iterator[Run]:
        """Yield the run of each seed as it ends, in no order."""
        left = iter(seeds)
        waiting: list[int] = []
        while len(self._workers) < self._count and (seed := next(left, None)) is not None:
            waiting.append(seed)
            self._workers.append(self._start())
        while self._workers:
            for worker in self._heard_from():
                run = self._result(worker)
                if run is not None:
                    yield run
                seed = waiting.pop() if waiting else next(left, None)
                self._go_on(worker, seed, waiting)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for worker in self._workers:
            worker.kill()
        self._folder.cleanup()

    def _start(self) -> Worker:
        self._started += 1
        stack = Path(self._folder.name, str(self._started))
        stack.touch()
        ours, theirs = self._context.Pipe()
        arguments = (theirs, self._target, str(stack), os.getpid())
        process = self._context.Process(target=serve, args=arguments, name=f"campaign-{self._started}")  # type: ignore[attr-defined]
        process.start()
        theirs.close()
        return Worker(process, ours, stack, None, time.monotonic())

    def _limit_s(self, worker: Worker) -> float:
        return START_LIMIT_S if worker.seed is None else self._manner.seed_limit_s

    def _heard_from(self) -> list[Worker]:
        """Wait for the next workers that have said something, or died, or taken too long."""
        now = time.monotonic()
        next_limit = min(worker.since + self._limit_s(worker) for worker in self._workers)
        ready = wait([worker.connection for worker in self._workers], max(0.0, next_limit - now))
        now = time.monotonic()
        return [
            worker for worker in self._workers
            if worker.connection in ready or now >= worker.since + self._limit_s(worker)
        ]  # fmt: skip

    def _result(self, worker: Worker) -> Run | None:
        """Return what became of the worker's seed; None when it has only started."""
        seed, limit_s = worker.seed, self._limit_s(worker)
        try:
            if worker.connection.poll():
                return worker.said()
            trouble = worker.hang(limit_s)
        except EOFError:
            trouble = worker.death()
            worker.kill()
        if seed is None:
            raise WorkerStartError(trouble)
        wall_s = time.monotonic() - worker.since
        return Run(Outcome(seed, (trouble,)), wall_s, 0.0)

    def _go_on(self, worker: Worker, seed: int | None, waiting: list[int]) -> None:
        """Give a worker its next seed, or put a new one in the place of a dead one; with no seed left it ends."""
        is_dead = worker.connection.closed
        if seed is not None and not is_dead:
            worker.give(seed)
            return
        self._workers.remove(worker)
        if not is_dead:
            worker.kill()
        elif seed is not None:
            waiting.append(seed)
            self._workers.append(self._start())
