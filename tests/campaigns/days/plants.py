"""Planted bugs of the simulated days: small changes that somebody might make in good faith, and that must be caught."""

from campaigns.days.bots import Parts
from holdfast.domain import events
from holdfast.domain.decide import Decision, Moment
from holdfast.domain.doubt import unresolved
from holdfast.domain.errors import HoldfastError
from holdfast.domain.order import Intent
from holdfast.domain.reconcile import reconcile
from holdfast.domain.risk import Approved
from holdfast.engine.approval import SavedIntent
from holdfast.engine.inbox import FactsRead
from holdfast.engine.worker import SymbolWorker


class SavesAfterSubmit(SymbolWorker):
    """Sends first and writes down afterwards."""

    async def _trade(self, decision: Decision, approved: Approved, moment: Moment) -> None:
        del decision, moment
        view = await self._tools.broker.submit(SavedIntent(approved.intent))
        await self._commit(events.IntentRecorded(approved.intent), events.OrderSeen(view, approved.intent.role))


class BelievesOneRead(SymbolWorker):
    """Corrects the file from a single read of the positions."""

    async def _on_facts(self, read: FactsRead) -> None:
        outcome = reconcile(self.state, read.facts, self.spec.policy, at=read.at, earlier=read.facts.read)
        await self._save_if_changed(outcome.state)


class RetriesUnderFreshId(SymbolWorker):
    """Sends again what was not answered, under an id that was never used."""

    _tries = 0

    async def _look_up(self) -> None:
        await super()._look_up()
        for order in unresolved(self.state):
            self._tries += 1
            name = f"{order.client_order_id[:-1]}{self._tries}"
            intent = Intent(name, self.symbol, order.side, order.quantity, order.role)
            await self._commit(events.IntentRecorded(intent))
            try:
                view = await self._tools.broker.submit(SavedIntent(intent))
            except HoldfastError:
                continue
            await self._commit(events.OrderSeen(view, order.role))


# Each with the parts that carry it and the invariants of which one must be seen broken.
PLANTS = {
    "save after submit": (Parts(worker=SavesAfterSubmit), ("I1",)),
    "believe one read": (Parts(worker=BelievesOneRead), ("I2", "I3", "I8")),
    "fresh id on retry": (Parts(worker=RetriesUnderFreshId), ("I4", "I13", "I2")),
}
