"""`/v2/orders`: place, list, look up, replace, cancel."""

from collections.abc import Iterator

from starlette.routing import Route

from holdfast.domain.order import Side
from holdfast.exchange.order import Order
from holdfast.simulator.call import MULTI_STATUS, NO_CONTENT, Answer, Call
from holdfast.simulator.faults.fates import Fates
from holdfast.simulator.gate import Gate
from holdfast.simulator.market import Market
from holdfast.simulator.order_requests import parse_amendment, parse_order
from holdfast.simulator.wire import Body, order_body, symbol_of_asset

_LIMIT_DEFAULT, _LIMIT_MAX = 50, 500


class OrderRoutes:
    """Handlers for orders."""

    def __init__(self, market: Market, fates: Fates) -> None:
        self._market = market
        self._fates = fates

    def routes(self, gate: Gate) -> list[Route]:
        """Return the routes of these handlers."""
        return [
            Route("/v2/orders", gate.endpoint(self.submit), methods=["POST"]),
            Route("/v2/orders", gate.endpoint(self.list), methods=["GET"]),
            Route("/v2/orders", gate.endpoint(self.cancel_all), methods=["DELETE"]),
            Route("/v2/orders:by_client_order_id", gate.endpoint(self.by_client_order_id), methods=["GET"]),
            Route("/v2/orders/{order_id}", gate.endpoint(self.by_id), methods=["GET"]),
            Route("/v2/orders/{order_id}", gate.endpoint(self.replace), methods=["PATCH"]),
            Route("/v2/orders/{order_id}", gate.endpoint(self.cancel), methods=["DELETE"]),
        ]

    def submit(self, call: Call) -> Answer:
        """Place an order; the answer shows it as it was before it could fill."""
        request = parse_order(call.body, lambda given: symbol_of_asset(given, self._market.exchange.instruments))
        events = self._fates.submit(call, request)
        return Answer(self._body(events[0].order, is_nested=True))

    def list(self, call: Call) -> Answer:
        """List orders, newest first unless asked otherwise; nested, legs stand under their parents only."""
        limit = call.number("limit", _LIMIT_DEFAULT, _LIMIT_MAX)
        is_nested = call.flag("nested")
        orders = sorted(self._chosen(call), key=lambda order: order.sequence)
        if is_nested:
            shown = {order.id for order in orders}
            orders = [order for order in orders if order.parent_id not in shown]
        if call.query.get("direction") != "asc":
            orders.reverse()
        return Answer([self._body(order, is_nested=is_nested) for order in orders[:limit]])

    def by_id(self, call: Call) -> Answer:
        """Look one order up."""
        order = self._market.exchange.books.orders.get(call.path_values["order_id"])
        return Answer(self._body(order, is_nested=call.flag("nested")))

    def by_client_order_id(self, call: Call) -> Answer:
        """Look one order up by the client's own id."""
        client_order_id = call.query.get("client_order_id", "")
        order = self._market.exchange.books.orders.by_client_order_id(client_order_id)
        return Answer(self._body(order, is_nested=call.flag("nested")))

    def replace(self, call: Call) -> Answer:
        """Put a changed order in the place of a working one."""
        market, order_id = self._market, call.path_values["order_id"]
        amendment = parse_amendment(call.body)
        events = market.step(lambda at: market.exchange.replace(order_id, amendment, market.hours, at))
        return Answer(self._body(events[0].order, is_nested=True))

    def cancel(self, call: Call) -> Answer:
        """Cancel one order."""
        self._fates.cancel(call, call.path_values["order_id"])
        return Answer(None, NO_CONTENT)

    def cancel_all(self, _call: Call) -> Answer:
        """Cancel every working order."""
        return Answer([{"id": order_id, "status": 200} for order_id in cancel_all(self._market)], MULTI_STATUS)

    def _body(self, order: Order, *, is_nested: bool) -> Body:
        return order_body(order, self._market.exchange.books.orders.legs(order) if is_nested else ())

    def _chosen(self, call: Call) -> Iterator[Order]:
        orders = self._market.exchange.books.orders
        wanted = call.word("status", {"open", "closed", "all"}) or "open"
        asset_class = call.word("asset_class", {"us_equity", "crypto", "us_option", "all"})
        symbols = {self._market.exchange.canonical(name) for name in call.query.get("symbols", "").split(",") if name}
        side = call.word("side", frozenset(Side))
        first, last = self._sequences(call)
        after, until = call.moment("after"), call.moment("until")
        for order in orders.working() if wanted == "open" else orders.all():
            if (
                (wanted != "closed" or not order.is_working)
                and (not symbols or order.symbol in symbols)
                and (side is None or order.side == side)
                and (asset_class in (None, "all") or asset_class == ("crypto" if order.is_crypto else "us_equity"))
                and first < order.sequence < last
                and (after is None or order.submitted_at > after)
                and (until is None or order.submitted_at < until)
            ):
                yield order

    def _sequences(self, call: Call) -> tuple[float, float]:
        after, before = call.query.get("after_order_id"), call.query.get("before_order_id")
        get = self._market.exchange.books.orders.get
        return (get(after).sequence if after else 0, get(before).sequence if before else float("inf"))


def cancel_all(market: Market) -> list[str]:
    """Cancel every working order in one step and return their ids."""
    exchange = market.exchange
    ids = [order.id for order in exchange.books.orders.working()]
    market.step(lambda at: exchange.cancel_all(ids, at))
    return ids
