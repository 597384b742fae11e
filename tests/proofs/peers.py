"""What other bots do where Holdfast does not: each a part of the bot with one famous mistake in it."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from fakes.broker import FakeBroker
from holdfast.domain import events
from holdfast.domain.broker_facts import Activity, BrokerPosition, HoldingMoved, Rows
from holdfast.domain.decide import Decision, Moment
from holdfast.domain.order import OrderRecord, Role
from holdfast.domain.risk import Approved, Refused
from holdfast.domain.state import Status, SymbolState
from holdfast.engine.hold import NO_HOLDS, Holds
from holdfast.engine.keeper import Tools
from holdfast.engine.spec import SymbolSpec
from holdfast.engine.window import BarWindow
from holdfast.engine.worker import SymbolWorker


class GivesUpAfterThreeLooks(SymbolWorker):
    """Declares an order rejected that three look-ups did not find."""

    _looks: Counter[str]

    async def _not_found(self, record: OrderRecord) -> None:
        self._looks = getattr(self, "_looks", Counter())
        self._looks[record.client_order_id] += 1
        if self._looks[record.client_order_id] >= 3:
            await self._commit(events.OrderProvedAbsent(record.client_order_id))


class StartsOtherwise(SymbolWorker):
    """Starts from something else than the reconciled file."""

    def __init__(
        self, spec: SymbolSpec, state: SymbolState, window: BarWindow, tools: Tools, holds: Holds = NO_HOLDS
    ) -> None:
        super().__init__(spec, self._begun(state), window, tools, holds)

    @staticmethod
    def _begun(state: SymbolState) -> SymbolState:
        return state


class StartsWithoutMemory(StartsOtherwise):
    """Believes at each start that it has never traded."""

    @staticmethod
    def _begun(state: SymbolState) -> SymbolState:
        return SymbolState(state.symbol, strategy=state.strategy, account_id=state.account_id)


class DropsWorkingOrders(StartsOtherwise):
    """Forgets at each start the orders that have not ended."""

    @staticmethod
    def _begun(state: SymbolState) -> SymbolState:
        return replace(state, orders=tuple(order for order in state.orders if not order.is_unsettled))


class BelievesTheFileAlone(SymbolWorker):
    """Sends an exit without a look at what the account holds."""

    async def _covered(self, approved: Approved) -> Approved | Refused:
        return approved


class CountsOpenEntries(StartsOtherwise, BelievesTheFileAlone):
    """Takes an entry that works at the broker for a position."""

    @staticmethod
    def _begun(state: SymbolState) -> SymbolState:
        hoped = sum((order.open_quantity for order in state.orders if order.role is Role.ENTRY), Decimal(0))
        position = replace(state.position, quantity=state.position.quantity + hoped)
        return replace(state, position=position, orders=() if hoped else state.orders)


class DiesOfOneSymbol(StartsOtherwise):
    """Raises where everybody hears it when one symbol cannot be traded."""

    @staticmethod
    def _begun(state: SymbolState) -> SymbolState:
        assert state.status is not Status.SUSPENDED, f"{state.symbol} is not an asset"
        return state


class WaitsForTheStreamAlone(BelievesTheFileAlone):
    """Looks nothing up; an order without news is forgotten at the next bar, and what is held is sold again."""

    async def _look_up(self) -> None:
        self._lookups.looked_up(self.state, self._tools.clock.monotonic())

    def _decide(self, moment: Moment) -> Decision:
        self.state = replace(self.state, orders=(), target=self.state.position.quantity)
        return super()._decide(moment)


class ResizesAtEveryBar(SymbolWorker):
    """Trades every position to the configured quantity, whatever made it another one."""

    def _decide(self, moment: Moment) -> Decision:
        self.state = replace(self.state, target=Decimal(0))
        return super()._decide(moment)


class MakesFillsUp(FakeBroker):
    """Explains the positions at each look by fills of its own making."""

    async def activities(self, after: datetime) -> Rows[Activity]:
        """Read what changed the holdings, and invent the rest."""
        found, held = await super().activities(after), await self.positions()
        explained: defaultdict[str, Decimal] = defaultdict(Decimal)
        for one in self.executions:
            explained[one.symbol] += one.change
        made_up = [
            HoldingMoved(f"made-up-{self.calls}", "INFERRED", one.symbol, missing, self.clock.now())
            for one in held.good
            if (missing := one.quantity - explained[one.symbol])
        ]
        return Rows((*found.good, *made_up))


class SeesNobodyElse(FakeBroker):
    """Shows of the account what the bot's own orders made of it."""

    async def activities(self, after: datetime) -> Rows[Activity]:
        """Read nothing."""
        await super().activities(after)
        return Rows(())

    async def positions(self) -> Rows[BrokerPosition]:
        """Read what our orders add up to."""
        await super().positions()
        held: defaultdict[str, Decimal] = defaultdict(Decimal)
        for view in self.books.values():
            if view.client_order_id.startswith("hf."):
                held[view.symbol] += view.filled_quantity * view.side.sign
        return Rows(tuple(BrokerPosition(symbol, held[symbol], self.price, self.price) for symbol in held))
