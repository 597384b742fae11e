"""One point's world: a folder in memory, a simulator, and a bot that lives, dies and lives again in it."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import yaml

from campaigns.kills import forks
from campaigns.kills.host import the_host
from campaigns.kills.tracer import Orders, StillRunningError, Traced, end, trace, wait_for
from e2e.harness import LEVEL, level

# Generous: a machine that does much else at the same time must not look like a bot that hangs.
LIFE_S, ANSWER_S = 120.0, 60.0
OWNER = {"APCA-API-KEY-ID": "owner-key", "APCA-API-SECRET-KEY": "owner-secret"}


class World:
    """Folder, simulator and bot of one point; use it as a context manager, so that nothing outlives it."""

    def __init__(self, folder: Path, bars: Path, template: Path | None) -> None:
        self.folder = folder
        self.state = folder / "state"
        if template is None:
            folder.mkdir(parents=True)
        else:
            shutil.copytree(template, folder)
        self._bars = bars
        self._running: int | None = None
        self._port = 0
        self.codes: list[int | None] = []
        self.orders_before = 0

    def __enter__(self) -> Self:
        """Start the simulator."""
        self.output.unlink(missing_ok=True)
        url = the_host().start(self.folder / "sim", self._bars, self.folder.parent / "simulators.out")
        self._port = int(url.rpartition(":")[2])
        return self

    def __exit__(self, *_error: object) -> None:
        self.leave()
        shutil.rmtree(self.folder, ignore_errors=True)

    def leave(self) -> None:
        """Kill the bot if it runs, and stop the simulator; the folder stays."""
        if self._running is not None:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(self._running, signal.SIGKILL)
                end(self._running)
        self._running = None
        the_host().stop()

    @property
    def output(self) -> Path:
        """What the bot said in all its lives."""
        return self.folder / "bot.out"

    def said(self) -> str:
        """Return what the bot said in all its lives."""
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    # The bot

    def configure(self, quantities: Mapping[str, int]) -> None:
        """Write config.yaml and its strategy: each symbol is long while its close stands at 100 or above."""
        (self.folder / "level.py").write_text(LEVEL)
        symbols = [level(symbol, quantity) for symbol, quantity in quantities.items()]
        content = {"broker": "sim", "sim": {"url": f"http://127.0.0.1:{self._port}"}, "symbols": symbols}
        (self.folder / "config.yaml").write_text(yaml.dump(content, Dumper=yaml.CSafeDumper, sort_keys=False))

    def live(self, *, before: Callable[[], None] | None = None) -> int:
        """Let the bot live to its end, untraced; return its exit code.

        Raises:
            StillRunningError: it did not end.
        """
        pid = self._running = forks.run_command(self._command, self.output, before=before)
        deadline = time.monotonic() + LIFE_S
        while (event := wait_for(deadline)) is not None:
            if event[0] == pid:
                self._running = None
                self.codes.append(code := os.waitstatus_to_exitcode(event[1]))
                return code
        raise StillRunningError

    def live_traced(self, orders: Orders, *, before: Callable[[], None] | None = None) -> Traced:
        """Let the bot live until the orders kill it, or to its end.

        Raises:
            StillRunningError: it did not end.
        """

        def start(begin: Callable[[], None]) -> int:
            def prepare() -> None:
                begin()
                if before is not None:
                    before()

            return forks.run_command(self._command, self.output, before=prepare)

        traced = trace(start, orders, LIFE_S)
        self.codes.append(traced.code)
        return traced

    @property
    def _command(self) -> list[str]:
        return ["run", "--config", str(self.folder / "config.yaml"), "--state-dir", str(self.state)]

    # The owner's hand

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Send one request to the simulator as the account's owner; return the answer's JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_S)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {**OWNER, "Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise OSError(f"{method} {path}: {answer.status} {text.decode(errors='replace')}")
        return json.loads(text) if text else None

    def orders(self) -> list[dict[str, Any]]:
        """Return every order of the account, oldest first; a point has only a few."""
        found: list[dict[str, Any]] = self.ask("GET", "/v2/orders?status=all&limit=500&direction=asc")
        return found

    def faults(self, bodies: Sequence[Mapping[str, Any]]) -> None:
        """Order faults."""
        for body in bodies:
            self.ask("POST", "/_sim/faults", body)

    def files(self) -> dict[str, bytes]:
        """Return the symbols' files by name."""
        return {path.stem: path.read_bytes() for path in sorted(self.state.glob("*.json"))}

    def staged(self) -> dict[str, bytes]:
        """Return the versions that were being written, by symbol."""
        found = self.state.glob(".*.json.tmp")
        return {path.name.removeprefix(".").removesuffix(".json.tmp"): path.read_bytes() for path in found}
