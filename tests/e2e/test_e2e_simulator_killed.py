"""A simulator killed in the middle of a stream of orders comes back with its account whole, and goes on."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from threading import Thread
from typing import Any

import pytest
import requests

from e2e.harness import Simulator, World, until

CASH = Decimal(100_000)
KILLS = 6
SPOT, GROUPS, TRAILS, LIMITS = "AAPL", "MSFT", "NVDA", "SPY"
WORKING = {"new", "accepted", "pending_new", "partially_filled", "held"}
Body = dict[str, Any]


@dataclass
class Notes:
    """What one client knows, over all lives of the simulator: only what has been answered."""

    asked: set[str] = field(default_factory=set)
    answered: dict[str, str] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    trails: dict[str, Decimal] = field(default_factory=dict)
    limits: list[str] = field(default_factory=list)
    canceled: set[str] = field(default_factory=set)
    replaced: dict[str, str] = field(default_factory=dict)


class Client(Thread):
    """Sends one request after the other until the simulator is gone."""

    def __init__(self, url: str, name: str, notes: Notes, random: Random) -> None:
        super().__init__(name=name, daemon=True)
        self._url, self._notes, self._random = url, notes, random
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.headers.update({"APCA-API-KEY-ID": name, "APCA-API-SECRET-KEY": "secret"})

    def run(self) -> None:
        acts = [self._trade, self._trade, self._bracket, self._trail, self._rest, self._rest, self._replace]
        acts += [self._cancel, self._look]
        try:
            while True:
                self._random.choice(acts)()
        except requests.RequestException:
            return
        finally:
            self._http.close()

    def _ask(self, method: str, path: str, body: Body | None = None) -> requests.Response:
        return self._http.request(method, self._url + path, json=body, timeout=10)

    def _post(self, symbol: str, side: str, **fields: object) -> Body | None:
        name = f"{self.name}-{len(self._notes.asked)}"
        self._notes.asked.add(name)
        body = {"symbol": symbol, "side": side, "qty": "1", "type": "market", "time_in_force": "gtc", **fields}
        answer = self._ask("POST", "/v2/orders", {**body, "client_order_id": name})
        if not answer.ok:
            assert answer.status_code in {403, 422}, answer.text
            return None
        order: Body = answer.json()
        self._notes.answered[name] = order["id"]
        return order

    def _price(self, symbol: str) -> Decimal:
        quote = self._ask("GET", f"/v2/stocks/quotes/latest?symbols={symbol}").json()["quotes"].get(symbol)
        return Decimal(str(quote["ap"])) if quote else Decimal(100)

    def _trade(self) -> None:
        self._post(SPOT, self._random.choice(["buy", "buy", "sell"]), qty=str(self._random.randint(1, 5)))

    def _bracket(self) -> None:
        price = self._price(GROUPS)
        exits = {"take_profit": {"limit_price": cents(price * Decimal("1.002"))}}
        exits["stop_loss"] = {"stop_price": cents(price * Decimal("0.998"))}
        if order := self._post(GROUPS, "buy", order_class="bracket", **exits):
            self._notes.groups.append(order["id"])

    def _trail(self) -> None:
        if self._post(TRAILS, "buy") and (order := self._post(TRAILS, "sell", type="trailing_stop", trail_percent="1")):
            self._notes.trails[order["id"]] = Decimal(order["hwm"] or 0)

    def _rest(self) -> None:
        price = self._price(LIMITS) * Decimal(self._random.choice(["0.5", "0.999"]))
        if order := self._post(LIMITS, "buy", type="limit", limit_price=cents(price)):
            self._notes.limits.append(order["id"])

    def _replace(self) -> None:
        if self._notes.limits:
            old = self._random.choice(self._notes.limits)
            answer = self._ask("PATCH", f"/v2/orders/{old}", {"limit_price": cents(self._price(LIMITS) / 2)})
            if answer.ok:
                self._notes.replaced[old] = answer.json()["id"]
                self._notes.limits.append(answer.json()["id"])

    def _cancel(self) -> None:
        if self._notes.limits:
            order_id = self._random.choice(self._notes.limits)
            if self._ask("DELETE", f"/v2/orders/{order_id}").status_code == 204:
                self._notes.canceled.add(order_id)

    def _look(self) -> None:
        for order_id in list(self._notes.trails)[-3:]:
            self._notes.trails[order_id] = Decimal(self._ask("GET", f"/v2/orders/{order_id}").json()["hwm"] or 0)


class Mover(Thread):
    """Lets the market go on, instant after instant, until the simulator is gone."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url

    def run(self) -> None:
        with requests.Session() as http:
            http.trust_env = False
            try:
                while True:
                    now = http.get(f"{self._url}/_sim/clock", timeout=30).json()["time"]
                    http.post(f"{self._url}/_sim/clock", json={"through": now}, timeout=30)
                    http.get(f"{self._url}/_sim/clock", params={"after": now}, timeout=30)
            except requests.RequestException:
                return


