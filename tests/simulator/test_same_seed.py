"""The same seed and the same client give the same day, byte for byte."""

import sqlite3
from pathlib import Path
from random import Random
from typing import Any

from simulator.sim_client import SimClient

ORDERS: tuple[dict[str, Any], ...] = (
    {},
    {"side": "sell", "qty": "2"},
    {"type": "limit", "limit_price": "1", "time_in_force": "gtc"},
    {"type": "trailing_stop", "trail_percent": "1", "side": "sell"},
    {"side": "sell", "symbol": "TSLA", "qty": "3"},
    {"qty": None, "notional": "250"},
    {"symbol": "BTC/USD", "qty": "0.01", "time_in_force": "gtc"},
)
QUERIES = (
    "SELECT * FROM orders",
    "SELECT * FROM fill",
    "SELECT * FROM holding",
    "SELECT * FROM activity",
    "SELECT * FROM fact WHERE name != 'account_id'",
)
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "partial_fills", "one_in": 3, "seed": 5},
    {"kind": "reject_accepted", "one_in": 7, "seed": 6},
    {"kind": "halt_symbol", "match": {"symbol": "MSFT"}, "after_s": 120, "resume_after_s": 300},
    {"kind": "owner_trade", "match": {"symbol": "AAPL"}, "side": "buy", "qty": "2", "after_s": 240},
    {"kind": "reset_account", "after_s": 900},
    {"kind": "bad_day", "seed": 42, "symbols": ["AAPL", "MSFT"], "after_s": 1000},
)


def lived(sim: SimClient, folder: Path, seed: int) -> list[tuple[Any, ...]]:
    """Let a scripted client live through half an hour; return every row of the account but its random id."""
    for fault in FAULTS:
        assert sim.send("POST", "/_sim/faults", json=fault).status_code == 200
    random = Random(seed)  # noqa: S311 - a script, not a secret
    for _ in range(30):
        sim.step()
        # On a bad day any request may fail: what is compared is what the account has become.
        sim.send("POST", "/v2/orders", json=order(random))
    journal = [tuple(line.items()) for line in sim.get("/_sim/faults")["happened"]]
    sim.server.stop()
    database = sqlite3.connect(folder / "account.sqlite")
    rows = [row for query in QUERIES for row in database.execute(query)]
    database.close()
    return rows + journal


def order(random: Random) -> dict[str, Any]:
    """Draw the next order."""
    body = {"symbol": random.choice(["AAPL", "MSFT"]), "qty": "4", "side": "buy", "type": "market"}
    return {**body, "time_in_force": "day", **random.choice(ORDERS)}


def test_the_same_seed_and_the_same_client_give_the_same_bytes(start_simulator: Any, tmp_path: Path) -> None:  # noqa: ANN401 - a fixture
    """Orders, fills, holdings, facts and journal are equal, with faults, a reset and a bad day among them."""
    first, second, other = (
        lived(start_simulator(data_dir=tmp_path / name, lockstep=True), tmp_path / name, seed)
        for name, seed in (("first", 3), ("second", 3), ("other", 4))
    )
    assert len(first) > 30
    assert first == second
    assert first != other
