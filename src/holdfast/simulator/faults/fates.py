"""What faults lay upon orders as they are placed and canceled: held, filled in part, rejected, stuck, overtaken."""

from collections.abc import Mapping

from holdfast.exchange.order import Fate, OrderEvent, OrderRequest
from holdfast.simulator.call import Call
from holdfast.simulator.faults.faults import Faults
from holdfast.simulator.faults.kinds import Place
from holdfast.simulator.faults.occasions import occasion_of
from holdfast.simulator.market import Market

FATES: Mapping[str, Fate] = {
    "hold_fills": Fate.FROZEN,
    "partial_fills": Fate.PARTIAL,
    "reject_accepted": Fate.REJECTED,
    "fill_beats_cancel": Fate.RACING,
}


class Fates:
    """Hands orders and cancels to the market, with what the faults have in store for them."""

    def __init__(self, market: Market, faults: Faults) -> None:
        self._market = market
        self._faults = faults

    def submit(self, call: Call, request: OrderRequest) -> list[OrderEvent]:
        """Place an order.

        Raises:
            Refusal: the exchange said no.
        """
        occasion = occasion_of(call, self._market.exchange)
        fault = self._faults.choose(Place.ORDER, occasion)
        events = self._market.submit(request, fate=FATES[fault.kind] if fault else Fate.NORMAL)
        if fault is not None:
            self._faults.count(fault, occasion)
        return events

    def cancel(self, call: Call, order_id: str) -> None:
        """Cancel an order, if nothing comes before it.

        Raises:
            Refusal: the exchange said no.
        """
        market, orders = self._market, self._market.exchange.books.orders
        if (order := orders.find(order_id)) is not None and order.fate is Fate.RACING:
            market.step(lambda at: market.exchange.release(market.hours, at, order_id))
        occasion = occasion_of(call, market.exchange)
        fault = self._faults.choose(Place.CANCEL, occasion)
        events = market.step(lambda at: market.exchange.cancel(order_id, at, is_stuck=fault is not None))
        # An order that is not at the market yet is canceled at once, whatever was in store for it.
        if fault is not None and events and orders.get(order_id).fate is Fate.STUCK:
            self._faults.count(fault, occasion)
