"""What lists, look-ups and the account show when they do not tell the truth."""

import time
from uuid import UUID

import pytest
from alpaca.common.exceptions import APIError
from pydantic import ValidationError

from simulator.sim_client import PATIENCE_S, SimClient


def symbols(sim: SimClient) -> list[str]:
    """Return the symbols of the position list."""
    return [row["symbol"] for row in sim.get("/v2/positions")]


def hurry(sim: SimClient) -> None:
    """Let everything that is under way be over."""
    sim.send("DELETE", "/_sim/faults")


def test_an_order_may_be_listed_late(sim: SimClient) -> None:
    """list_late: no list and no look-up knows it, though it is filled; another symbol's order is shown."""
    sim.fault("list_late", count=1, match={"symbol": "AAPL"}, delay_s=60)
    hidden = sim.order(client_order_id="hidden")["id"]
    shown = sim.order(symbol="MSFT")["id"]
    assert [row["id"] for row in sim.get("/v2/orders", status="all")] == [shown]
    assert sim.send("GET", f"/v2/orders/{hidden}").status_code == 404
    by_client_id = {"client_order_id": "hidden"}
    assert sim.send("GET", "/v2/orders:by_client_order_id", params=by_client_id).status_code == 404
    assert symbols(sim) == ["AAPL", "MSFT"]
    hurry(sim)
    assert [row["id"] for row in sim.get("/v2/orders", status="all")] == [shown, hidden]


def test_a_hidden_order_keeps_its_id_and_can_be_canceled(sim: SimClient) -> None:
    """list_late hides; it takes nothing back."""
    sim.fault("list_late", delay_s=60)
    hidden = sim.order(type="limit", limit_price="1", client_order_id="mine")["id"]
    assert sim.order(client_order_id="mine")["message"] == "client_order_id must be unique"
    assert sim.send("DELETE", f"/v2/orders/{hidden}").status_code == 204


def test_an_order_comes_to_light_by_itself(sim: SimClient) -> None:
    """list_late: after `delay_s` real seconds, without any help."""
    sim.fault("list_late", delay_s=1)
    hidden = sim.order()["id"]
    assert sim.send("GET", f"/v2/orders/{hidden}").status_code == 404
    limit = time.monotonic() + PATIENCE_S
    while sim.send("GET", f"/v2/orders/{hidden}").status_code == 404:
        assert time.monotonic() < limit
    assert sim.trading.get_order_by_id(hidden).status == "filled"


def test_positions_may_lag_the_orders(sim: SimClient) -> None:
    """positions_lag: the order says filled, the position is the one of before, in the list and by itself."""
    sim.order(qty="3")
    sim.fault("positions_lag", match={"symbol": "AAPL"}, delay_s=60)
    assert sim.get(f"/v2/orders/{sim.order(qty='4')['id']}")["filled_qty"] == "4"
    sim.order(symbol="MSFT")
    assert [row["qty"] for row in sim.get("/v2/positions")] == ["3", "1"]
    assert sim.get("/v2/positions/AAPL")["qty"] == "3"
    hurry(sim)
    assert [row["qty"] for row in sim.get("/v2/positions")] == ["7", "1"]


def test_a_sold_position_may_seem_to_be_there(sim: SimClient) -> None:
    """positions_lag: what was sold is still shown, and what was bought after that is not."""
    sim.order(qty="3")
    sim.fault("positions_lag", delay_s=60)
    sim.order(side="sell", qty="3")
    assert sim.trading.get_open_position("AAPL").qty == "3"
    sim.order(qty="5")
    assert [row["qty"] for row in sim.get("/v2/positions")] == ["3"]


def test_a_position_that_is_not_shown_yet_is_not_found(sim: SimClient) -> None:
    """positions_lag: the first purchase is 404 until its time has come."""
    sim.fault("positions_lag", delay_s=60)
    sim.order()
    with pytest.raises(APIError) as caught:
        sim.trading.get_open_position("AAPL")
    assert caught.value.status_code == 404


def test_an_account_may_seem_to_hold_nothing(sim: SimClient) -> None:
    """positions_empty: an empty list with status 200, once; then the truth."""
    sim.order()
    sim.fault("positions_empty", count=1)
    assert sim.trading.get_all_positions() == []
    assert symbols(sim) == ["AAPL"]


