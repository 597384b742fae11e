"""Children of a warm process, forked instead of started anew; the bot's runs the product's own entry."""

import contextlib
import io
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from campaigns.kills import ptrace
from holdfast.cli.main import main

_FOREIGN = ("APCA_", "HOLDFAST_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


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


def run_command(arguments: list[str], output: Path, before: Callable[[], None] | None = None) -> int:
    """Start `holdfast <arguments>` in a child, which does `before` first; return its process id."""

    def run() -> None:
        if before is not None:
            before()
        sys.argv = ["holdfast", *arguments]
        main()

    return fork(run, output)
