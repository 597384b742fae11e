"""The board: what people see, computed from the workers and changing nothing."""

from decimal import Decimal

from builders import a_bar, a_state, at
from fakes.desk import Desk, a_spec
from holdfast.domain.state import Status
from holdfast.engine.board import Board
from holdfast.engine.worker import SymbolWorker


def a_worker(held: int, symbol: str = "AAPL", **fields: object) -> SymbolWorker:
    """Return a worker that holds so much, bought at 100."""
    return Desk(a_state(held, symbol=symbol, **fields)).worker(a_spec(symbol))


def shown(worker: SymbolWorker, close: int) -> None:
    """Let the worker have seen a bar with this close."""
    worker.progress.last_bar = a_bar(1, close)


def test_profit_counts_from_the_start_of_this_run() -> None:
    """What was earned before the start is not shown again; a rise from then on is."""
    worker = a_worker(10)
    shown(worker, 110)
    board = Board({"AAPL": worker}, {}, Decimal(5000))
    assert (board.equity, board.rows()[0].profit) == (5000, 0)
    shown(worker, 112)
    assert (board.equity, board.rows()[0].profit) == (5020, 20)
    assert board.rows()[0].price == 112


def test_the_deepest_fall_is_kept() -> None:
    """Drawdown is measured from the highest equity so far."""
    worker = a_worker(10)
    shown(worker, 100)
    board = Board({"AAPL": worker}, {}, Decimal(1000))
    for close in (150, 120, 160, 130):
        shown(worker, close)
        board.mark(at(1))
    assert board.drawdown_max == Decimal(300) / Decimal(1500)
    assert board.time == at(1)


def test_every_symbol_has_a_row_with_its_trouble() -> None:
    """Sorted, with those that could not start, and with the reason of those that do not trade."""
    halted = a_worker(0, "MSFT", status=Status.HALTED, status_reason="look")
    board = Board({"MSFT": halted, "AAPL": a_worker(10)}, {"GOOG": "its state file cannot be read"}, Decimal(1000))
    assert [(row.symbol, row.trouble) for row in board.rows()] == [
        ("AAPL", None),
        ("GOOG", "its state file cannot be read"),
        ("MSFT", "look"),
    ]


def test_an_account_of_nothing_has_no_drawdown() -> None:
    """Without equity there is nothing to divide by."""
    board = Board({}, {}, Decimal(0))
    board.mark(at(1))
    assert (board.drawdown_max, board.rows()) == (0, [])
