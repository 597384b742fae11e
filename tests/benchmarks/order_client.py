"""One client of the order benchmark, as a process of its own: a kept connection that posts orders as fast as it can.

Reads one line of JSON for each volley, says "ready" once connected, and posts when it reads a further line.
"""

import json
import sys
import time
from typing import Any

from bench_tools import BareClient


def messages(client: BareClient, volley: dict[str, Any]) -> list[bytes]:
    """Write the volley's orders: market orders buy and sell in turns, limit orders rest far below the market."""
    fixed = {"symbol": volley["symbol"], "qty": "1", "time_in_force": "day", "type": volley["kind"]}
    if volley["kind"] == "limit":
        fixed["limit_price"] = "1"
    sides = ("buy", "sell") if volley["kind"] == "market" else ("buy", "buy")
    # The id comes last: the bare server finds it there without reading the JSON.
    bodies = [{**fixed, "side": sides[number % 2], "client_order_id": own} for number, own in enumerate(volley["ids"])]
    return [client.message("POST", "/v2/orders", body) for body in bodies]


def shoot(client: BareClient, orders: list[bytes]) -> list[tuple[float, float]]:
    """Post one order after another; return when each was sent and answered, on the machine's own clock."""
    times = []
    for order in orders:
        sent = time.monotonic()
        client.exchange(order)
        times.append((sent, time.monotonic()))
    return times


def say(what: object) -> None:
    """Write one line of JSON to whoever has started this process."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Carry out volleys until the input ends."""
    while line := sys.stdin.readline():
        volley = json.loads(line)
        with BareClient(volley["url"]) as client:
            orders = messages(client, volley)
            say("ready")
            sys.stdin.readline()
            say(shoot(client, orders))


if __name__ == "__main__":
    main()
