"""Real processes for the end-to-end tests: a simulator of its own, a bot that may be killed, and the owner's hand.

Everything here speaks to the product from outside: command line, files, HTTP. It knows no class of Holdfast.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import requests
import yaml

HOLDFAST = (sys.executable, "-m", "holdfast")
SESSION_OPEN = datetime(2024, 3, 5, 14, 30, tzinfo=UTC)
START_S = 60.0
STOP_S = 30.0
PAGE = 500
POLL_S = 0.01
_FOREIGN = ("APCA_", "HOLDFAST_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
Found = TypeVar("Found")


def until(look: Callable[[], Found], what: str, limit_s: float = START_S, *, every_s: float = POLL_S) -> Found:
    """Look every `every_s` seconds until there is something to see; return it, or fail after `limit_s` seconds."""
    deadline = time.monotonic() + limit_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit_s:.0f} s in vain for {what}")
        time.sleep(every_s)
    return found


class Process:
    """One process of the product, its output in files, stopped by its own process id."""

    def __init__(self, command: Sequence[str], folder: Path, name: str, env: Mapping[str, str]) -> None:
        self._out, self._err = folder / f"{name}.out", folder / f"{name}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._popen = subprocess.Popen(command, stdout=out, stderr=err, cwd=folder, env=env)

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def is_running(self) -> bool:
        return self._popen.poll() is None

    @property
    def stdout(self) -> str:
        return self._out.read_text()

    @property
    def stderr(self) -> str:
        return self._err.read_text()

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    def says(self, text: str, limit_s: float = START_S) -> str:
        """Wait until the output holds `text`; return the line it stands in."""
        until(lambda: text in self.output or not self.is_running, f"{text!r} in:\n{self.output}", limit_s)
        lines = [line for line in self.output.splitlines() if text in line]
        assert lines, f"the process ended with {self._popen.poll()} and never said {text!r}:\n{self.output}"
        return lines[0]

    def signal(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    def freeze(self) -> None:
        """SIGSTOP, and wait until the last of its threads stands still; it holds what it holds."""
        self.signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED)

    def ends(self, limit_s: float = STOP_S) -> int:
        """Wait for the end of the process; return its exit code."""
        try:
            return self._popen.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {limit_s:.0f} s:\n{self.output}") from None

    def stop(self) -> int:
        """Ask it to stop and return its exit code."""
        self.signal(signal.SIGTERM)
        return self.ends()

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._popen.kill()
        self._popen.wait(STOP_S)


class Simulator(Process):
    """`holdfast simulate` as a process of its own, and plain HTTP to it as the account's owner."""

    def __init__(self, folder: Path, name: str, env: Mapping[str, str], flags: Sequence[str]) -> None:
        super().__init__((*HOLDFAST, "simulate", "--data-dir", str(folder / name), *flags), folder, name, env)
        line = until(lambda: self.stdout.strip() or not self.is_running, "the simulator's address")
        assert isinstance(line, str), f"the simulator did not start:\n{self.output}"
        self.url: str = json.loads(line)["url"]
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.headers.update({"APCA-API-KEY-ID": "owner-key", "APCA-API-SECRET-KEY": "owner-secret"})

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Send one request; return the answer's JSON, which must be a success."""
        answer = self._http.request(method, self.url + path, json=body, timeout=10)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.ask("GET", "/_sim/status")
        return answer

    def writes(self) -> dict[str, int]:
        """Return how often each request was made that may change something."""
        return {name: count for name, count in self.status()["requests"].items() if not name.startswith("GET ")}

    def positions(self) -> dict[str, Decimal]:
        return {row["symbol"]: Decimal(row["qty"]) for row in self.ask("GET", "/v2/positions")}

    def orders(self, symbol: str = "", status: str = "all") -> list[dict[str, Any]]:
        """Return the orders, oldest first, all pages of them."""
        query = f"/v2/orders?status={status}&limit={PAGE}&direction=asc&symbols={symbol}"
        found: list[dict[str, Any]] = []
        page: list[dict[str, Any]] = self.ask("GET", query)
        while page:
            found += page
            page = self.ask("GET", f"{query}&after_order_id={page[-1]['id']}") if len(page) == PAGE else []
        return found

    def trade(self, symbol: str, side: str, quantity: Decimal | int) -> dict[str, Any]:
        """Send a market order by the owner's hand."""
        tif = "gtc" if "/" in symbol else "day"
        body = {"symbol": symbol, "side": side, "qty": str(quantity), "type": "market", "time_in_force": tif}
        order: dict[str, Any] = self.ask("POST", "/v2/orders", body)
        return order

    def hold(self, *, is_held: bool = True) -> None:
        """Stop the market's time, or let it go on."""
        self.ask("POST", "/_sim/clock", {"hold": is_held})

    def fault(self, kind: str, **more: object) -> None:
        self.ask("POST", "/_sim/faults", {"kind": kind, **more})

    def clear_faults(self) -> None:
        self.ask("DELETE", "/_sim/faults")

    def now(self) -> datetime:
        return datetime.fromisoformat(self.status()["time"])

    def passes(self, minutes: int, limit_s: float = START_S) -> None:
        """Wait until `minutes` of market time have passed, or until nothing follows."""
        goal = self.now() + timedelta(minutes=minutes)
        until(lambda: self.now() >= goal or self.status()["finished"], f"{minutes} market minutes", limit_s)


