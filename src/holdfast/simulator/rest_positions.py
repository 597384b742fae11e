"""`/v2/positions`: list, look up, close."""

from collections.abc import Iterable, Mapping, Sequence

from starlette.routing import Route

from holdfast.exchange.ledger import Holding
from holdfast.exchange.order import ZERO, Fill
from holdfast.exchange.refusal import Refusal, malformed, not_found
from holdfast.simulator.call import MULTI_STATUS, Answer, Call, amount
from holdfast.simulator.day_profit import fills_by_symbol, profit_of_day
from holdfast.simulator.gate import Gate
from holdfast.simulator.market import Market
from holdfast.simulator.rest_orders import cancel_all
from holdfast.simulator.wire import Body, asset_id, order_body, position_symbol, text, text_or_none

_PERCENT_MAX = 100


class PositionRoutes:
    """Handlers for positions."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def routes(self, gate: Gate) -> list[Route]:
        """Return the routes of these handlers."""
        return [
            Route("/v2/positions", gate.endpoint(self.list), methods=["GET"]),
            Route("/v2/positions", gate.endpoint(self.close_all), methods=["DELETE"]),
            Route("/v2/positions/{symbol}", gate.endpoint(self.one), methods=["GET"]),
            Route("/v2/positions/{symbol}", gate.endpoint(self.close), methods=["DELETE"]),
        ]

    def list(self, _call: Call) -> Answer:
        """List every holding, all in one answer."""
        holdings = self._market.exchange.books.ledger.open_holdings()
        todays = self._todays_fills()
        return Answer([self._body(symbol, holding, todays.get(symbol, ())) for symbol, holding in holdings.items()])

    def one(self, call: Call) -> Answer:
        """Show one holding."""
        symbol = self._symbol(call)
        holding = self._market.exchange.books.ledger.holdings[symbol]
        return Answer(self._body(symbol, holding, self._todays_fills().get(symbol, ())))

    def close(self, call: Call) -> Answer:
        """Close a holding, a number of its shares, or a percentage."""
        quantity, percentage = amount(call.query, "qty"), amount(call.query, "percentage")
        if quantity is not None and percentage is not None:
            raise malformed("only one of qty or percentage is accepted")
        if percentage is not None and not 0 < percentage <= _PERCENT_MAX:
            raise malformed("percentage must be between 0 and 100")
        market, symbol = self._market, self._symbol(call)
        events = market.step(
            lambda at: market.exchange.close_position(
                symbol, market.hours, at, quantity=quantity, percentage=percentage
            )
        )
        return Answer(order_body(events[0].order))

    def close_all(self, call: Call) -> Answer:
        """Close every holding; with `cancel_orders` the working orders go first."""
        if call.flag("cancel_orders"):
            cancel_all(self._market)
        return Answer(
            [self._close_row(symbol) for symbol in self._market.exchange.books.ledger.open_holdings()], MULTI_STATUS
        )

    def _close_row(self, symbol: str) -> Body:
        market = self._market
        try:
            events = market.step(lambda at: market.exchange.close_position(symbol, market.hours, at))
        except Refusal as refusal:
            body = {"code": refusal.code, "message": refusal.message, **refusal.extra}
            return {"symbol": symbol, "status": refusal.status, "body": body}
        return {"symbol": symbol, "status": 200, "body": order_body(events[0].order)}

    def _symbol(self, call: Call) -> str:
        """Return the holding's own symbol; a pair goes by its name without the slash, as in the list."""
        given = call.path_values["symbol"]
        for symbol in self._market.exchange.books.ledger.open_holdings():
            if given in (position_symbol(symbol), asset_id(symbol)):
                return symbol
        raise not_found("position does not exist")

    def _body(self, symbol: str, holding: Holding, todays_fills: Iterable[Fill]) -> Body:
        market = self._market
        price, before = market.price(symbol), market.previous_close(symbol)
        quantity, instrument = holding.quantity, market.exchange.instruments[symbol]
        value = holding.cost if price is None else quantity * price
        profit = value - holding.cost
        share = profit / abs(holding.cost) if holding.cost else ZERO
        sign = 1 if quantity > 0 else -1
        today = profit
        if price is not None and before is not None:
            today = profit_of_day(holding, todays_fills, price, before)
        return {
            "asset_id": asset_id(symbol),
            "symbol": position_symbol(symbol),
            "exchange": instrument.exchange,
            "asset_class": instrument.asset_class.value,
            "asset_marginable": instrument.is_marginable,
            "qty": text(quantity),
            "qty_available": text(sign * market.exchange.available_quantity(symbol)),
            "avg_entry_price": text(holding.average_entry_price),
            "side": "long" if quantity > 0 else "short",
            "market_value": text(value),
            "cost_basis": text(holding.cost),
            "unrealized_pl": text(profit),
            "unrealized_plpc": text(share),
            "unrealized_intraday_pl": text(today),
            "unrealized_intraday_plpc": text(today / abs(holding.cost) if holding.cost else ZERO),
            "current_price": text_or_none(price),
            "lastday_price": text_or_none(before),
            "change_today": text(price / before - 1) if price is not None and before else "0",
        }

    def _todays_fills(self) -> Mapping[str, Sequence[Fill]]:
        market = self._market
        return fills_by_symbol(market.exchange.books.fills, market.hours.day.pre_open)
