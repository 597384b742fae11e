"""From a request to an order: every check that stands between a client's words and the books. Changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from holdfast.domain.order import OrderStatus, Side
from holdfast.domain.symbols import asset_key, is_pair
from holdfast.exchange import advanced, means, replacement, routing, wash_trade
from holdfast.exchange.books import Books
from holdfast.exchange.hours import Hours
from holdfast.exchange.instrument import Instrument
from holdfast.exchange.margin import SHORT_RESERVE, AccountValue, Worth, value_account
from holdfast.exchange.matching import SHARE_STEP
from holdfast.exchange.order import (
    ZERO,
    Fate,
    Intent,
    Order,
    OrderClass,
    OrderRequest,
    OrderType,
    TimeInForce,
)
from holdfast.exchange.prices import Prices
from holdfast.exchange.refusal import malformed
from holdfast.exchange.replacement import Amendment
from holdfast.exchange.standing import Standing
from holdfast.exchange.validation import validate, validate_client_order_id


@dataclass(frozen=True, slots=True)
class Plan:
    """What an accepted request has become: the order's request, its way through the day, what it does."""

    request: OrderRequest
    route: routing.Route
    intent: Intent
    fate: Fate = Fate.NORMAL


class Intake:
    """Checks requests against the rules, the clock and the account."""

    def __init__(self, instruments: Mapping[str, Instrument], books: Books, prices: Prices, standing: Standing) -> None:
        self._instruments = instruments
        self._books = books
        self._prices = prices
        self._standing = standing

    def check(self, request: OrderRequest, hours: Hours, at: datetime, *, fate: Fate, is_closing_all: bool) -> Plan:
        """Check a new request.

        Raises:
            Refusal: with Alpaca's status, code and words.
        """
        request = advanced.normalised(self._in_own_words(request))
        instrument = validate(request, self._instruments)
        advanced.check(request, instrument, self._base_price(request))
        self._check_client_order_id(request.client_order_id)
        route = routing.route(request, hours, at, is_crypto=instrument.is_crypto)
        wash_trade.check(request, self._books.orders.working(request.symbol))
        intent = means.check(request, self._means(request, instrument), is_closing_all=is_closing_all)
        advanced.check_intent(request.order_class, intent)
        return Plan(request, route, intent, fate)

    def closing_request(self, symbol: str, held: Decimal, quantity: Decimal | None = None) -> OrderRequest:
        """Return the market order that closes `quantity`, or all, of the signed holding `held`."""
        return OrderRequest(
            symbol=symbol,
            side=Side.SELL if held > 0 else Side.BUY,
            type=OrderType.MARKET,
            time_in_force=TimeInForce.GTC if self._instruments[symbol].is_crypto else TimeInForce.DAY,
            quantity=abs(held) if quantity is None else quantity,
        )

    def plan_liquidation(self, symbol: str, held: Decimal, hours: Hours, at: datetime) -> Plan:
        """Return the plan that closes all of a holding; the broker asks nobody."""
        request = self.closing_request(symbol, held)
        route = routing.route(request, hours, at, is_crypto=self._instruments[symbol].is_crypto)
        return Plan(request, route, means.intent_of(request.side, held))

    def check_replacement(self, old: Order, amendment: Amendment, hours: Hours, at: datetime) -> Plan:
        """Check what is to take an order's place.

        Raises:
            Refusal: 422 if it cannot be replaced so, 403 if the account cannot afford it.
        """
        request = replacement.amended(old, amendment)
        instrument = validate(request, self._instruments)
        self._check_client_order_id(request.client_order_id)
        route = routing.route(request, hours, at, is_crypto=instrument.is_crypto)
        means.check_account(request, self._standing.terms)
        if old.is_exit_leg:
            # Exits of one group share what they hold; only an order of its own has to find its means anew.
            advanced.check_exit(request, [rival.request for rival in self._books.orders.rivals(old)])
            return Plan(request, route, old.intent, old.fate)
        advanced.check(request, instrument, self._base_price(request))
        others = [order for order in self._books.orders.working(old.symbol) if order.id != old.id]
        wash_trade.check(request, others)
        means.check(request, self._means(request, instrument, without=old))
        return Plan(request, route, old.intent, old.fate)

    def new_order(self, plan: Plan, at: datetime, *, replaces: Order | None = None) -> Order:
        """Make the order of a checked request, with the next ids."""
        request, ids = plan.request, self._books.ids
        order_id = ids.next()
        return Order(
            id=order_id,
            client_order_id=request.client_order_id or ids.next(),
            request=request,
            status=OrderStatus.PENDING_NEW if plan.route.is_trading else OrderStatus.ACCEPTED,
            sequence=ids.count,
            submitted_at=at,
            updated_at=at,
            expires_at=plan.route.expires_at,
            routes_at=plan.route.routes_at,
            intent=plan.intent,
            is_crypto=self._instruments[request.symbol].is_crypto,
            reserve_price=self._reserve_price(request),
            fate=plan.fate,
            parent_id=replaces.parent_id if replaces else None,
            leg_ids=replaces.leg_ids if replaces else (),
            replaces=replaces.id if replaces else None,
            trail_mark=self._first_mark(plan),
        )

    def legs_of(self, parent: Order, at: datetime) -> list[Order]:
        """Make the legs of an advanced order; they are held until it is their turn."""
        intents = {Side.BUY: Intent.BUY_TO_CLOSE, Side.SELL: Intent.SELL_TO_CLOSE}
        route = routing.Route(parent.routes_at, parent.expires_at, is_trading=False)
        plans = [Plan(leg, route, intents[leg.side]) for leg in advanced.leg_requests(parent.request)]
        made = [self.new_order(plan, at) for plan in plans]
        return [replace(leg, status=OrderStatus.HELD, parent_id=parent.id) for leg in made]

    def value(self, given_back: Decimal = ZERO) -> AccountValue:
        """Return the account at market; a holding whose price is unknown counts at cost.

        `given_back` is buying power in USD that a replaced order no longer keeps.
        """
        ledger, last = self._books.ledger, self._prices.last
        reserved = self._books.orders.reserved() - given_back
        holdings = (
            Worth(held.quantity, last.get(symbol) or held.average_entry_price, self._instruments[symbol].is_marginable)
            for symbol, held in ledger.holdings.items()
            if held.quantity
        )
        return value_account(ledger.cash, holdings, reserved, self._standing.terms)

    def canonical(self, symbol: str) -> str:
        """Return the listed name of a symbol that may be a pair written without its slash."""
        if symbol in self._instruments or is_pair(symbol):
            return symbol
        return next((name for name in self._instruments if is_pair(name) and asset_key(name) == symbol), symbol)

    def _first_mark(self, plan: Plan) -> Decimal | None:
        """Return where a trail begins; outside the session nowhere yet, for it follows the session's prices alone."""
        if plan.request.type is not OrderType.TRAILING_STOP or not plan.route.is_trading:
            return None
        return self._prices.last.get(plan.request.symbol)

    def _in_own_words(self, request: OrderRequest) -> OrderRequest:
        """Spell a pair with its slash, and cut coins to nine decimals, as Alpaca does without a word."""
        symbol, quantity = self.canonical(request.symbol), request.quantity
        instrument = self._instruments.get(symbol)
        if instrument is not None and instrument.is_crypto and quantity is not None and quantity.is_finite():
            quantity = quantity.quantize(SHARE_STEP, ROUND_DOWN)
        return replace(request, symbol=symbol, quantity=quantity)

    def _check_client_order_id(self, client_order_id: str | None) -> None:
        validate_client_order_id(client_order_id)
        if client_order_id is not None and self._books.orders.knows_client_order_id(client_order_id):
            raise malformed("client_order_id must be unique")

    def _base_price(self, request: OrderRequest) -> Decimal | None:
        if request.limit_price is not None and request.order_class is not OrderClass.OCO:
            return request.limit_price
        return self._prices.last.get(request.symbol)

    def _means(self, request: OrderRequest, instrument: Instrument, *, without: Order | None = None) -> means.Means:
        orders, symbol = self._books.orders, request.symbol
        held, given_back = orders.held_quantity(symbol), ZERO
        if without is not None:
            held -= without.held_quantity
            given_back = without.reserved
        return means.Means(
            instrument=instrument,
            position=self._books.ledger.quantity(symbol),
            held=held,
            price=self._reserve_price(request),
            value=lambda: self.value(given_back),
            terms=self._standing.terms,
            has_opposite_opening=any(
                order.side is not request.side and not order.intent.closes for order in orders.working(symbol)
            ),
        )

    def _reserve_price(self, request: OrderRequest) -> Decimal:
        """Return what one share is valued at: its own price or the market's; to open a short a little above it."""
        quote = self._prices.quote(request.symbol)
        last = self._prices.last.get(request.symbol, ZERO)
        if request.side is Side.SELL and not self._books.ledger.closable(request.symbol, request.side):
            return max(request.limit_price or ZERO, SHORT_RESERVE * (quote.ask if quote else last))
        asked = request.limit_price if request.limit_price is not None else request.stop_price
        if asked is not None:
            return asked
        return quote.taken_by(request.side) if quote else last
