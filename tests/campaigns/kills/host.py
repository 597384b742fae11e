"""The process in which a worker's simulators live, one after another: starting one costs more than serving a bot."""

import contextlib
import io
import json
import os
import select
import signal
from functools import cache
from pathlib import Path

from campaigns.kills import forks
from campaigns.kills.tracer import end
from holdfast.adapters.log import start_logging
from holdfast.bootstrap.prices import build_prices
from holdfast.simulator.prices import PriceSource
from holdfast.simulator.server import SimulatorServer
from holdfast.simulator.settings import SimulatorSettings

ANSWER_S = 60.0
# A host is replaced before it grows old; its CPU time is known only then.
SERVED_MAX = 25


class Host:
    """Starts and stops simulators in a process of its own, which is forked when it is needed first."""

    def __init__(self) -> None:
        self._pid: int | None = None
        self._served = 0

    def start(self, data_dir: Path, bars: Path, output: Path) -> str:
        """Serve a market on an account of this folder; return the address."""
        if self._pid is None:
            self._fork(output)
        self._served += 1
        url: str = self._ask({"data_dir": str(data_dir), "bars": str(bars)})["url"]
        return url

    def stop(self) -> None:
        """End the simulator that runs; its account is closed when this returns."""
        if self._pid is None:
            return
        try:
            self._ask({})
        except OSError:
            self.kill()
        if self._served >= SERVED_MAX:
            self.kill()

    def kill(self) -> None:
        """End the process; the next start forks a new one."""
        if self._pid is None:
            return
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self._pid, signal.SIGKILL)
            end(self._pid)
        self._pid, self._served = None, 0
        self._orders.close()
        self._answers.close()

    def _fork(self, output: Path) -> None:
        orders_read, orders_write = os.pipe()
        answers_read, answers_write = os.pipe()

        def serve() -> None:
            os.close(orders_write)
            os.close(answers_read)
            _serve(orders_read, answers_write)

        self._pid = forks.fork(serve, output)
        os.close(orders_read)
        os.close(answers_write)
        self._orders = io.FileIO(orders_write, "wb")
        self._answers = io.FileIO(answers_read, "rb")

    def _ask(self, order: dict[str, str]) -> dict[str, str]:
        self._orders.write(json.dumps(order).encode() + b"\n")
        ready, _, _ = select.select([self._answers], [], [], ANSWER_S)
        said = self._answers.read(4096) if ready else b""
        if not said:
            raise OSError("the simulators' process does not answer")
        answer: dict[str, str] = json.loads(said)
        return answer


def _serve(orders: int, answers: int) -> None:
    """Start a simulator for an order that names a folder, stop it for an empty one; until nobody orders any more."""
    start_logging()
    server = None
    with open(orders, "rb") as lines, io.FileIO(answers, "wb") as out:
        for line in lines:
            order, said = json.loads(line), {}
            if server is not None:
                server.stop()
                server = None
            if order:
                settings = SimulatorSettings(data_dir=Path(order["data_dir"]), speed=None)
                server = SimulatorServer(settings, _prices(Path(order["bars"])))
                said = server.start().as_dict()
            out.write(json.dumps(said).encode())


@cache
def _prices(bars: Path) -> PriceSource:
    return build_prices(bars=bars, seed=0)


@cache
def the_host() -> Host:
    """Return this process's own."""
    return Host()
