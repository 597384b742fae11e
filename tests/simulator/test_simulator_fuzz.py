"""Requests and frames made of whatever can go wrong, from a seed: no 5xx, no hang, and the simulator lives on."""

import json
from collections.abc import Mapping, Sequence
from random import Random
from urllib.parse import quote

import msgpack
import pytest
from websockets.sync.client import connect

from holdfast.simulator.faults.kinds import KINDS
from holdfast.simulator.synthetic import SyntheticPrices
from simulator.conftest import StartSimulator
from simulator.sim_client import PATIENCE_S, SimClient
from simulator.test_simulator_streams import AUTH

SEEDS = [1, 2]
REQUESTS, FRAMES, STEP_EVERY = 300, 60, 50
FAR_AWAY = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01", "9999-12-30"]
NUMBERS = ["0", "-1", "1e999", "1e-400", "1e1000000", "1e99999999999999999999", "1e25", "1e12", "NaN", "-Infinity"]
TEXTS = ["", " ", "\x00", "\u0661", "\u00b2", "1_000", "é", "..", "%00", "x" * 5000, "9" * 5000, *NUMBERS, *FAR_AWAY]
HOSTILE_JSON = [
    *NUMBERS,
    *(json.dumps(text) for text in TEXTS),
    *("null", "true", '"\\ud800"', "[]", "{}", "[[{}]]", '{"a": [null]}', "9" * 5000, "[" * 5000),
]
SENSIBLE: Mapping[str, Sequence[object]] = {
    "symbol": ["AAPL", "BTC/USD", "BTCUSD"],
    "symbols": ["AAPL", "BTC/USD"],
    "qty": ["1", 0.5, "1000000000000"],
    "notional": ["50"],
    "side": ["buy", "sell"],
    "type": ["market", "limit", "stop", "stop_limit", "trailing_stop"],
    "time_in_force": ["day", "gtc", "ioc", "fok", "opg", "cls"],
    "limit_price": ["1", "1000000000000"],
    "stop_price": ["1", "900"],
    "trail_percent": ["1"],
    "order_class": ["simple", "bracket", "oto", "oco"],
    "take_profit": [{"limit_price": "900"}],
    "stop_loss": [{"stop_price": "1"}, {"stop_price": "1", "limit_price": "0.5"}],
    "extended_hours": [True, False],
    "timeframe": ["1Min", "7Hour", "1Day", "1Week", "12Month"],
    "status": ["open", "closed", "all"],
    "percentage": ["50", "0.0000001"],
    "kind": sorted(KINDS.keys() - {"refuse_connections"}),  # while the port is closed nobody is answered
    "match": [{"symbol": "AAPL"}, {"symbol": "BTCUSD"}, {"path": "/v2/*"}],
    "wait": ["0", "nan", "-1", "x"],
    "through": ["0001-01-01", "x", 5],
    "hold": [True, "x", 1],
}
GOOD_ORDERS = [
    {"type": "market", "time_in_force": "day"},
    {"type": "limit", "time_in_force": "gtc", "limit_price": "1"},
    {"type": "stop", "time_in_force": "day", "stop_price": "900"},
    {"type": "trailing_stop", "time_in_force": "gtc", "trail_percent": "5"},
    {"type": "limit", "time_in_force": "gtc", "limit_price": "1", "symbol": "BTC/USD", "qty": "20"},
    {
        "type": "limit",
        "time_in_force": "gtc",
        "limit_price": "1",
        "order_class": "bracket",
        "take_profit": {"limit_price": "900"},
        "stop_loss": {"stop_price": "0.5"},
    },
]
UNDO: Mapping[tuple[str, str], object] = {
    ("DELETE", "/_sim/faults"): None,
    ("POST", "/_sim/clock"): {"hold": False},
    ("PATCH", "/v2/account/configurations"): {"suspend_trade": False, "max_margin_multiplier": "4"},
}
BARS = "symbols timeframe start end limit page_token sort adjustment"
ROUTES: Mapping[str, str] = {
    "POST /v2/orders": "symbol qty notional side type time_in_force limit_price stop_price trail_price trail_percent "
    "client_order_id order_class take_profit stop_loss extended_hours position_intent",
    "GET /v2/orders": "status limit after until direction symbols side nested asset_class after_order_id",
    "DELETE /v2/orders": "",
    "GET /v2/orders:by_client_order_id": "client_order_id nested",
    "GET /v2/orders/*": "nested",
    "PATCH /v2/orders/*": "qty time_in_force limit_price stop_price trail client_order_id",
    "DELETE /v2/orders/*": "",
    "GET /v2/positions": "",
    "DELETE /v2/positions": "cancel_orders",
    "GET /v2/positions/*": "",
    "DELETE /v2/positions/*": "qty percentage",
    "GET /v2/assets": "status exchange asset_class",
    "GET /v2/assets/*": "",
    "GET /v2/clock": "",
    "GET /v2/calendar": "start end",
    "GET /v2/account": "",
    "GET /v2/account/configurations": "",
    "PATCH /v2/account/configurations": "no_shorting suspend_trade max_margin_multiplier",
    "GET /v2/account/activities": "activity_types date after until direction page_size page_token category",
    "GET /v2/account/activities/*": "date",
    "GET /v2/stocks/bars": BARS,
    "GET /v2/stocks/*/bars": BARS,
    "GET /v2/stocks/quotes/latest": "symbols",
    "GET /v2/stocks/*/trades/latest": "",
    "GET /v1beta3/crypto/us/bars": BARS,
    "GET /v1beta3/crypto/us/latest/quotes": "symbols",
    "GET /_sim/status": "",
    "GET /_sim/clock": "wait after",
    "POST /_sim/clock": "hold through",
    "GET /_sim/faults": "",
    "POST /_sim/faults": "kind match count after_s seed one_in every_s qty side shares ratio status symbols",
    "GET /nowhere/*": "",
}


