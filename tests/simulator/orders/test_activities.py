"""What happened to the account: executions, splits and moved shares, page by page, by type, category and time."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from holdfast.simulator.prices import RecordedPrices
from holdfast.simulator.splits import PlannedSplit
from simulator.orders.conftest import OpenDesk
from simulator.orders.desk import OPEN, Desk, id_of, minutes, told

PATH = "/v2/account/activities"
TUESDAY = OPEN + timedelta(days=1)


@pytest.fixture
def split_desk(start_simulator: Any) -> Desk:  # noqa: ANN401 - a factory
    """A desk where XYZ costs $100 on Monday and is split two for one on Tuesday morning."""
    bars = [*minutes("XYZ", ["100"] * 3), *minutes("XYZ", ["100"] * 3, TUESDAY)]
    splits = (PlannedSplit("XYZ", Decimal(2), date(2026, 1, 6)),)
    desk = Desk(start_simulator(RecordedPrices({"XYZ": bars}), splits=splits))
    desk.step()
    return desk


def test_a_split_changes_the_shares_and_leaves_orders_as_they_are(split_desk: Desk) -> None:
    """Ten shares at $100 become twenty at $50; resting orders keep price and quantity, and can fill at once."""
    desk = split_desk
    desk.place("buy 10 XYZ")
    sell, buy = desk.place("sell 4 XYZ limit 120 gtc"), desk.place("buy 1 XYZ limit 60 gtc")
    cash = desk.account.cash
    desk.sim.run_to("2026-01-06T14:25:00Z")
    position = desk.position("XYZ")
    assert (position.qty, position.qty_available, position.avg_entry_price) == ("20", "16", "50")
    assert (position.cost_basis, position.current_price, desk.account.cash) == ("1000", "50", cash)
    found = desk.look(sell)
    assert (found.qty, found.limit_price, found.status.value) == ("4", "120", "new")
    desk.sim.run_to("2026-01-06T14:31:00Z")
    assert [told(desk.look(order)) for order in (sell, buy)] == ["new", "filled 1 at 50"]


def test_a_split_is_an_activity(split_desk: Desk) -> None:
    """A SPLIT row carries the shares that were added; it is a non-trade activity."""
    split_desk.place("buy 10 XYZ")
    split_desk.sim.run_to("2026-01-06T14:25:00Z")
    (row,) = split_desk.sim.get(f"{PATH}/SPLIT")
    assert (row["activity_type"], row["symbol"], row["qty"], row["net_amount"]) == ("SPLIT", "XYZ", "10", "0")
    assert row["date"] == "2026-01-06"
    assert split_desk.sim.get(PATH, category="non_trade_activity") == [row]
    (fill,) = split_desk.sim.get(PATH, category="trade_activity")
    assert fill["activity_type"] == "FILL"
    assert split_desk.sim.get(PATH) == [row, fill]


def test_each_execution_is_a_row(open_desk: OpenDesk) -> None:
    """Two fills of one order: a part, then the rest, each with what had been filled and what was left by then."""
    desk = open_desk(settings={"participation": Decimal("0.01")}, XYZ="100 | 90 | 91")
    order = desk.place("buy 15 XYZ limit 95")
    desk.step(2)
    first, second = desk.sim.get(f"{PATH}/FILL", direction="asc")
    shared = {"activity_type": "FILL", "side": "buy", "symbol": "XYZ", "order_id": str(id_of(order))}
    part = {"type": "partial_fill", "qty": "10", "cum_qty": "10", "leaves_qty": "5", "price": "90"}
    rest = {"type": "fill", "qty": "5", "cum_qty": "15", "leaves_qty": "0", "price": "91"}
    for row, wanted in [
        (first, {**shared, **part, "order_status": "partially_filled"}),
        (second, {**shared, **rest, "order_status": "filled"}),
    ]:
        assert {name: row[name] for name in wanted} == wanted
        assert set(row) == {*wanted, "id", "transaction_time"}
    # The id begins with New York's local time, to the millisecond.
    assert first["id"].split("::")[0] == "20260105093200000"
    assert first["transaction_time"].startswith("2026-01-05T14:32:00")


def test_pages_follow_each_other_in_both_directions(desk: Desk) -> None:
    """Seven executions in pages of three: each once, the last page short, and an unknown token is 422."""
    for _ in range(7):
        desk.place("buy 1 XYZ")
    whole = desk.sim.get(PATH)
    for direction, wanted in (("desc", whole), ("asc", whole[::-1])):
        rows: list[Any] = []
        sizes, token = [], {}
        while page := desk.sim.get(PATH, direction=direction, page_size=3, **token):
            rows += page
            sizes.append(len(page))
            token = {"page_token": page[-1]["id"]}
        assert (rows, sizes) == (wanted, [3, 3, 1])
    refused = desk.raw_refusal("GET", PATH, params={"page_token": "nobody's"})
    assert (refused["status"], refused["code"]) == (422, 40010001)


def test_a_page_has_at_most_a_hundred_rows(desk: Desk) -> None:
    """Of a hundred and one executions the first answer has a hundred, whatever size was asked for."""
    for _ in range(101):
        desk.sim.order(symbol="XYZ")
    assert len(desk.sim.get(PATH)) == 100
    assert len(desk.sim.get(PATH, page_size=100)) == 100
    last = desk.sim.get(PATH)[-1]["id"]
    assert len(desk.sim.get(PATH, page_token=last)) == 1


# The query, and the executions it chooses: 0 and 1 on Monday, 2 on Tuesday.
FILTERS: list[tuple[dict[str, str], list[int]]] = [
    ({}, [2, 1, 0]),
    ({"direction": "asc"}, [0, 1, 2]),
    ({"date": "2026-01-05"}, [1, 0]),
    ({"date": "2026-01-06"}, [2]),
    ({"date": "2026-01-07"}, []),
    ({"after": "2026-01-05T14:31:30Z"}, [2, 1]),
    ({"until": "2026-01-05T14:31:30Z"}, [0]),
    ({"after": "2026-01-05T14:31:30Z", "until": "2026-01-06T00:00:00Z"}, [1]),
    ({"activity_types": "FILL"}, [2, 1, 0]),
    ({"activity_types": "CFEE,FILL"}, [2, 1, 0]),
    ({"activity_types": "CFEE"}, []),
    ({"category": "trade_activity"}, [2, 1, 0]),
    ({"category": "non_trade_activity"}, []),
    ({"page_size": "1"}, [2]),
]


def test_time_type_and_category_choose(start_simulator: Any) -> None:  # noqa: ANN401 - a factory
    """Each filter chooses its rows; type and category together, and words that cannot be read, are 422."""
    bars = [*minutes("XYZ", ["100"] * 3), *minutes("XYZ", ["100"] * 3, TUESDAY)]
    desk = Desk(start_simulator(RecordedPrices({"XYZ": bars})))
    ids = []
    for moment in ("2026-01-05T14:31:00Z", "2026-01-05T14:32:00Z", "2026-01-06T14:31:00Z"):
        desk.sim.run_to(moment)
        ids.append(str(id_of(desk.place("buy 1 XYZ"))))
    for query, chosen in FILTERS:
        assert [ids.index(row["order_id"]) for row in desk.sim.get(PATH, **query)] == chosen, query
    for query in (
        {"activity_types": "FILL", "category": "trade_activity"},
        {"category": "every"},
        {"date": "yesterday"},
        {"after": "noon"},
        {"page_size": "0"},
        {"direction": "sideways"},
    ):
        assert desk.raw_refusal("GET", PATH, params=query)["status"] == 422
