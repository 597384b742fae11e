"""Wires `holdfast simulate`: a server, and an orderly end."""

import json
import signal
import sys

from loguru import logger

from holdfast.simulator.prices import PriceSource
from holdfast.simulator.server import SimulatorServer
from holdfast.simulator.settings import SimulatorSettings

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


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
