"""Runs one traced process to its end, or to the call at which it is killed or refused.

Each stop is told in words (``send POST /v2/orders``, ``fsync .AAA.json.tmp``), so that a point can be found again.
"""

import contextlib
import errno
import os
import platform
import signal
import struct
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from campaigns.kills import ptrace
from campaigns.kills.calls import ON_DISK, Call, Kind, Machine, machine

_AF_INET, _AF_INET6 = 2, 10
_LOOK_S = 0.2
_TEXT_BYTES = 256
_HTTP = (b"GET /", b"POST /", b"DELETE /", b"PATCH /")
_LOG = "/holdfast.log"
_UNSEEN = ("/dev/null", "/dev/pts/", "/dev/tty", "/dev/urandom", "pipe:", "anon_inode:")
ENOUGH = 10_000
# A thread that was let go may not have made its call when a kill comes so few calls later.
_AT_ONCE = 4
POST = "POST /v2/orders"


class StillRunningError(Exception):
    """The process was not done within its time; it has been killed."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One call of the table that a traced process was about to make: the `number`-th."""

    number: int
    kind: Kind
    what: str

    @property
    def label(self) -> str:
        """The call in words, without its number."""
        return f"{self.kind} {self.what}"

    def __str__(self) -> str:
        return f"call {self.number}, {self.label}"


@dataclass(frozen=True, slots=True)
class Orders:
    """What shall happen to a traced process: killed before call `kill_at`, or the `nth` called `kill_on`.

    `fail` are the numbers of the calls on disk of the kinds `only` (counted alone) that answer `error`. The process
    gets SIGTERM when it is about to make the first call that is called `signal_at`. With `after` the kill comes so
    many calls after the one that is called `kill_on`.
    """

    kill_at: int = ENOUGH
    kill_on: str = ""
    nth: int = 1
    after: int = 0
    fail: range = range(0)
    error: int = 0
    only: frozenset[Kind] = ON_DISK
    signal_at: str = ""


@dataclass(slots=True)
class Traced:
    """What became of it. `killed` is the call that it never made; `code` its exit code otherwise.

    `half_sent` counts the orders of which the broker may have got the head alone.
    """

    stops: list[Stop] = field(default_factory=list)
    killed: Stop | None = None
    failed: list[Stop] = field(default_factory=list)
    code: int | None = None
    half_sent: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """How many calls of the table it was about to make."""
        return len(self.stops)


def trace(start: Callable[[Callable[[], None]], int], orders: Orders, limit_s: float) -> Traced:
    """Trace a new process to its end: `start` forks it and returns its id; the child calls what it is given, first.

    Raises:
        StillRunningError: it did not end within its time.
    """
    found = machine()
    if found is None:
        raise OSError(errno.ENOSYS, "the table of system calls does not know this processor")
    reading, writing = os.pipe()

    def begin() -> None:
        os.read(reading, 1)
        ptrace.stop_at_calls(found)

    pid = start(begin)
    try:
        return Tracer(pid, found, orders, limit_s).run(partial(os.write, writing, b"!"))
    except OSError:
        os.kill(pid, signal.SIGKILL)
        end(pid)
        raise
    finally:
        os.close(reading)
        os.close(writing)


