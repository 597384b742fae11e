"""What a run shows: a live table on a terminal, plain log lines in a pipe, the same opening and summary in both."""

import asyncio
from decimal import Decimal
from typing import Literal

from loguru import logger
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from holdfast.adapters.log import start_logging
from holdfast.bootstrap.opening import Opened
from holdfast.domain.decimals import plain, price_text
from holdfast.domain.session import session_at
from holdfast.domain.state import Status, SymbolState
from holdfast.engine.board import Board, Row
from holdfast.engine.start import Started
from holdfast.engine.supervisor import Supervisor

REFRESH_S = 0.25
# Numbers are never cut: on a narrow terminal the words of the last two columns give way.
_WIDTHS = {
    "symbol": 6, "price": 8, "signal": 6, "position": 8, "working": 7, "profit": 8, "status": 6, "last correction": 4
}  # fmt: skip


class PlainView:
    """Log lines on stderr and a summary on stdout."""

    def opening(self, world: Opened) -> None:
        """Say where everything is."""
        logger.info("config {}", world.config.path)
        logger.info("state  {}", world.folder.root)
        logger.info("log    {}", world.folder.log)
        logger.info("broker {}: {}", world.config.broker, world.link.where)
        if world.link.data_dir is not None:
            logger.info("prices {}", world.config.sim.bars or f"synthetic, seed {world.config.sim.seed}")
            logger.info("simulated account in {}", world.link.data_dir)

    def reconciled(self, started: Started) -> None:
        """Say what was reconciled, and what does not trade."""
        logger.info("reconciled: {}", started.report.summary)
        self._warn(started)

    def _warn(self, started: Started) -> None:
        for symbol, why in sorted(started.failed.items()):
            logger.error("{}: does not start: {}", symbol, why)
        for worker in started.workers.values():
            if worker.state.status is not Status.ACTIVE:
                logger.warning("{}: {}: {}", worker.symbol, worker.state.status.value, worker.state.status_reason)
            extra = worker.state.position.unmanaged_quantity
            if extra:
                logger.warning("{}: {} more are in the account, unmanaged: never sold", worker.symbol, plain(extra))
        for position in started.report.unmanaged:
            logger.warning(
                "{}: {} in the account and not in config.yaml: left alone", position.symbol, plain(position.quantity)
            )

    async def live(self, world: Opened, supervisor: Supervisor) -> None:
        """Log lines say what happens; nothing else is shown."""

    def ended(self, world: Opened, supervisor: Supervisor, why: str) -> None:
        """Print the summary on stdout."""
        console = Console(highlight=False)
        logger.info("{}", why)
        if console.is_terminal:
            console.print(_summary(supervisor.board))
        else:
            for line in _summary_lines(supervisor.board):
                print(line)  # noqa: T201 - results go to stdout
        print(_totals(supervisor.board))  # noqa: T201
        if why != "stopped":
            print(_next_step(world, why))  # noqa: T201


class TerminalView(PlainView):
    """The same, with a live table below the log lines."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def live(self, world: Opened, supervisor: Supervisor) -> None:
        """Redraw the table until cancelled."""
        with Live(console=self._console, refresh_per_second=1 / REFRESH_S, transient=True) as live:
            while True:
                live.update(_screen(world, supervisor))
                await asyncio.sleep(REFRESH_S)


def view_for_terminal(*, verbose: bool) -> PlainView:
    """Start logging and return the view that fits where stderr goes."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        start_logging(verbose=verbose)
        return PlainView()
    start_logging(console=lambda text: console.print(Text(text.rstrip("\n"))), verbose=verbose)
    return TerminalView(console)


def _screen(world: Opened, supervisor: Supervisor) -> Group:
    board = supervisor.board
    table = Table(title=f"Holdfast, {world.config.broker}", title_justify="left", expand=True, box=SIMPLE_HEAD)
    for name, width in _WIDTHS.items():
        justify: Literal["left", "right"] = "right" if name in {"price", "signal", "position", "profit"} else "left"
        table.add_column(name, justify=justify, no_wrap=True, overflow="ellipsis", min_width=width)
    for row in board.rows():
        table.add_row(*_cells(row))
    return Group(table, *_progress(board, supervisor))


def _cells(row: Row) -> tuple[str, ...]:
    state, last = row.state, row.state.last_decision
    signal = "" if last is None or last.signal is None else f"{last.signal:+.2f}"
    working = ", ".join(f"{order.side.value} {plain(order.open_quantity)}" for order in state.unsettled)
    price = price_text(row.price) if row.price else ""
    position = plain(state.position.quantity)
    if state.position.unmanaged_quantity:
        position += f" (+{plain(state.position.unmanaged_quantity)} unmanaged)"
    return (
        row.symbol,
        price,
        signal,
        position,
        working,
        f"{row.profit:+.2f}",
        _status(state, row.trouble),
        _correction(state),
    )


def _status(state: SymbolState, trouble: str | None) -> str:
    if trouble:
        return f"{state.status.value}: {trouble}" if state.status is not Status.ACTIVE else trouble
    return state.status.value


def _correction(state: SymbolState) -> str:
    one = state.last_correction
    return f"{one.field}: {one.was} to {one.now}" if one else ""


def _progress(board: Board, supervisor: Supervisor) -> list[Table | Text]:
    if board.time is None:
        return []
    text = f"{board.time:%Y-%m-%d %H:%M} UTC  equity ${board.equity:,.2f}  drawdown {board.drawdown_max:.2%}"
    session = session_at(supervisor.sessions, board.time)
    if session is None:
        return [Text(text if supervisor.never_closes else f"{text}  market closed")]
    grid = Table.grid(padding=(0, 1))
    done, whole = (board.time - session.open).total_seconds(), (session.close - session.open).total_seconds()
    grid.add_row(
        Text(text), ProgressBar(total=whole, completed=done, width=16), Text(f"{done / whole:.0%} of the session")
    )
    return [grid]


def _summary(board: Board) -> Table:
    table = Table(title="This run", title_justify="left")
    for name in ("symbol", "trades", "profit", "realised in all", "position", "status"):
        table.add_column(name, justify="left" if name in {"symbol", "status"} else "right")
    for cells in _summary_cells(board):
        table.add_row(*cells)
    return table


def _summary_lines(board: Board) -> list[str]:
    return [
        "\t".join(cells)
        for cells in (("symbol", "trades", "profit", "realised", "position", "status"), *_summary_cells(board))
    ]


def _summary_cells(board: Board) -> list[tuple[str, ...]]:
    return [
        (
            row.symbol,
            str(row.trades),
            f"{row.profit:+.2f}",
            f"{row.state.position.realized_pl:+.2f}",
            plain(row.state.position.quantity),
            _status(row.state, row.trouble),
        )
        for row in board.rows()
    ]


def _totals(board: Board) -> str:
    profit = sum((row.profit for row in board.rows()), Decimal(0))
    return f"profit {profit:+.2f}, equity {board.equity:.2f}, maximum drawdown {board.drawdown_max:.2%}"


def _next_step(world: Opened, why: str) -> str:
    if why != "bars used up":
        return "run it again: the next session goes on where this one stopped"
    if world.link.server is None:
        return "the simulator's bars are used up: restart it with --new-account to start over"
    bars = world.config.sim.bars
    return f"every bar in {bars} is replayed: holdfast run --bars {bars} --new-account starts over from the first"
