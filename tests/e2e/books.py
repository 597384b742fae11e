"""What the tests compare: the bot's files with the simulator's books, and the account's fills with the safety rules."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from e2e.harness import Simulator, World, open_orders

CENT = Decimal("0.01")


def assert_files_equal_books(world: World, simulator: Simulator, symbols: Sequence[str]) -> None:
    """Quantity, working orders and realised profit of each file are the simulator's, the last to the cent."""
    books, working = simulator.status()["books"]["symbols"], simulator.orders(status="open")
    for symbol in symbols:
        state, book = world.state(symbol), books.get(symbol, {"quantity": "0", "realized_pl": "0"})
        position = state["position"]
        held = Decimal(position["quantity"]) + Decimal(position["unmanaged_quantity"])
        assert held == Decimal(book["quantity"]), (symbol, position, book)
        assert state["is_in_position"] is (Decimal(position["quantity"]) != 0), symbol
        profit = Decimal(position["realized_pl"]), Decimal(book["realized_pl"])
        assert profit[0].quantize(CENT) == profit[1].quantize(CENT), (symbol, profit)
        assert open_orders(state) == [row["client_order_id"] for row in working if row["symbol"] == symbol]


def assert_bought_once(simulator: Simulator, quantities: Mapping[str, int]) -> None:
    """Over the whole history of the account no order id was used twice, and no symbol left 0 to its quantity."""
    orders = simulator.orders()
    names = Counter(row["client_order_id"] for row in orders)
    assert max(names.values(), default=1) == 1, names.most_common(1)
    held: dict[str, Decimal] = defaultdict(Decimal)
    for row in orders:
        held[row["symbol"]] += wanted(row)
        most = quantities.get(row["symbol"], 0)
        assert 0 <= held[row["symbol"]] <= most, (row, held[row["symbol"]], most)


def wanted(row: Mapping[str, Any]) -> Decimal:
    """Return the signed quantity that an order has filled or may still fill."""
    is_open = row["status"] in {"new", "accepted", "pending_new", "partially_filled"}
    quantity = Decimal(row["qty"] if is_open else row["filled_qty"])
    return quantity if row["side"] == "buy" else -quantity


def bot_orders(simulator: Simulator, symbol: str) -> list[str]:
    """Return side and status of the bot's own orders of a symbol, oldest first, e.g. ``buy filled``."""
    ours = (row for row in simulator.orders(symbol) if row["client_order_id"].startswith("hf."))
    return [f"{row['side']} {row['status']}" for row in ours]
