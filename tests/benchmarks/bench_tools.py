"""What all benchmarks share: figures, tables, processes that end by their own id, and the bare client."""

import json
import os
import platform
import resource
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any, Self
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table as RichTable

HOLDFAST = (sys.executable, "-m", "holdfast")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
STOP_S = 20.0
OPENED = datetime(2024, 3, 5, 14, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SEED = 7
_FOREIGN = ("APCA_", "HOLDFAST_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Table:
    """One benchmark's outcome; the first column is text, the others are figures."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    notes: tuple[str, ...] = ()


def show(table: Table, console: Console) -> None:
    """Print a table: drawn on a terminal, aligned plain text elsewhere."""
    if not console.is_terminal:
        sys.stdout.write("\n" + "\n".join(_plain(table)) + "\n")
        sys.stdout.flush()
        return
    drawn = RichTable(title=table.title, title_justify="left", caption="\n".join(table.notes), caption_justify="left")
    for index, name in enumerate(table.columns):
        drawn.add_column(name, justify="right" if index else "left", no_wrap=True)
    for row in table.rows:
        drawn.add_row(*row)
    console.print(drawn)


def _plain(table: Table) -> Iterator[str]:
    rows = (table.columns, *table.rows)
    widths = [max(len(row[index]) for row in rows) for index in range(len(table.columns))]
    yield table.title
    for row in rows:
        cells = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        yield "  ".join((row[0].ljust(widths[0]), *cells)).rstrip()
    yield from table.notes


def median(samples: Sequence[float]) -> float:
    """Return the middle of the samples."""
    return statistics.median(samples)


def p99(samples: Sequence[float]) -> float:
    """Return the value that one sample in a hundred exceeds; the largest of fewer than a hundred."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, round(0.99 * len(ordered)))]


def micros(seconds: float) -> str:
    """Write seconds as whole microseconds."""
    return f"{seconds * 1e6:,.0f}"


def machine(folder: Path) -> str:
    """Describe the machine in one line, without naming it; `folder` says which disk is meant."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    system = f"{platform.system()} {platform.machine()}, {cores} cores"
    return f"{system}, load {load}, disk {_file_system(folder)}, {python}, alpaca-py {version('alpaca-py')}"


def _file_system(folder: Path) -> str:
    """Return the kind of file system; an fsync on tmpfs costs nothing and measures nothing."""
    try:
        lines = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return "unknown"
    over = [(len(where), kind) for _, where, kind, *_ in lines if folder.resolve().is_relative_to(where)]
    return max(over)[1] if over else "unknown"


def symbols(count: int) -> list[str]:
    """Return that many made-up symbols; none of them is a YAML word."""
    return [f"Q{a}{b}{c}" for a in LETTERS[:3] for b in LETTERS for c in LETTERS][:count]


def write_config(folder: Path, names: Sequence[str], strategy: str, url: str | None) -> Path:
    """Write a config.yaml of one share each; with `url` the bot joins the simulator there."""
    sim = f"sim: {{url: '{url}'}}\n" if url else "sim: {cash: 10000000}\n"
    entries = "".join(f"  - {{symbol: {name}, qty: 1}}\n" for name in names)
    path = folder / "config.yaml"
    path.write_text(f"broker: sim\n{sim}defaults: {{strategy: {strategy}}}\nsymbols:\n{entries}")
    return path


def write_bars(folder: Path, names: Sequence[str], minutes: int) -> Path:
    """Write one random walk per symbol from `OPENED` on, the same on every machine."""
    folder.mkdir()
    for name in names:
        random, price = Random(f"{SEED}{name}"), 10_000  # noqa: S311 - made-up prices, not a secret
        lines = ["time,open,high,low,close,volume"]
        for minute in range(minutes):
            first, price = price, max(100, price + random.randint(-20, 20))
            at = OPENED + MINUTE * minute
            low, high = min(first, price) / 100, max(first, price) / 100
            lines.append(f"{at:%Y-%m-%dT%H:%M:%SZ},{first / 100},{high},{low},{price / 100},1000")
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return folder


def environment() -> dict[str, str]:
    """Return this process's environment without what could change a run."""
    kept = {key: value for key, value in os.environ.items() if not key.upper().startswith(_FOREIGN)}
    return {**kept, "NO_COLOR": "1", "COLUMNS": "200"}


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has run to its end: seconds on the wall and of CPU, and what it printed."""

    wall_s: float
    cpu_s: float
    stdout: str
    stderr: str


def run_to_end(command: Sequence[str], folder: Path) -> Ended:
    """Run a command; nothing else may be waited for meanwhile, since its CPU time is that of all children."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    wall, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise RuntimeError(f"{command[1:4]} ended with {done.returncode}: {done.stderr[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Ended(wall, cpu, done.stdout, done.stderr)


class Running:
    """One process of ours whose lines are read as they come; ended by its own process id."""

    def __init__(self, command: Sequence[str], folder: Path, *, watch: str) -> None:
        self.begun = time.monotonic()
        self._log = (folder / f"{watch}.log").open("w+")
        pipes = {"stdout": self._log, "stderr": self._log, watch: subprocess.PIPE}
        self._process = subprocess.Popen(command, cwd=folder, env=environment(), text=True, bufsize=1, **pipes)
        self._lines = iter(getattr(self._process, watch))

    def line(self, text: str) -> tuple[float, str]:
        """Wait for a line that holds `text`; return the seconds since the process was started, and the line."""
        seen = []
        for line in self._lines:
            if text in line:
                return time.monotonic() - self.begun, line
            seen.append(line)
        raise RuntimeError(f"the process ended without saying {text!r}: {''.join(seen[-20:])}")

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def stop(self) -> None:
        """Ask it to end; a process that does not is killed."""
        self._process.send_signal(signal.SIGTERM)
        for _ in self._lines:
            pass
        try:
            self._process.wait(STOP_S)
        finally:
            self._process.kill()
            self._process.wait()
            self._log.close()


class Simulator(Running):
    """`holdfast simulate` as a process of its own, and a bare client of it."""

    def __init__(self, folder: Path, *flags: str) -> None:
        command = (*HOLDFAST, "simulate", "--data-dir", str(folder / "sim"), "--speed", "max", *flags)
        super().__init__(command, folder, watch="stdout")
        _seconds, line = self.line("url")
        self.url: str = json.loads(line)["url"]

    def ask(self, method: str, path: str, payload: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Send one request over a socket of its own: the server closes those that are silent for seconds."""
        with BareClient(self.url) as client:
            return client.ask(method, path, payload)

    def requests(self) -> dict[str, int]:
        """Return how many requests came in so far, by method and path."""
        counted: dict[str, int] = self.ask("GET", "/_sim/status")["requests"]
        return counted

    def hold(self) -> None:
        """Stop the market's time."""
        self.ask("POST", "/_sim/clock", {"hold": True})

    def open_market(self) -> datetime:
        """Let the market run into its session; return its time, at which it waits for a client in lockstep."""
        where = self.ask("GET", "/_sim/clock?wait=0")
        while where["session"] != "open":
            self.ask("POST", "/_sim/clock", {"through": where["time"]})
            where = self.ask("GET", f"/_sim/clock?wait=5&after={where['time']}")
        return datetime.fromisoformat(where["time"]).astimezone(UTC)


@contextmanager
def simulator(folder: Path, *flags: str) -> Iterator[Simulator]:
    """Run a simulator for the length of a block."""
    started = Simulator(folder, *flags)
    try:
        yield started
    finally:
        started.stop()


class BareClient:
    """HTTP/1.1 over one kept socket with nothing between: the floor that a client is measured against."""

    def __init__(self, url: str) -> None:
        host, port = urlsplit(url).hostname, urlsplit(url).port
        self._host = f"{host}:{port}"
        self._socket = socket.create_connection((host, port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def message(self, method: str, path: str, payload: Mapping[str, Any] | None = None) -> bytes:
        """Write one request."""
        body = b"" if payload is None else json.dumps(payload).encode()
        keys = "APCA-API-KEY-ID: bench\r\nAPCA-API-SECRET-KEY: bench\r\nContent-Type: application/json\r\n"
        return (
            f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\n{keys}Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )

    def exchange(self, message: bytes) -> bytes:
        """Send a request and return the body of its answer, which must be a success."""
        self._socket.sendall(message)
        received = bytearray()
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._receive()
        head = bytes(received[:end]).lower()
        wanted = end + 4 + int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        while len(received) < wanted:
            received += self._receive()
        body = bytes(received[end + 4 : wanted])
        if not head.startswith(b"http/1.1 2"):
            raise RuntimeError(f"the simulator answered {head[:40]!r}: {body[:200]!r}")
        return body

    def ask(self, method: str, path: str, payload: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Send one request and return the JSON of its answer."""
        return json.loads(self.exchange(self.message(method, path, payload)))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _receive(self) -> bytes:
        piece = self._socket.recv(65536)
        if not piece:
            raise RuntimeError("the simulator closed the connection")
        return piece

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