class Tracer:
    """Follows one process and its threads."""

    def __init__(self, pid: int, machine: Machine, orders: Orders, limit_s: float) -> None:
        self._calls, self._may_refuse = machine.calls, machine.may_refuse
        self._pid, self._orders, self._deadline = pid, orders, time.monotonic() + limit_s
        self._sockets: dict[str, str] = {}
        # Where an order was sent, with the number of the call that reads its answer: only then all of it has left.
        self._orders_sent: dict[str, int] = {}
        self._on_disk, self._named_so = 0, 0
        self._kill_at, self._signal_at = orders.kill_at, orders.signal_at
        self._traced = Traced()

    def run(self, begin: Callable[[], object]) -> Traced:
        """Take hold of it, let it `begin`, and follow it to its end.

        Raises:
            StillRunningError: it did not end within its time.
        """
        ptrace.seize(self._pid)
        begin()
        while (event := wait_for(self._deadline)) is not None:
            thread, status = event
            if os.WIFSTOPPED(status):
                self._stopped(thread, status)
            elif thread == self._pid:
                self._traced.code = None if self._traced.killed else os.waitstatus_to_exitcode(status)
                return self._traced
        os.kill(self._pid, signal.SIGKILL)
        end(self._pid)
        raise StillRunningError

    def _stopped(self, thread: int, status: int) -> None:
        event, number = status >> 16, os.WSTOPSIG(status)
        # A thread that dies at this very moment cannot be told anything any more: its end is the next event.
        with contextlib.suppress(ProcessLookupError):
            if event == ptrace.EVENT_SECCOMP:
                self._at_call(thread)
            ptrace.go_on(thread, 0 if event else number)

    def _at_call(self, thread: int) -> None:
        entry = ptrace.entry(thread)
        call = self._calls[entry.number]
        what = self._named(thread, call, entry.arguments)
        if what is None or self._traced.killed is not None:
            return
        stop = Stop(self._traced.count + 1, call.kind, what)
        self._traced.stops.append(stop)
        self._traced.by_kind[call.kind] += 1
        if self._is_last(stop):
            self._traced.killed = stop
            self._traced.half_sent = sum(1 for sent in self._orders_sent.values() if sent > stop.number - _AT_ONCE)
            os.kill(self._pid, signal.SIGKILL)
        elif stop.label == self._signal_at:
            self._signal_at = ""
            os.kill(self._pid, signal.SIGTERM)
        elif call.kind in self._orders.only:
            self._on_disk += 1
            if self._may_refuse and self._on_disk in self._orders.fail:
                self._traced.failed.append(stop)
                ptrace.answer_instead(thread, self._orders.error)

    def _is_last(self, stop: Stop) -> bool:
        orders = self._orders
        if stop.label == orders.kill_on:
            self._named_so += 1
            if self._named_so == orders.nth:
                self._kill_at = stop.number + orders.after
        return stop.number == self._kill_at

    def _named(self, thread: int, call: Call, arguments: tuple[int, ...]) -> str | None:
        """Return what the call acts on; None for what leaves the world outside as it is."""
        if call.path is not None:
            return _short(_text(thread, arguments[call.path], _TEXT_BYTES).split(b"\0")[0].decode(errors="replace"))
        link = _link(thread, arguments[call.descriptor or 0])
        if link.startswith("socket:"):
            return self._on_socket(thread, call, arguments, link)
        return None if link.endswith(_LOG) or link.startswith(_UNSEEN) else _short(link)

    def _on_socket(self, thread: int, call: Call, arguments: tuple[int, ...], link: str) -> str | None:
        if call.kind is Kind.CONNECT:
            family = struct.unpack("=H", _text(thread, arguments[1], 2).ljust(2, b"\0"))[0]
            if family not in (_AF_INET, _AF_INET6):
                return None
            self._sockets[link] = "stream"
            return "the broker"
        if link not in self._sockets:
            return None
        if call.data is not None and (data := _text(thread, arguments[call.data], 80)).startswith(_HTTP):
            self._sockets[link] = _request_of(data)
            if self._sockets[link] == POST:
                self._orders_sent[link] = ENOUGH
        elif call.kind is Kind.RECEIVE and self._orders_sent.get(link) == ENOUGH:
            self._orders_sent[link] = self._traced.count + 1
        return self._sockets[link]


def trouble() -> str | None:
    """Return why nothing can be traced here, or None."""
    if machine() is None:
        return f"the table of system calls does not know {platform.machine()}"
    reading, writing = os.pipe()
    pid = os.posix_spawn("/bin/cat", ["cat"], {}, file_actions=[(os.POSIX_SPAWN_DUP2, reading, 0)])
    try:
        ptrace.seize(pid)
    except OSError as error:
        return f"this machine does not let us trace a process of our own: {error.strerror}"
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, ptrace.WALL)
        os.close(reading)
        os.close(writing)
    return None


def wait_for(deadline: float) -> tuple[int, int] | None:
    """Return the next child that stopped or ended, and its status; None when the time is over.

    SIGCHLD must be blocked: it is waited for here.
    """
    while True:
        thread, status = os.waitpid(-1, os.WNOHANG | ptrace.WALL)
        if thread:
            return thread, status
        left = deadline - time.monotonic()
        if left <= 0:
            return None
        signal.sigtimedwait([signal.SIGCHLD], min(left, _LOOK_S))


def end(pid: int) -> None:
    """Wait for a process that has got SIGKILL, its traced threads first."""
    while True:
        thread, status = os.waitpid(-1, ptrace.WALL)
        if thread == pid and not os.WIFSTOPPED(status):
            return


def _link(thread: int, descriptor: int) -> str:
    try:
        return os.readlink(f"/proc/{thread}/fd/{descriptor}")  # noqa: PTH115 - at every stop, and a Path is slow
    except OSError:
        return "anon_inode:gone"


def _text(thread: int, address: int, length: int) -> bytes:
    """Return up to `length` bytes of the process's memory: fewer where a page ends."""
    try:
        memory = os.open(f"/proc/{thread}/mem", os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.pread(memory, length, address)
    except (OSError, OverflowError):
        return b""
    finally:
        os.close(memory)


def _short(path: str) -> str:
    """Return the file's name, with the folder's before it where that says more."""
    folder, _, name = path.rpartition("/")
    return f"{folder.rpartition('/')[2]}/{name}"


def _request_of(data: bytes) -> str:
    """Return ``POST /v2/orders`` for the first line of a request; ids and queries are left out."""
    method, path = data.decode(errors="replace").split(" ")[:2]
    parts = path.partition("?")[0].split("/")
    return f"{method} {'/'.join(part if len(part) < 30 else '*' for part in parts)}"
