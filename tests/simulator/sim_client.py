"""A plain HTTP client of a simulator: the real alpaca-py clients, and requests for everything else."""

from datetime import datetime, timedelta
from typing import Any

import requests
from alpaca.data.historical import CryptoHistoricalDataClient, StockHistoricalDataClient
from alpaca.trading.client import TradingClient

from holdfast.simulator.server import SimulatorServer

KEYS = {"APCA-API-KEY-ID": "key", "APCA-API-SECRET-KEY": "secret"}
PATIENCE_S = 10


class SimClient:
    """Everything a test does to one simulator."""

    def __init__(self, server: SimulatorServer) -> None:
        self.server = server
        self.endpoints = server.start()
        self.session = requests.Session()
        self.session.trust_env = False
        self.trading = TradingClient("key", "secret", url_override=self.endpoints.url)
        self.data = StockHistoricalDataClient("key", "secret", url_override=self.endpoints.url)
        self.crypto = CryptoHistoricalDataClient(url_override=self.endpoints.url)

    def close(self) -> None:
        """Stop the simulator and every connection to it."""
        self.server.stop()
        for session in (self.session, *(each._session for each in (self.trading, self.data, self.crypto))):  # noqa: SLF001 - no other way
            session.close()

    def send(self, method: str, path: str, **options: Any) -> requests.Response:  # noqa: ANN401 - any option
        """Send a request with keys."""
        options = {"headers": KEYS, "timeout": PATIENCE_S, **options}
        return self.session.request(method, self.endpoints.url + path, **options)

    def get(self, path: str, **query: Any) -> Any:  # noqa: ANN401 - any JSON
        """Return what a GET answers."""
        return self.send("GET", path, params=query).json()

    def order(self, side: str = "buy", qty: str = "1", symbol: str = "AAPL", **fields: Any) -> Any:  # noqa: ANN401
        """Post an order and return the answer's JSON."""
        body = {"symbol": symbol, "qty": qty, "side": side, "type": "market", "time_in_force": "day", **fields}
        return self.send("POST", "/v2/orders", json=body).json()

    def clock(self, **query: Any) -> Any:  # noqa: ANN401 - any JSON
        """Return the simulator's clock."""
        return self.get("/_sim/clock", **query)

    def step(self, count: int = 1) -> Any:  # noqa: ANN401 - any JSON
        """Let the market publish `count` more instants, one by one; return the last clock."""
        clock = self.clock()
        for _ in range(count):
            self.send("POST", "/_sim/clock", json={"through": clock["time"]})
            clock = self.clock(after=clock["time"])
        return clock

    def run_to(self, time: str) -> Any:  # noqa: ANN401 - any JSON
        """Let the market run until it has reached `time`; return the clock then."""
        before = (datetime.fromisoformat(time) - timedelta(minutes=1)).isoformat()
        self.send("POST", "/_sim/clock", json={"through": before})
        clock = self.clock()
        while datetime.fromisoformat(clock["time"]) <= datetime.fromisoformat(before):
            clock = self.clock(after=before)
        return clock

    def fault(self, kind: str, **fields: Any) -> None:  # noqa: ANN401 - any field
        """Order a fault."""
        answer = self.send("POST", "/_sim/faults", json={"kind": kind, **fields})
        assert answer.status_code == 200, answer.text
