"""What people see while the bot runs and when it ends: one row per symbol, the equity's course, a summary."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from holdfast.domain.position import ZERO
from holdfast.domain.state import SymbolState
from holdfast.engine.worker import SymbolWorker


@dataclass(frozen=True, slots=True)
class Row:
    """One symbol now; `profit` in USD since this run began, `trouble` why it does not trade."""

    symbol: str
    state: SymbolState
    price: Decimal | None
    profit: Decimal
    trades: int
    trouble: str | None


class Board:
    """Reads the workers; changes nothing."""

    def __init__(self, workers: Mapping[str, SymbolWorker], failed: Mapping[str, str], equity: Decimal) -> None:
        self._workers = workers
        self._failed = failed
        self._equity_first = equity
        self._profit_first = {symbol: ZERO - _profit(worker) for symbol, worker in workers.items()}
        self._peak = equity
        self.drawdown_max = ZERO
        self.time: datetime | None = None

    @property
    def equity(self) -> Decimal:
        """The account's equity in USD at the start plus what the bot's symbols have earned since."""
        return self._equity_first + sum((self._earned(worker) for worker in self._workers.values()), ZERO)

    def mark(self, now: datetime) -> None:
        """Note the equity at market time `now`."""
        self.time = now
        equity = self.equity
        self._peak = max(self._peak, equity)
        if self._peak > 0:
            self.drawdown_max = max(self.drawdown_max, (self._peak - equity) / self._peak)

    def rows(self) -> list[Row]:
        """Return one row per symbol, sorted; symbols that could not start included."""
        known = [self._row(worker) for worker in self._workers.values()]
        lost = [
            Row(symbol, SymbolState(symbol), None, ZERO, 0, why)
            for symbol, why in self._failed.items()
            if symbol not in self._workers
        ]
        return sorted(known + lost, key=lambda row: row.symbol)

    def _row(self, worker: SymbolWorker) -> Row:
        bar = worker.progress.last_bar
        trouble = self._failed.get(worker.symbol) or worker.state.status_reason
        price = bar.close if bar else None
        return Row(worker.symbol, worker.state, price, self._earned(worker), worker.progress.trades, trouble)

    def _earned(self, worker: SymbolWorker) -> Decimal:
        return _profit(worker) + self._profit_first[worker.symbol]


def _profit(worker: SymbolWorker) -> Decimal:
    position, bar = worker.state.position, worker.progress.last_bar
    return position.realized_pl + (position.unrealized_pl(bar.close) if bar else ZERO)
