"""Wires `holdfast simulate`: prices from a seed or a folder, a server, and an orderly end."""

import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from loguru import logger

from holdfast.adapters.csv_bars import read_folder
from holdfast.simulator.prices import PriceSource, RecordedPrices
from holdfast.simulator.server import SimulatorServer
from holdfast.simulator.settings import SimulatorSettings
from holdfast.simulator.synthetic import SyntheticPrices

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def build_prices(*, bars: Path | None, seed: int, universe: Sequence[str] = ()) -> PriceSource:
    """Return the prices of a folder of CSV files, or else of the synthetic market.

    `universe` names symbols that the synthetic market lists besides its catalogue.

    Raises:
        UsageError: the folder cannot be used, with file and line.
    """
    if bars is None:
        return SyntheticPrices(seed, universe)
    prices = RecordedPrices(read_folder(bars))
    if prices.bars_outside_sessions:
        logger.warning(f"{prices.bars_outside_sessions} bars lie outside the sessions of NYSE and are left out")
    return prices


def serve_simulator(settings: SimulatorSettings, prices: PriceSource) -> int:
    """Serve until SIGTERM or SIGINT; print where, as one line of JSON on stdout. Return the exit code.

    Raises:
        UsageError: the start must not happen.
    """
    server = SimulatorServer(settings, prices)
    previous = {number: signal.signal(number, lambda *_: server.request_stop()) for number in _STOP_SIGNALS}
    try:
        endpoints = server.start()
        logger.info(f"the simulator's account is kept in {settings.data_dir.resolve()}")
        sys.stdout.write(json.dumps(endpoints.as_dict()) + "\n")
        sys.stdout.flush()
        while not server.wait(seconds=1.0):
            pass
        return 0 if server.failure is None else 1
    finally:
        server.stop()
        for number, handler in previous.items():
            signal.signal(number, handler)
