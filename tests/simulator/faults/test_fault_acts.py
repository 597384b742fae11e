"""What the account's owner and the broker do by themselves, as a client sees it."""

from decimal import Decimal
from typing import Any

import pytest
from alpaca.trading.enums import AssetStatus

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


def test_shares_may_come_and_go_without_an_order(sim: SimClient) -> None:
    """move_shares: the position changes, the list of orders does not."""
    for shares in ("5", "-2"):
        sim.fault("move_shares", match={"symbol": "AAPL"}, shares=shares)
    assert quantities(sim) == {"AAPL": "3"}
    assert sim.get("/v2/orders", status="all") == []


def test_the_broker_may_liquidate(sim: SimClient) -> None:
    """liquidate: the symbol's orders are gone and its position is sold; another symbol keeps its own."""
    sim.order(qty="3")
    sim.order(symbol="MSFT")
    sim.order(type="limit", limit_price="1", client_order_id="resting")
    sim.fault("liquidate", match={"symbol": "AAPL"})
    assert quantities(sim) == {"MSFT": "1"}
    assert sim.get("/v2/orders:by_client_order_id", client_order_id="resting")["status"] == "canceled"


def test_there_may_be_nothing_to_liquidate(sim: SimClient) -> None:
    """liquidate: without a position nothing happens, and the journal says so."""
    sim.fault("liquidate", match={"symbol": "AAPL"})
    (line,) = sim.get("/_sim/faults")["happened"]
    assert line["what"] == "nothing: position does not exist"


def test_a_symbol_may_be_halted_and_resumed(sim: SimClient) -> None:
    """halt_symbol: orders are accepted and wait, other symbols trade; resume_symbol fills them."""
    sim.fault("halt_symbol", match={"symbol": "AAPL"})
    waiting = sim.order()["id"]
    sim.order(symbol="MSFT")
    sim.step(2)
    assert (sim.get(f"/v2/orders/{waiting}")["status"], quantities(sim)) == ("new", {"MSFT": "1"})
    sim.fault("resume_symbol", match={"symbol": "AAPL"})
    assert sim.get(f"/v2/orders/{waiting}")["status"] == "filled"


def test_a_halt_may_end_by_itself(sim: SimClient) -> None:
    """halt_symbol: after `resume_after_s` market seconds."""
    sim.fault("halt_symbol", match={"symbol": "AAPL"}, resume_after_s=120)
    waiting = sim.order()["id"]
    sim.step()
    assert sim.get(f"/v2/orders/{waiting}")["status"] == "new"
    sim.step()
    assert sim.get(f"/v2/orders/{waiting}")["status"] == "filled"


def test_the_end_of_a_halt_outlives_a_restart(start_simulator: Any) -> None:  # noqa: ANN401 - a fixture
    """halt_symbol: the next simulator on the account lets the symbol trade again at the same moment."""
    sim = start_simulator()
    sim.step()
    sim.fault("halt_symbol", match={"symbol": "AAPL"}, resume_after_s=120)
    waiting = sim.order()["id"]
    sim.step()
    sim.server.stop()
    again = start_simulator()
    assert again.get(f"/v2/orders/{waiting}")["status"] == "new"
    again.step()
    assert again.get(f"/v2/orders/{waiting}")["status"] == "filled"
    assert [line["kind"] for line in again.get("/_sim/faults")["happened"]] == ["resume_symbol"]


def test_clearing_ends_a_halt(sim: SimClient) -> None:
    """halt_symbol: DELETE lets the symbol trade again."""
    sim.fault("halt_symbol", match={"symbol": "AAPL"})
    waiting = sim.order()["id"]
    sim.send("DELETE", "/_sim/faults")
    assert sim.get(f"/v2/orders/{waiting}")["status"] == "filled"


def test_an_asset_may_be_delisted(sim: SimClient) -> None:
    """delist_symbol: inactive and not tradable, through alpaca-py too; orders are refused."""
    sim.fault("delist_symbol", match={"symbol": "AAPL"})
    asset = sim.trading.get_asset("AAPL")
    assert (asset.status, asset.tradable) == (AssetStatus.INACTIVE, False)
    assert "AAPL" in sim.order()["message"]
    assert sim.order(symbol="MSFT")["status"] == "pending_new"


def test_a_stock_may_split_before_the_next_session(sim: SimClient) -> None:
    """split_symbol: four times the shares at a quarter of the price, the next morning and not before."""
    sim.order(qty="3")
    sim.fault("split_symbol", match={"symbol": "AAPL"}, ratio="4")
    sim.send("POST", "/_sim/clock", json={"through": "2026-01-05T20:59:59Z"})
    while sim.clock(after=sim.clock()["time"], wait=1)["time"] < "2026-01-05T21":
        assert quantities(sim) == {"AAPL": "3"}
    before = float(sim.get("/v2/positions/AAPL")["current_price"])
    sim.step(2)
    after = sim.get("/v2/positions/AAPL")
    assert after["qty"] == "12"
    assert float(after["current_price"]) == pytest.approx(before / 4, rel=0.2)


def test_what_is_not_listed_cannot_be_halted(sim: SimClient) -> None:
    """An unknown symbol: nothing happens, and the journal says so."""
    for kind in ("halt_symbol", "delist_symbol", "liquidate"):
        sim.fault(kind, match={"symbol": "NOPE"})
    assert {line["what"] for line in sim.get("/_sim/faults")["happened"]} == {"nothing: asset not found for NOPE"}


def test_an_account_may_be_reset(start_simulator: Any, tmp_path: Any) -> None:  # noqa: ANN401 - fixtures
    """reset_account: another id, the first money, nothing else; the market goes on, and a restart finds it."""
    sim = start_simulator(cash=Decimal(5000), data_dir=tmp_path / "sim")
    sim.step()
    sim.order()
    sim.order(type="limit", limit_price="1")
    before, time = sim.trading.get_account().id, sim.clock()["time"]
    sim.fault("reset_account")
    account = sim.trading.get_account()
    assert account.id != before
    assert (account.cash, account.equity) == ("5000", "5000")
    assert (quantities(sim), sim.get("/v2/orders", status="all"), sim.get("/v2/account/activities")) == ({}, [], [])
    assert sim.clock()["time"] == time
    assert len(list((tmp_path / "sim" / "archive").iterdir())) == 1
    assert sim.order(client_order_id="mine")["status"] == "pending_new"
    sim.server.stop()
    again = start_simulator(cash=Decimal(5000), data_dir=tmp_path / "sim")
    assert again.trading.get_account().id == account.id
    assert again.get("/v2/orders:by_client_order_id", client_order_id="mine")["status"] == "filled"
    assert quantities(again) == {"AAPL": "1"}