def test_an_empty_account_uses_no_fault_up(sim: SimClient) -> None:
    """positions_empty waits until there is something to hide."""
    sim.fault("positions_empty", count=1)
    assert symbols(sim) == []
    sim.order()
    assert symbols(sim) == []


@pytest.mark.parametrize("field", ["exchange", "asset_class"])
def test_one_strange_position_sinks_a_strict_client(sim: SimClient, field: str) -> None:
    """strange_position: one row has an unknown word; alpaca-py then reads none of them."""
    sim.order()
    sim.order(symbol="MSFT")
    sim.fault("strange_position", field=field, match={"symbol": "MSFT"})
    assert {row["symbol"]: row[field] for row in sim.get("/v2/positions")}["MSFT"] == "xunknown"
    with pytest.raises(ValidationError):
        sim.trading.get_all_positions()


@pytest.mark.parametrize("field", ["asset_class", "status"])
def test_one_strange_order_sinks_a_strict_client(sim: SimClient, field: str) -> None:
    """strange_order: the same in the list of orders."""
    sim.order(type="limit", limit_price="1")
    sim.order(type="limit", limit_price="2")
    sim.fault("strange_order", field=field)
    assert [row[field] for row in sim.get("/v2/orders")].count("xunknown") == 1
    with pytest.raises(ValidationError):
        sim.trading.get_orders()


@pytest.mark.parametrize(
    ("path", "kept"), [("/v2/positions", ["AAPL"]), ("/v2/orders", ["AAPL"]), ("/v2/account/activities", ["AAPL"])]
)
def test_one_row_may_be_missing_from_a_list(sim: SimClient, path: str, kept: list[str]) -> None:
    """missing_row: that of the symbol that was named; the other lists are whole."""
    for symbol in ("AAPL", "MSFT"):
        sim.order(symbol=symbol)
    sim.fault("missing_row", count=1, match={"path": path, "symbol": "MSFT"})
    assert [row["symbol"] for row in sim.get(path, status="all")] == kept
    assert len(sim.get(path, status="all")) == 2


def test_another_account_may_answer(sim: SimClient) -> None:
    """other_account: an id that is not ours; the same seed names the same stranger."""
    mine = sim.trading.get_account().id
    strangers: list[UUID | str] = []
    for seed in (1, 1, 2):
        sim.fault("other_account", count=1, seed=seed)
        strangers.append(sim.trading.get_account().id)
    assert mine not in strangers
    assert strangers[0] == strangers[1] != strangers[2]
    assert sim.trading.get_account().id == mine


@pytest.mark.parametrize("kind", ["other_account", "account_blocked"])
def test_a_fault_of_the_account_leaves_lists_alone(sim: SimClient, kind: str) -> None:
    """Told to strike where lists are shown it finds nothing to change: the list comes whole, and it goes on waiting."""
    sim.order()
    sim.fault(kind, match={"path": "/v2/positions"})
    assert [row["symbol"] for row in sim.get("/v2/positions")] == ["AAPL"]
    assert sim.get("/_sim/faults")["happened"] == []


def test_a_group_may_be_listed_late_as_a_whole(sim: SimClient) -> None:
    """list_late: with its entry the held legs are hidden too."""
    sim.fault("list_late", count=1, delay_s=60)
    exits = {"take_profit": {"limit_price": "900"}, "stop_loss": {"stop_price": "0.5"}}
    sim.order(type="limit", limit_price="1", order_class="bracket", **exits)
    assert sim.get("/v2/orders", status="all") == []
    hurry(sim)
    assert len(sim.get("/v2/orders", status="all")) == 3


def test_a_position_lags_by_whatever_name_it_is_asked_for(sim: SimClient) -> None:
    """positions_lag: by the asset's id too."""
    sim.fault("positions_lag", delay_s=60)
    asset = sim.order()["asset_id"]
    assert sim.send("GET", f"/v2/positions/{asset}").status_code == 404
    hurry(sim)
    assert sim.get(f"/v2/positions/{asset}")["qty"] == "1"


def test_a_blocked_account_can_still_be_read(sim: SimClient) -> None:
    """account_blocked: whatever requests are named, reading is never refused and shows what is so."""
    sim.fault("account_blocked", match={"method": "GET", "path": "/v2/account"})
    assert sim.get("/v2/account")["trading_blocked"] is True
    assert sim.order()["status"] == "pending_new"
