"""`/v2/orders`: place, list, look up, cancel."""

from collections.abc import Iterator
from typing import Any, TypeVar

from starlette.routing import Route

from holdfast.domain.order import Side
from holdfast.exchange.order import Order, OrderRequest, OrderType, TimeInForce
from holdfast.exchange.refusal import malformed
from holdfast.simulator.call import MULTI_STATUS, NO_CONTENT, Answer, Call, amount
from holdfast.simulator.faults.fault import Occasion
from holdfast.simulator.faults.faults import Faults
from holdfast.simulator.faults.kinds import Place
from holdfast.simulator.gate import Gate
from holdfast.simulator.market import Market
from holdfast.simulator.wire import order_body

_LIMIT_DEFAULT, _LIMIT_MAX = 50, 500
Word = TypeVar("Word", Side, OrderType, TimeInForce)


class OrderRoutes:
    """Handlers for orders."""

    def __init__(self, market: Market, faults: Faults) -> None:
        self._market = market
        self._faults = faults

    def routes(self, gate: Gate) -> list[Route]:
        """Return the routes of these handlers."""
        return [
            Route("/v2/orders", gate.endpoint(self.submit), methods=["POST"]),
            Route("/v2/orders", gate.endpoint(self.list), methods=["GET"]),
            Route("/v2/orders", gate.endpoint(self.cancel_all), methods=["DELETE"]),
            Route("/v2/orders:by_client_order_id", gate.endpoint(self.by_client_order_id), methods=["GET"]),
            Route("/v2/orders/{order_id}", gate.endpoint(self.by_id), methods=["GET"]),
            Route("/v2/orders/{order_id}", gate.endpoint(self.cancel), methods=["DELETE"]),
        ]

    def submit(self, call: Call) -> Answer:
        """Place an order; the answer shows it as it was before it could fill."""
        request = parse_order(call.body)
        frozen = self._faults.take(Place.ORDER, Occasion(call.method, call.path, call.symbols)) is not None
        return Answer(order_body(self._market.submit(request, frozen=frozen)[0].order))

    def list(self, call: Call) -> Answer:
        """List orders, newest first unless asked otherwise."""
        limit = call.number("limit", _LIMIT_DEFAULT, _LIMIT_MAX)
        orders = sorted(self._chosen(call), key=lambda order: order.sequence)
        if call.query.get("direction") != "asc":
            orders.reverse()
        return Answer([order_body(order) for order in orders[:limit]])

    def by_id(self, call: Call) -> Answer:
        """Look one order up."""
        return Answer(order_body(self._market.exchange.orders.get(call.path_values["order_id"])))

    def by_client_order_id(self, call: Call) -> Answer:
        """Look one order up by the client's own id."""
        client_order_id = call.query.get("client_order_id", "")
        return Answer(order_body(self._market.exchange.orders.by_client_order_id(client_order_id)))

    def cancel(self, call: Call) -> Answer:
        """Cancel one order."""
        exchange, order_id = self._market.exchange, call.path_values["order_id"]
        self._market.step(lambda at: exchange.cancel(order_id, at))
        return Answer(None, NO_CONTENT)

    def cancel_all(self, _call: Call) -> Answer:
        """Cancel every working order."""
        return Answer([{"id": order_id, "status": 200} for order_id in cancel_all(self._market)], MULTI_STATUS)

    def _chosen(self, call: Call) -> Iterator[Order]:
        orders = self._market.exchange.orders
        wanted = _enum(call.query, "status", {"open", "closed", "all"}, "open")
        symbols = {symbol for symbol in call.query.get("symbols", "").split(",") if symbol}
        side = call.query.get("side")
        first, last = self._sequences(call)
        after, until = call.moment("after"), call.moment("until")
        for order in orders.working() if wanted == "open" else orders.all():
            if (
                (wanted != "closed" or not order.is_working)
                and (not symbols or order.symbol in symbols)
                and (side is None or order.side == side)
                and first < order.sequence < last
                and (after is None or order.submitted_at > after)
                and (until is None or order.submitted_at < until)
            ):
                yield order

    def _sequences(self, call: Call) -> tuple[float, float]:
        after, before = call.query.get("after_order_id"), call.query.get("before_order_id")
        get = self._market.exchange.orders.get
        return (get(after).sequence if after else 0, get(before).sequence if before else float("inf"))


def cancel_all(market: Market) -> list[str]:
    """Cancel every working order in one step and return their ids."""
    exchange = market.exchange
    ids = [order.id for order in exchange.orders.working()]
    market.step(lambda at: [event for order_id in ids for event in exchange.cancel(order_id, at)])
    return ids


def parse_order(body: Any) -> OrderRequest:  # noqa: ANN401 - whatever JSON a client has sent
    """Read the body of a POST.

    Raises:
        Refusal: 422 for a field that is missing or cannot be read; the exchange checks the rest.
    """
    if body.get("order_class") not in (None, "", "simple"):
        raise malformed(f"order_class {body['order_class']!r} is not supported by this simulator")
    for name in ("stop_price", "trail_price", "trail_percent", "take_profit", "stop_loss"):
        if body.get(name) is not None:
            raise malformed(f"{name} is not supported by this simulator")
    client_order_id = body.get("client_order_id")
    return OrderRequest(
        symbol=_text(body, "symbol"),
        side=_word(body, "side", Side),
        type=_word(body, "type", OrderType),
        time_in_force=_word(body, "time_in_force", TimeInForce),
        quantity=amount(body, "qty"),
        notional=amount(body, "notional"),
        limit_price=amount(body, "limit_price"),
        client_order_id=str(client_order_id) if client_order_id else None,
        extended_hours=bool(body.get("extended_hours")),
    )


def _text(body: Any, name: str) -> str:  # noqa: ANN401 - whatever JSON a client has sent
    given = body.get(name)
    if not isinstance(given, str) or not given:
        raise malformed(f"{name} is required")
    return given


def _word(body: Any, name: str, words: type[Word]) -> Word:  # noqa: ANN401 - whatever JSON a client has sent
    given = _text(body, name)
    try:
        return words(given)
    except ValueError:
        raise malformed(f"invalid {name}: {given}") from None


def _enum(query: Any, name: str, words: set[str], default: str) -> str:  # noqa: ANN401 - a query is text
    given = query.get(name) or default
    if given not in words:
        raise malformed(f"invalid {name}: {given}")
    return str(given)
