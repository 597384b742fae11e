"""A broker and a disk that can treat one symbol badly and all the others as always."""

from collections import defaultdict, deque

from campaigns.machine.wild_broker import WildBroker
from fakes.broker import Submit
from fakes.clock import ManualClock
from fakes.memory import MemoryStore
from holdfast.domain.broker_facts import BadRow, BrokerPosition, Rows
from holdfast.domain.order import OrderView
from holdfast.domain.state import SymbolState
from holdfast.engine.approval import SavedIntent

SLOW_S = 8.0


class FairBroker(WildBroker):
    """Each symbol has its own fates, its own patience and its own rubbish."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.fates: defaultdict[str, deque[Submit]] = defaultdict(deque)
        self.waits: set[str] = set()
        self.slow: set[str] = set()
        self.unreadable: set[str] = set()

    async def submit(self, intent: SavedIntent) -> OrderView:
        """Take a POST, perhaps after a while."""
        symbol = intent.intent.symbol
        if symbol in self.slow:
            await self.clock.sleep(SLOW_S)
        fates = self.fates[symbol]
        self.plan = deque([fates.popleft()] if fates else [])
        self.fills_at_once = symbol not in self.waits
        return await super().submit(intent)

    async def positions(self) -> Rows[BrokerPosition]:
        """Read the positions; those in `unreadable` are bad rows."""
        return self._spoiled(await super().positions())

    async def orders(self, **wanted: object) -> Rows[OrderView]:  # type: ignore[override]
        """Read the orders; those in `unreadable` are bad rows."""
        return self._spoiled(await super().orders(**wanted))  # type: ignore[arg-type]

    def _spoiled(self, rows: Rows) -> Rows:  # type: ignore[type-arg]
        good = tuple(row for row in rows.good if row.symbol not in self.unreadable)
        bad = tuple(BadRow(row.symbol, "planted") for row in rows.good if row.symbol in self.unreadable)
        return Rows(good, rows.bad + bad)


class FairStore(MemoryStore):
    """Saves of the symbols in `slow` take their time."""

    def __init__(self, *states: SymbolState) -> None:
        super().__init__(*states)
        self.clock: ManualClock | None = None
        self.slow: set[str] = set()

    async def save(self, state: SymbolState) -> SymbolState:
        """Write, perhaps after a while."""
        if state.symbol in self.slow and self.clock is not None:
            await self.clock.sleep(SLOW_S)
        return await super().save(state)


class OneDiskForAll(FairStore):
    """A planted bug: where one symbol's save fails, every save fails."""

    async def save(self, state: SymbolState) -> SymbolState:
        """Write, or fail with the others."""
        self.failing |= {state.symbol} if self.failing else set()
        return await super().save(state)


class OneRowSinksTheList(FairBroker):
    """A planted bug: a list with an unreadable row is given up."""

    def _spoiled(self, rows: Rows) -> Rows:  # type: ignore[type-arg]
        spoiled = super()._spoiled(rows)
        return Rows((), tuple(BadRow(None, "planted") for _row in spoiled.bad)) if spoiled.bad else spoiled


class OneQueueForAll(FairStore):
    """A planted bug: where one symbol's save takes its time, every save does."""

    async def save(self, state: SymbolState) -> SymbolState:
        """Write after the slow one."""
        self.slow |= {state.symbol} if self.slow else set()
        return await super().save(state)
