"""What the account's owner does by hand, as a client sees it."""

import pytest

from simulator.sim_client import SimClient


def quantities(sim: SimClient) -> dict[str, str]:
    """Return the shares held by symbol."""
    return {row["symbol"]: row["qty"] for row in sim.get("/v2/positions")}


def test_the_owner_may_buy_and_sell_by_hand(sim: SimClient) -> None:
    """owner_trade: fractions too; the orders are in the list with ids that nobody here chose."""
    sim.order(qty="5", client_order_id="mine")
    sim.fault("owner_trade", match={"symbol": "AAPL"}, side="sell", qty="2")
    sim.fault("owner_trade", match={"symbol": "MSFT"}, side="buy", qty="1.5")
    assert quantities(sim) == {"AAPL": "3", "MSFT": "1.5"}
    others = [row for row in sim.get("/v2/orders", status="all") if row["client_order_id"] != "mine"]
    assert [(row["side"], row["symbol"], row["status"]) for row in others] == [
        ("buy", "MSFT", "filled"),
        ("sell", "AAPL", "filled"),
    ]


def test_the_owner_may_trade_later_and_again(sim: SimClient) -> None:
    """owner_trade: at its moment, three times, two minutes apart."""
    order = {"side": "buy", "qty": "1", "after_s": 60, "every_s": 120, "count": 3}
    sim.fault("owner_trade", match={"symbol": "AAPL"}, **order)
    held = []
    for _ in range(7):
        held.append(quantities(sim).get("AAPL"))
        sim.step()
    assert held == [None, "1", "1", "2", "2", "3", "3"]


@pytest.mark.parametrize(("match", "left"), [({"symbol": "AAPL"}, ["MSFT"]), ({}, [])])
def test_the_owner_may_cancel_orders(sim: SimClient, match: dict[str, str], left: list[str]) -> None:
    """owner_cancel: one symbol's orders, or all of them."""
    for symbol in ("AAPL", "MSFT"):
        sim.order(symbol=symbol, type="limit", limit_price="1")
    sim.fault("owner_cancel", match=match)
    assert [row["symbol"] for row in sim.get("/v2/orders")] == left


def test_the_owner_may_close_everything(sim: SimClient) -> None:
    """owner_close_all: no position and no working order is left, and every sale is in the activities."""
    sim.order(qty="3")
    sim.order(symbol="MSFT")
    sim.order(symbol="NVDA", type="limit", limit_price="1")
    sim.fault("owner_close_all")
    assert quantities(sim) == {}
    assert sim.get("/v2/orders") == []
    sales = [row for row in sim.get("/v2/account/activities/FILL") if row["side"] == "sell"]
    assert {row["symbol"]: row["qty"] for row in sales} == {"AAPL": "3", "MSFT": "1"}


def test_what_the_exchange_refuses_to_the_owner_is_written_down(sim: SimClient) -> None:
    """owner_trade: more money than there is; the journal says so, and the market goes on."""
    sim.fault("owner_trade", match={"symbol": "AAPL"}, side="buy", qty="1000000")
    (line,) = sim.get("/_sim/faults")["happened"]
    assert line["what"] == "nothing: insufficient buying power"
    sim.step()