@pytest.fixture
def market(start_simulator: StartSimulator) -> SimClient:
    """A simulator with stocks and a pair whose first bars are out."""
    client = start_simulator(SyntheticPrices(7, ["BTC/USD"]))
    client.step()
    return client


def sensible(dice: Random, fields: Sequence[str]) -> dict[str, object]:
    """Draw values that make sense for some of the fields."""
    return {name: dice.choice(SENSIBLE[name]) for name in fields if name in SENSIBLE and dice.randrange(2)}


def some_of(dice: Random, fields: Sequence[str]) -> list[str]:
    """Draw the fields that are made hostile: two at the most, for the first refusal hides all that comes after it."""
    return dice.sample(fields, min(len(fields), dice.randrange(3)))


def a_body(dice: Random, route: str, fields: Sequence[str]) -> str:
    """Draw a JSON object with some of the fields, for an order mostly a good one; or what is no object."""
    if not dice.randrange(20):
        return dice.choice(HOSTILE_JSON)
    given = sensible(dice, fields)
    if route == "POST /v2/orders" and dice.randrange(4):
        given = {"symbol": "AAPL", "qty": "2", "side": "buy", **dice.choice(GOOD_ORDERS)}
    texts = {name: json.dumps(value) for name, value in given.items()}
    texts |= {name: dice.choice(HOSTILE_JSON) for name in some_of(dice, fields)}
    return "{" + ", ".join(f'"{name}": {text}' for name, text in texts.items()) + "}"


def a_query(dice: Random, fields: Sequence[str]) -> str:
    """Draw a query with some of the fields."""
    given = {name: str(value) for name, value in sensible(dice, fields).items()}
    given |= {name: dice.choice(TEXTS) for name in some_of(dice, fields) if name != "wait"}
    if "wait" in fields:
        # Without a bound of its own the clock would wait for an instant that does not come.
        given["wait"] = str(dice.choice(SENSIBLE["wait"]))
    return "&".join(f"{name}={quote(text, safe='')}" for name, text in given.items())


def a_request(dice: Random, known: Sequence[str]) -> tuple[str, str, str | None]:
    """Draw method, path with query, and body; `known` are names that exist."""
    method, path = (route := dice.choice([*ROUTES, *["POST /v2/orders"] * 6])).split(" ")
    fields, name = ROUTES[route].split(), dice.choice([*known, *TEXTS])
    path = path.replace("*", quote(name, safe="") or "x")
    if method in {"POST", "PATCH"}:
        return method, path, a_body(dice, route, fields)
    return method, f"{path}?{a_query(dice, fields)}", None


@pytest.mark.parametrize("seed", SEEDS)
def test_no_request_makes_the_simulator_fail(market: SimClient, seed: int) -> None:
    """Hostile bodies, queries and names against every route; the market moves on in between."""
    dice, known = Random(seed), ["AAPL", "BTCUSD"]  # noqa: S311 - a test must come again
    for number in range(REQUESTS):
        method, path, body = a_request(dice, known)
        answer = market.send(method, path, data=body)
        assert answer.status_code < 500, (seed, number, method, path[:200], (body or "")[:200], answer.text[:200])
        if method == "POST" and path == "/v2/orders" and answer.status_code == 200:
            known.append(answer.json()["id"])
        if any(path == switch for _, switch in UNDO):
            for undo, sent in UNDO.items():
                market.send(*undo, json=sent)
        if number % STEP_EVERY == 0:
            market.step()
    assert market.server.failure is None
    assert len(known) > 10, "orders that are taken are part of the test"


def a_frame(dice: Random) -> bytes | str:
    """Draw a frame: text or bytes, JSON or msgpack or neither."""
    names = [*TEXTS, "AAPL", "*", None, 5, ["AAPL"], {"a": 1}]
    message = {
        "action": dice.choice(["auth", "authenticate", "listen", "subscribe", "unsubscribe", "x", 5, None, ["auth"]]),
        "data": dice.choice([{"streams": dice.choice(names)}, {"streams": names}, dice.choice(names)]),
        "bars": dice.sample(names, 5),
        "trades": dice.choice(names),
        "key": dice.choice(names),
        "secret": dice.choice(names),
    }
    some = {name: message[name] for name in message if dice.randrange(3)}
    return dice.choice([json.dumps(some), msgpack.packb(some), dice.randbytes(50), dice.choice(HOSTILE_JSON)])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/msgpack"}])
def test_no_frame_makes_the_simulator_fail(market: SimClient, headers: dict[str, str], seed: int) -> None:
    """Hostile frames before and after the keys, on every stream; each still says something or closes."""
    dice = Random(seed)  # noqa: S311 - a test must come again
    auth = msgpack.packb(AUTH) if headers else json.dumps(AUTH)
    for url in (market.endpoints.trading_stream, market.endpoints.data_stream, market.endpoints.crypto_stream):
        with connect(url, additional_headers=headers, proxy=None, max_queue=None) as client:
            client.send(a_frame(dice))
            client.send(auth)
            for _ in range(FRAMES):
                client.send(a_frame(dice))
            assert client.recv(timeout=PATIENCE_S)
            market.step()
    assert market.send("GET", "/v2/account").status_code == 200
    assert market.server.failure is None
