"""Telling what happened: one journal line per thing for machines, one log line for people, a report per reconcile."""

from loguru import logger

from holdfast.domain.decimals import plain, price_text
from holdfast.domain.order import Intent, OrderRecord, OrderStatus
from holdfast.domain.position import ZERO
from holdfast.domain.state import Correction, SymbolState
from holdfast.engine.findings import Findings, told
from holdfast.engine.memory import Journal, Reports


class Chronicle:
    """Compares a state before and after a save and writes down the difference."""

    def __init__(self, journal: Journal, reports: Reports | None = None) -> None:
        self._journal = journal
        self._reports = reports

    async def reconciled(self, findings: Findings) -> None:
        """Keep what a reconcile found where a person can read it the next morning."""
        if self._reports is not None:
            await self._reports.keep(findings)

    def decided(self, intent: Intent, why: str) -> None:
        """Note a decision to trade."""
        facts = {
            "id": intent.client_order_id,
            "side": intent.side.value,
            "quantity": plain(intent.quantity),
            "why": why,
        }
        self._journal.note(intent.symbol, "decision", facts)

    def changed(self, before: SymbolState, after: SymbolState) -> int:
        """Note what a save changed; return how many orders it settled with a fill (trades)."""
        trades = 0
        for order in after.orders:
            known = before.order(order.client_order_id)
            if order != known:
                trades += self._order(after, known, order)
        if after.status is not before.status:
            self._status(after)
        if after.last_correction is not None and after.last_correction != before.last_correction:
            self.corrected(after.symbol, after.last_correction)
        return trades

    def admitted(self, state: SymbolState) -> None:
        """Note the status that a symbol begins with; the start says it to people itself."""
        self._journal.note(state.symbol, "status", {"status": state.status.value, "reason": state.status_reason})

    def corrected(self, symbol: str, correction: Correction) -> None:
        """Note a correction: what it was, what it is, and why."""
        facts = {"field": correction.field, "was": correction.was, "is": correction.now, "why": correction.why}
        self._journal.note(symbol, "correction", facts)
        logger.warning("{}", told(symbol, correction))

    def _order(self, state: SymbolState, known: OrderRecord | None, order: OrderRecord) -> int:
        facts = {
            "id": order.client_order_id,
            "status": order.status.value,
            "filled": plain(order.filled_quantity),
            "price": plain(order.filled_average_price) if order.filled_average_price else None,
            "reason": order.reason,
        }
        new = order.filled_quantity - (known.filled_quantity if known else 0)
        self._journal.note(state.symbol, "fill" if new else "order", facts)
        settled = not order.is_unsettled and (known is None or known.is_unsettled)
        if settled:
            _say_settled(state, order)
        return int(settled and order.filled_quantity > 0)

    def _status(self, state: SymbolState) -> None:
        self.admitted(state)
        if state.status_reason:
            logger.warning("{}: {}: {}", state.symbol, state.status.value, state.status_reason)
        else:
            logger.info("{}: {}", state.symbol, state.status.value)


def _say_settled(state: SymbolState, order: OrderRecord) -> None:
    if order.filled_quantity:
        verb = "bought" if order.side.sign > 0 else "sold"
        price = price_text(order.filled_average_price or ZERO)
        held = plain(state.position.quantity)
        why = f" ({state.last_decision.why})" if state.last_decision else ""
        logger.info("{}: {} {} at {}, now {}{}", state.symbol, verb, plain(order.filled_quantity), price, held, why)
    if order.status is not OrderStatus.FILLED:
        reason = f": {order.reason}" if order.reason else ""
        logger.warning("{}: order {} {}{}", state.symbol, order.client_order_id, order.status.value, reason)
