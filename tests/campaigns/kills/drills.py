"""The tracer's exercises: one save of one file in a traced child, killed or refused where it is told."""

import errno
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from campaigns.kills import forks
from campaigns.kills.calls import Kind
from campaigns.kills.tracer import ENOUGH, Orders, Traced, trace

OLD, NEW = b"old", b"new"
DRILL_S = 20.0


@dataclass(frozen=True, slots=True)
class Drill:
    """What became of the child, and what the file holds."""

    traced: Traced
    content: bytes


CALLS_OF_A_SAVE = 5
EXERCISES: Mapping[str, Orders] = {
    **{f"killed before call {number}": Orders(kill_at=number) for number in range(1, CALLS_OF_A_SAVE + 1)},
    "untouched": Orders(),
    "aimed": Orders(kill_on="open drill/.file.tmp", after=2),
    "in a thread": Orders(kill_at=ENOUGH),
    "killed in a thread": Orders(kill_at=4),
    "refused": Orders(fail=range(1, 2), error=errno.EIO, only=frozenset({Kind.FSYNC})),
}


def drills() -> dict[str, Drill]:
    """Do every exercise; to be called in a process of its own, since it forks."""
    return {name: drill(orders, in_a_thread="thread" in name) for name, orders in EXERCISES.items()}


def drill(orders: Orders, *, in_a_thread: bool = False) -> Drill:
    """Let a child save a file under these orders."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "drill", "file")
        path.parent.mkdir()
        path.write_bytes(OLD)

        def start(begin: Callable[[], None]) -> int:
            def work() -> None:
                begin()
                if in_a_thread:
                    thread = threading.Thread(target=_save, args=(path,))
                    thread.start()
                    thread.join()
                else:
                    _save(path)

            return forks.fork(work, Path(name, "output"))

        return Drill(trace(start, orders, DRILL_S), path.read_bytes())


def _save(path: Path) -> None:
    """Replace a file whole, in five calls."""
    temporary = path.with_name(f".{path.name}.tmp")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT)
    os.write(file, NEW)
    os.fsync(file)
    os.rename(temporary, path)  # noqa: PTH104 - one call, and no more
    os.fsync(os.open(path.parent, os.O_RDONLY))