def cents(price: Decimal) -> str:
    """Write a price on the grid."""
    return f"{price:.2f}"


def fills(simulator: Simulator) -> list[Body]:
    """Return every execution, oldest first, all pages of them."""
    path = "/v2/account/activities/FILL?direction=asc"
    rows: list[Body] = []
    page: list[Body] = simulator.ask("GET", path)
    while page:
        rows += page
        page = simulator.ask("GET", f"{path}&page_token={page[-1]['id']}")
    return rows


def live_and_die(simulator: Simulator, notes: list[Notes], random: Random) -> None:
    """Let two clients and the market's time run, and kill the simulator after a number of answers drawn by lot."""
    threads = [
        *(Client(simulator.url, f"client{n}", each, Random(random.random())) for n, each in enumerate(notes)),  # noqa: S311
        Mover(simulator.url),
    ]
    goal = sum(len(each.answered) for each in notes) + random.randint(5, 60)
    for thread in threads:
        thread.start()
    until(lambda: sum(len(each.answered) for each in notes) >= goal, f"{goal} answers")
    simulator.kill()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def assert_answers_stand(orders: dict[str, Body], notes: Notes) -> None:
    """Every order that was answered is there, every cancel and replacement too, and no trail has gone back."""
    by_name = {order["client_order_id"]: order["id"] for order in orders.values()}
    assert {name: by_name.get(name) for name in notes.answered} == notes.answered
    assert {orders[order_id]["status"] for order_id in notes.canceled} <= {"canceled"}
    for old, new in notes.replaced.items():
        assert (orders[old]["status"], orders[old]["replaced_by"]) == ("replaced", new)
        assert orders[new]["replaces"] == old
    for order_id, mark in notes.trails.items():
        assert Decimal(orders[order_id]["hwm"]) >= mark


def assert_groups_are_whole(simulator: Simulator, orders: dict[str, Body]) -> None:
    """Every entry, answered or not, has its legs."""
    entries = [order for order in orders.values() if order["symbol"] == GROUPS and order["side"] == "buy"]
    for entry in entries:
        assert_group(simulator.ask("GET", f"/v2/orders/{entry['id']}?nested=true"))


def assert_group(entry: Body) -> None:
    """A bracket has its two legs in one of the four states that a group can be in."""
    statuses = (entry["status"], sorted(leg["status"] for leg in entry["legs"]))
    assert (entry["status"] in WORKING and statuses[1] == ["held", "held"]) or statuses in [
        ("filled", ["new", "new"]),
        ("filled", ["canceled", "filled"]),
        ("filled", ["canceled", "canceled"]),
        ("canceled", ["canceled", "canceled"]),
    ], statuses


