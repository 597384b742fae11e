"""A warm process, from which the bot and the simulator are forked: imported, rehearsed, and without a thread."""

import contextlib
import gc
import importlib
import io
import os
import pkgutil
import signal
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import typer.main
import yaml
from loguru import logger

import holdfast
from e2e.harness import LEVEL, level, write_bars
from holdfast.cli.main import main
from holdfast.simulator.calendar import all_sessions

_CLOSES = (99, 101, 101, 99, 99)
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def warm_up() -> None:
    """Do once what every child would do again, and keep it out of the garbage collector's way.

    A child's own life is slower than the product's first one only where nothing is remembered from a rehearsal.
    """
    # Numpy's pool would be threads in a process that forks.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    for module in pkgutil.walk_packages(holdfast.__path__, "holdfast."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    all_sessions()
    # The tree of commands and the interpreter's folders are the same in every child, and cost a fifth of a short life.
    typer.main.get_command = cache(typer.main.get_command)
    sysconfig.get_path = cache(sysconfig.get_path)
    _rehearse()
    if threading.active_count() > 1:
        raise AssertionError(f"the rehearsal left threads behind: {threading.enumerate()}")
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    gc.collect()
    gc.freeze()


def _rehearse() -> None:
    """Live a whole life of a bot here, the simulator inside: what either imports or compiles late is there then."""
    with tempfile.TemporaryDirectory() as name, _as_it_was():
        folder = Path(name)
        # A strategy is known by its content: the children must load their own.
        (folder / "level.py").write_text(f"{LEVEL}\n# A rehearsal.\n")
        write_bars(folder / "bars", "AAA", _CLOSES)
        content = {"broker": "sim", "sim": {"bars": str(folder / "bars")}, "symbols": [level("AAA")]}
        (folder / "config.yaml").write_text(yaml.dump(content))
        sys.argv = ["holdfast", "run", "--config", str(folder / "config.yaml"), "--state-dir", str(folder / "state")]
        said, code = io.StringIO(), 0
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                main()
            except SystemExit as error:
                code = error.code if isinstance(error.code, int) else int(error.code is not None)
        if code:
            raise AssertionError(f"the rehearsal ended with {code}:\n{said.getvalue()}")


@contextlib.contextmanager
def _as_it_was() -> Iterator[None]:
    """Put back what a command changes in its process."""
    arguments, handlers = sys.argv, {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield
    finally:
        sys.argv = arguments
        logger.remove()
        for number, handler in handlers.items():
            signal.signal(number, handler)