class World:
    """One test's folder: config.yaml, the state folder, the processes. `close` ends what still runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.yaml"
        self.state_dir = folder / "state"
        self.aside = self.state_dir / ".holdfast" / "aside"
        self._started: list[Process] = []
        kept = {key: value for key, value in os.environ.items() if not key.upper().startswith(_FOREIGN)}
        self.env = {**kept, "NO_COLOR": "1", "COLUMNS": "200"}

    def simulator(self, *flags: str, speed: str = "max", bars: Path | None = None, name: str = "sim") -> Simulator:
        """Start a simulator of its own; with `--speed max` its market waits for the bot."""
        more = () if bars is None else ("--bars", str(bars))
        started = Simulator(self.folder, name, self.env, ("--speed", speed, *more, *flags))
        self._started.append(started)
        return started

    def configure(self, symbols: Iterable[Mapping[str, object]], **sections: object) -> None:
        """Write config.yaml."""
        content = {"broker": "sim", **sections, "symbols": [dict(symbol) for symbol in symbols]}
        self.config.write_text(yaml.safe_dump(content, sort_keys=False))

    def start_bot(self, *flags: str, env: Mapping[str, str] | None = None) -> Process:
        """Start `holdfast run` on the state folder."""
        name = f"bot{len(self._started)}"
        command = (*HOLDFAST, "run", "--config", str(self.config), "--state-dir", str(self.state_dir), *flags)
        started = Process(command, self.folder, name, {**self.env, **(env or {})})
        self._started.append(started)
        return started

    def trading_bot(self, *flags: str, env: Mapping[str, str] | None = None) -> Process:
        """Start the bot and wait until it has reconciled."""
        bot = self.start_bot(*flags, env=env)
        bot.says("reconciled: ")
        return bot

    def call(self, command: str, *flags: str, code: int | None = 0, env: Mapping[str, str] | None = None) -> str:
        """Run a command to its end, expect its exit code (None: any), and return stdout and stderr together."""
        name = f"{command}{len(self._started)}"
        line = (*HOLDFAST, command, *flags, "--config", str(self.config), "--state-dir", str(self.state_dir))
        process = Process(line, self.folder, name, {**self.env, **(env or {})})
        self._started.append(process)
        ended = process.ends(60)
        assert code in (None, ended), process.output
        return process.stdout if "--json" in flags else process.output

    def memory(self, *, but: Container[str] = ("holdfast.log", "holder.json")) -> dict[str, bytes]:
        """Return every byte in the state folder but those under these names: the log, and who holds the folder."""
        return {
            str(path.relative_to(self.state_dir)): path.read_bytes()
            for path in sorted(self.state_dir.rglob("*"))
            if path.is_file() and not any(part in but for part in path.relative_to(self.state_dir).parts)
        }

    def file(self, symbol: str) -> Path:
        return self.state_dir / f"{_stem(symbol)}.json"

    def state(self, symbol: str) -> dict[str, Any]:
        """Return the symbol's file."""
        document: dict[str, Any] = json.loads(self.file(symbol).read_bytes())
        return document

    def holds(self, symbol: str, quantity: Decimal | int) -> bool:
        """Whether the symbol's file says that so much is held, and no order is open."""
        return self.is_settled(symbol) and Decimal(self.state(symbol)["position"]["quantity"]) == quantity

    def is_settled(self, symbol: str) -> bool:
        """Whether the symbol has a file and no order in it is open."""
        return self.file(symbol).exists() and not open_orders(self.state(symbol))

    def close(self) -> None:
        for process in reversed(self._started):
            if process.is_running:
                process.kill()


def _stem(symbol: str) -> str:
    """Return a symbol as files are named: BTC-USD for BTC/USD."""
    return symbol.replace("/", "-")


def open_orders(state: Mapping[str, Any]) -> list[str]:
    """Return the client ids of the orders in a state file that are not finished."""
    ended = {"filled", "canceled", "expired", "rejected", "done_for_day", "absent", "replaced"}
    return [order["client_order_id"] for order in state["orders"] if order["status"] not in ended]


def write_bars(folder: Path, symbol: str, closes: Iterable[float], opened: datetime = SESSION_OPEN) -> Path:
    """Write one CSV file of minute bars, each from the close before to its own; return the folder."""
    folder.mkdir(exist_ok=True)
    rows, before = ["time,open,high,low,close,volume"], None
    for minute, close in enumerate(closes):
        first = close if before is None else before
        time_ = opened + timedelta(minutes=minute)
        rows.append(f"{time_:%Y-%m-%dT%H:%M:%SZ},{first},{max(first, close)},{min(first, close)},{close},1000")
        before = close
    (folder / f"{_stem(symbol)}.csv").write_text("\n".join(rows) + "\n")
    return folder


LEVEL = '''
import numpy as np

class Level:
    """Long while the close stands at 100 or above."""

    warmup = 0

    def signals(self, bars):
        return np.where(bars.close >= 100, 1.0, 0.0)

class Sides:
    """Long from 101 on, short down to 99, flat in between."""

    warmup = 0

    def signals(self, bars):
        return np.where(bars.close >= 101, 1.0, np.where(bars.close <= 99, -1.0, 0.0))

class Broken:
    """Raises on the first live bar."""

    warmup = 0

    def signals(self, bars):
        raise RuntimeError("this strategy is broken")
'''


def level(symbol: str, quantity: float = 10, **more: object) -> dict[str, object]:
    """Return the config of a symbol whose prices in the test's CSV file decide: long at 100 and above."""
    return {"symbol": symbol, "qty": quantity, "strategy": {"use": "level.py:Level"}, **more}