def assert_books_are_whole(simulator: Simulator, orders: dict[str, Body]) -> None:
    """Cash, positions and every order's filled quantity are what the executions say, to the last digit."""
    cash, held, filled = CASH, defaultdict[str, Decimal](Decimal), defaultdict[str, Decimal](Decimal)
    rows = fills(simulator)
    for row in rows:
        quantity = Decimal(row["qty"]) * (1 if row["side"] == "buy" else -1)
        cash -= quantity * Decimal(row["price"])
        held[row["symbol"]] += quantity
        filled[row["order_id"]] += abs(quantity)
    assert len({row["id"] for row in rows}) == len(rows)
    assert Decimal(simulator.ask("GET", "/v2/account")["cash"]) == cash
    assert simulator.positions() == {symbol: quantity for symbol, quantity in held.items() if quantity}
    assert {key: Decimal(order["filled_qty"]) for key, order in orders.items() if order["filled_qty"] != "0"} == filled
    for order in orders.values():
        assert (order["status"] == "filled") is (order["filled_qty"] == order["qty"]), order


def assert_ids_are_taken(simulator: Simulator, notes: Notes, random: Random) -> None:
    """The client's id of an answered order is refused, whatever has become of the order."""
    for name in random.sample(sorted(notes.answered), 3):
        body = {"symbol": SPOT, "side": "buy", "qty": "1", "type": "market", "time_in_force": "day"}
        with pytest.raises(AssertionError, match="client_order_id must be unique"):
            simulator.ask("POST", "/v2/orders", {**body, "client_order_id": name})


def snapshot(simulator: Simulator) -> list[object]:
    """Return all that the account shows."""
    paths = ("/v2/account", "/v2/positions", "/v2/account/activities", "/_sim/clock")
    asked: list[object] = [simulator.ask("GET", path) for path in paths]
    return [*asked, simulator.orders(), simulator.orders(status="open"), fills(simulator)]


def assert_it_goes_on(simulator: Simulator) -> None:
    """A resting order of an earlier life can be replaced and fills; canceling the rest frees all buying power."""
    resting = [order for order in simulator.orders(LIMITS, "open") if order["status"] == "new"]
    quote = simulator.ask("GET", f"/v2/stocks/quotes/latest?symbols={LIMITS}")["quotes"][LIMITS]
    new = simulator.ask("PATCH", f"/v2/orders/{resting[0]['id']}", {"limit_price": cents(Decimal(str(quote["ap"])))})
    assert simulator.ask("GET", f"/v2/orders/{new['id']}")["status"] == "filled"
    rows = simulator.ask("DELETE", "/v2/orders")
    assert {row["id"] for row in rows} >= {order["id"] for order in resting[1:]}
    assert simulator.orders(status="open") == []
    account = {name: value for name, value in simulator.ask("GET", "/v2/account").items() if isinstance(value, str)}
    exposure = Decimal(account["long_market_value"]) - Decimal(account["short_market_value"])
    free = 4 * Decimal(account["equity"]) - exposure
    assert Decimal(account["buying_power"]) == max(free, Decimal(0))


@pytest.mark.parametrize("seed", [11])
def test_killed_again_and_again_it_comes_back_whole(world: World, seed: int) -> None:
    """At six moments in a stream of orders: nothing answered is lost, nothing is half there, and all of it works."""
    random, notes = Random(seed), [Notes(), Notes()]  # noqa: S311 - moments to kill at
    simulator = world.simulator("--seed", str(seed))
    begin(simulator)
    for _ in range(KILLS):
        live_and_die(simulator, notes, random)
        simulator = world.simulator("--seed", str(seed))
        orders = {order["id"]: order for order in simulator.orders()}
        assert_books_are_whole(simulator, orders)
        assert_groups_are_whole(simulator, orders)
        for each in notes:
            assert_answers_stand(orders, each)
        assert_ids_are_taken(simulator, notes[0], random)
    before = snapshot(simulator)
    simulator.kill()
    simulator = world.simulator("--seed", str(seed))
    assert snapshot(simulator) == before
    assert_it_goes_on(simulator)
    counts: list[Callable[[Notes], int]] = [lambda n: len(n.groups), lambda n: len(n.trails), lambda n: len(n.replaced)]
    assert all(sum(map(count, notes)) > 3 for count in counts), notes


def begin(simulator: Simulator) -> None:
    """Let the market publish its first bars."""
    now = simulator.status()["time"]
    simulator.ask("POST", "/_sim/clock", {"through": now})
    until(lambda: simulator.status()["time"] > now, "the first bars")
