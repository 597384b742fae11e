"""Children of a warm process: the simulator and the bot, each forked from here instead of started anew.

Nothing with threads or an event loop lives in the parent; a child runs the product's own entry.
"""

import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import select
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import holdfast
from campaigns.kills import ptrace
from holdfast.adapters.log import start_logging
from holdfast.bootstrap.simulate import serve_simulator
from holdfast.cli.main import main
from holdfast.simulator.calendar import all_sessions
from holdfast.simulator.prices import PriceSource
from holdfast.simulator.settings import SimulatorSettings

START_S = 30.0
# What the web server imports only when it starts.
_LATE = (
    "h11", "uvicorn.lifespan.off", "uvicorn.protocols.http.auto", "uvicorn.protocols.websockets.websockets_sansio_impl",
)  # fmt: skip
_FOREIGN = ("APCA_", "HOLDFAST_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def warm_up() -> None:
    """Import all that a child will need, once, and keep it out of the garbage collector's way."""
    for module in pkgutil.walk_packages(holdfast.__path__, "holdfast."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in _LATE:
        importlib.import_module(name)
    all_sessions()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    gc.collect()
    gc.freeze()


def fork(work: Callable[[], object], output: Path) -> int:
    """Run `work` in a child whose output goes to the end of `output`; return its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        _become_a_process(output)
        code = _exit_code(work)
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        # Not through the parent's frames: they are not this process's to leave.
        os._exit(code)


def _become_a_process(output: Path) -> None:
    ptrace.die_with_parent()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    for name in [name for name in os.environ if name.upper().startswith(_FOREIGN)]:
        del os.environ[name]
    os.environ.update(NO_COLOR="1", COLUMNS="200")
    os.chdir(output.parent)
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "wb", closefd=False), write_through=True)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "wb", closefd=False), write_through=True)


def _exit_code(work: Callable[[], object]) -> int:
    try:
        work()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # noqa: BLE001 - a child has nobody to raise to
        traceback.print_exc()
        return 1
    return 0


def start_simulator(settings: SimulatorSettings, prices: PriceSource, output: Path) -> tuple[int, str]:
    """Start a simulator in a child; return its process id and its address once it answers."""
    reading, writing = os.pipe()

    def serve() -> object:
        os.close(reading)
        start_logging()
        # Its one line of JSON goes to the parent.
        sys.stdout = io.TextIOWrapper(io.FileIO(writing, "wb"), write_through=True)
        return serve_simulator(settings, prices)

    pid = fork(serve, output)
    os.close(writing)
    try:
        ready, _, _ = select.select([reading], [], [], START_S)
        said = os.read(reading, 4096) if ready else b""
    finally:
        os.close(reading)
    if not said:
        raise OSError(f"the simulator did not start:\n{output.read_text(errors='replace')}")
    url: str = json.loads(said)["url"]
    return pid, url


def run_command(arguments: list[str], output: Path, before: Callable[[], None] | None = None) -> int:
    """Start `holdfast <arguments>` in a child, which does `before` first; return its process id."""

    def run() -> None:
        if before is not None:
            before()
        sys.argv = ["holdfast", *arguments]
        main()

    return fork(run, output)
