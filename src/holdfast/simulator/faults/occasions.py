"""What a request is about, in the exchange's own names, so that a fault finds it however it is spelled."""

from holdfast.exchange.exchange import Exchange
from holdfast.simulator.call import Call
from holdfast.simulator.faults.fault import Occasion
from holdfast.simulator.wire import symbol_of_asset


def listed_name(given: str, exchange: Exchange) -> str:
    """Return the listed symbol of an asset's id or of a pair without its slash; anything else as it came."""
    return exchange.canonical(symbol_of_asset(given, exchange.instruments))


def occasion_of(call: Call, exchange: Exchange) -> Occasion:
    """Return what a request is about; one that names an order is about the order's symbol."""
    order = exchange.books.orders.find(call.path_values.get("order_id", ""))
    named = {listed_name(symbol, exchange) for symbol in call.symbols}
    return Occasion(call.method, call.path, frozenset(named if order is None else {*named, order.symbol}))
