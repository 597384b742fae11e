"""The bot of a first lesson, whole: order first and file later, positions only, any error means flat, plain writes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from campaigns.days.bots import Parts
from campaigns.planted.memory import AnyErrorIsFlat
from campaigns.planted.truth import without_orders
from campaigns.planted.worlds import Bug
from holdfast.domain import events
from holdfast.domain.decide import Decision, Moment
from holdfast.domain.errors import HoldfastError
from holdfast.domain.position import FLAT
from holdfast.domain.risk import Approved
from holdfast.domain.state import Status, SymbolState
from holdfast.engine.approval import SavedIntent
from holdfast.engine.inbox import FactsRead
from holdfast.engine.reconciler import Ready, Reconciler, Report
from holdfast.engine.worker import SymbolWorker


class OrderFirst(SymbolWorker):
    """Sends, and writes down what it is told; without an answer it takes itself for flat."""

    async def _trade(self, decision: Decision, approved: Approved, moment: Moment) -> None:
        del decision, moment
        try:
            view = await self._tools.broker.submit(SavedIntent(approved.intent))
        except HoldfastError:
            self.state = await self._tools.store.save(replace(self.state, position=FLAT))
            return
        await self._commit(events.IntentRecorded(approved.intent), events.OrderSeen(view, approved.intent.role))

    async def _on_facts(self, read: FactsRead) -> None:
        held = replace(FLAT, quantity=read.facts.total)
        await self._save_if_changed(replace(self.state, position=held, orders=()))


class PositionsOnly(Reconciler):
    """Takes the position list for the whole truth at a start."""

    async def run(self, policies: Mapping[str, Any], *others: Any, **admission: Any) -> Report:  # noqa: ANN401 - passed on
        """Write nothing and believe the positions."""
        self._is_dry = True
        report = await super().run(policies, *others, **admission)
        held = {one.symbol: one.quantity for one in (await self._broker.positions()).good}
        for symbol in policies:
            position = replace(FLAT, quantity=held.get(symbol, FLAT.quantity))
            state = SymbolState(symbol, position=position, status=Status.ACTIVE, account_id=report.account.id)
            report.ready[symbol] = Ready(admission["admit"](symbol, state) if "admit" in admission else state)
        return report


LESSON = Bug(
    Parts(worker=OrderFirst, store=AnyErrorIsFlat),
    {
        "holdfast.engine.start:Reconciler": PositionsOnly,
        "holdfast.engine.reconciler:sort_snapshot": without_orders,
        "holdfast.engine.supervisor:sort_snapshot": without_orders,
    },
)
