"""Planted bugs around one order: when it is written down, when it is given up, what its news mean."""

from collections import Counter
from dataclasses import replace
from typing import Any

from campaigns.days.wire import WireBroker
from holdfast.domain import events
from holdfast.domain.decide import Decision, Moment
from holdfast.domain.doubt import unresolved
from holdfast.domain.errors import DuplicateOrder, OutcomeUnknown, Rejected
from holdfast.domain.order import OrderRecord, OrderView
from holdfast.domain.order_id import order_id
from holdfast.domain.risk import Approved
from holdfast.engine.approval import SavedIntent
from holdfast.engine.worker import SymbolWorker

POLLS = 5


class GivesUp(SymbolWorker):
    """Takes the fifth 404 for proof, whenever it comes."""

    def __init__(self, *parts: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(*parts)
        self._polls: Counter[str] = Counter()

    async def _not_found(self, record: OrderRecord) -> None:
        self._polls[record.client_order_id] += 1
        if self._polls[record.client_order_id] >= POLLS:
            await self._commit(events.OrderProvedAbsent(record.client_order_id))


class KeepsErrors(WireBroker):
    """An adapter that remembers what each POST ended in."""

    def __init__(self, *parts: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(*parts)
        self.errors: dict[str, str] = {}

    async def submit(self, intent: SavedIntent) -> OrderView:
        """POST an order."""
        try:
            return await super().submit(intent)
        except OutcomeUnknown as error:
            self.errors[intent.intent.client_order_id] = str(error)
            raise


class ServerErrorIsRejection(SymbolWorker):
    """Takes a 502, 503 or 504 for a no."""

    async def _trade(self, decision: Decision, approved: Approved, moment: Moment) -> None:
        await super()._trade(decision, approved, moment)
        broker: Any = self._tools.broker
        for order in unresolved(self.state):
            if "answered 50" in broker.errors.get(order.client_order_id, ""):
                await self._commit(events.OrderProvedAbsent(order.client_order_id))


class RefusesServerErrors(WireBroker):
    """An adapter that reports a 5xx as a refusal."""

    async def submit(self, intent: SavedIntent) -> OrderView:
        """POST an order."""
        try:
            return await super().submit(intent)
        except OutcomeUnknown as error:
            raise Rejected(str(error), status=504) from None


class RefusesDuplicates(WireBroker):
    """An adapter that does not tell a duplicate from any other refusal."""

    async def submit(self, intent: SavedIntent) -> OrderView:
        """POST an order."""
        try:
            return await super().submit(intent)
        except DuplicateOrder as error:
            raise Rejected(error.reason, status=error.status) from None


class CountsInMemory(SymbolWorker):
    """Names its orders by a counter that begins anew with every process."""

    _count = 0

    def _decide(self, moment: Moment) -> Decision:
        decision = super()._decide(moment)
        if decision.intent is None:
            return decision
        self._count += 1
        name = order_id(self.spec.rules.bot, self.symbol, f"n{self._count}", decision.intent.side)
        return replace(decision, intent=replace(decision.intent, client_order_id=name))
