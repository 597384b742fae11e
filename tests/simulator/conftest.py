"""A simulator on a free port for each test, and clients that speak to it as an outsider would."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.simulator.prices import PriceSource
from holdfast.simulator.server import SimulatorServer
from holdfast.simulator.settings import SimulatorSettings
from holdfast.simulator.synthetic import SyntheticPrices
from simulator.sim_client import SimClient

StartSimulator = Callable[..., SimClient]


@pytest.fixture
def start_simulator(tmp_path: Path) -> Iterator[StartSimulator]:
    """Start a simulator at full speed in lockstep, with the account of this test; settings are arguments."""
    running: list[SimClient] = []

    def start(prices: PriceSource | None = None, **settings: Any) -> SimClient:  # noqa: ANN401 - any setting
        values = {"data_dir": tmp_path / "sim", "speed": None, **settings}
        server = SimulatorServer(SimulatorSettings(**values), prices or SyntheticPrices(7))
        running.append(SimClient(server))
        return running[-1]

    yield start
    for client in running:
        client.close()


@pytest.fixture
def sim(start_simulator: StartSimulator) -> SimClient:
    """A simulator whose first session has just seen its first bars."""
    client = start_simulator()
    client.step()
    return client
