"""What a request must look like before the account is even looked at. Source: Alpaca's order rules, 2026."""

from collections.abc import Mapping
from decimal import Decimal

from holdfast.domain.order import Side
from holdfast.exchange.instrument import Instrument
from holdfast.exchange.order import OrderClass, OrderRequest, OrderType, TimeInForce
from holdfast.exchange.refusal import forbidden, malformed, unprocessable

CLIENT_ORDER_ID_LENGTH_MAX = 128
_NOTIONAL_USD_MIN = Decimal(1)
_QUANTITY_DECIMALS_MAX, _CRYPTO_NOTIONAL_DECIMALS_MAX = 9, 2
_DOLLAR = Decimal(1)
_PERCENT_MAX = 100
_TRAIL_DECIMALS_MAX = 4
_CRYPTO_TYPES = {OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LIMIT}
_CRYPTO_TIMES = {TimeInForce.GTC, TimeInForce.IOC}
_WHOLE_LIFE = {TimeInForce.DAY, TimeInForce.GTC}
_CRYPTO_CLASS_WORDS = {OrderClass.BRACKET: "otoco", OrderClass.OCO: "oco", OrderClass.OTO: "oto"}


def validate(request: OrderRequest, instruments: Mapping[str, Instrument]) -> Instrument:
    """Check a request by itself and return what it trades.

    Raises:
        Refusal: 403 or 422 with Alpaca's words, for the first rule it breaks.
    """
    _validate_amount(request)
    instrument = instruments.get(request.symbol)
    if instrument is None:
        raise unprocessable(f'asset "{request.symbol}" not found')
    if not instrument.is_active:
        raise unprocessable(f'asset "{request.symbol}" is not active')
    if not instrument.is_tradable:
        raise unprocessable(f'asset "{request.symbol}" is not tradable')
    validate_prices(request, instrument)
    if instrument.is_crypto:
        _validate_crypto(request)
    else:
        _validate_equity(request, instrument)
    validate_client_order_id(request.client_order_id)
    return instrument


def validate_client_order_id(client_order_id: str | None) -> None:
    """Check the client's own id.

    Raises:
        Refusal: 422 if it is too long.
    """
    if client_order_id is not None and len(client_order_id) > CLIENT_ORDER_ID_LENGTH_MAX:
        raise malformed(f"client_order_id must be at most {CLIENT_ORDER_ID_LENGTH_MAX} characters")


def _validate_amount(request: OrderRequest) -> None:
    if request.quantity is None and request.notional is None:
        raise malformed("qty or notional is required")
    if request.quantity is not None and request.notional is not None:
        raise malformed("only one of qty or notional is accepted")
    if request.quantity is not None and not is_positive(request.quantity):
        raise malformed("qty must be > 0")
    if request.notional is not None and not is_positive(request.notional):
        raise malformed("notional must be > 0")
    if request.notional is not None and request.side is Side.BUY and request.notional < _NOTIONAL_USD_MIN:
        raise malformed("notional must be >= 1.00")


def validate_prices(request: OrderRequest, instrument: Instrument) -> None:
    """Check that the prices of a request are those of its type, positive, and on the exchange's grid.

    Raises:
        Refusal: 422 for the first that is not.
    """
    if request.type is OrderType.MARKET and (request.limit_price is not None or request.stop_price is not None):
        raise malformed("market orders require no limit or stop price")
    _validate_price(request, "limit_price", request.limit_price, instrument, is_needed=request.type.has_limit)
    _validate_price(request, "stop_price", request.stop_price, instrument, is_needed=request.type.has_stop)
    _validate_trail(request)


def _validate_price(
    request: OrderRequest, name: str, price: Decimal | None, instrument: Instrument, *, is_needed: bool
) -> None:
    word = name.removesuffix("_price")
    if price is None and is_needed:
        raise malformed(f"{request.type.value.replace('_', ' ')} orders require a {word} price")
    if price is None:
        return
    if not is_needed:
        raise malformed(f"{request.type.value.replace('_', ' ')} orders require no {word} price")
    validate_step(name, price, instrument)


def validate_step(name: str, price: Decimal, instrument: Instrument) -> None:
    """Check one price: positive, whole cents from a dollar on, four decimals below, the pair's own step for crypto.

    Raises:
        Refusal: 422.
    """
    if not is_positive(price):
        raise malformed(f"{name} must be > 0")
    cents_max = 2 if price >= _DOLLAR else 4
    is_off = price % instrument.price_step != 0 if instrument.is_crypto else decimals(price) > cents_max
    if is_off:
        raise unprocessable(f"invalid {name} {price:f}. sub-penny increment does not fulfill minimum pricing criteria")


def _validate_trail(request: OrderRequest) -> None:
    given = [trail for trail in (request.trail_price, request.trail_percent) if trail is not None]
    if request.type is not OrderType.TRAILING_STOP:
        if given:
            raise malformed(f"{request.type.value.replace('_', ' ')} orders require no trail price or percent")
        return
    if len(given) != 1:
        raise malformed("trailing stop orders require exactly one of trail_price and trail_percent")
    if not is_positive(given[0]):
        raise malformed("trail_price and trail_percent must be > 0")
    if decimals(given[0]) > _TRAIL_DECIMALS_MAX:
        raise unprocessable("trail_price and trail_percent must have at most 4 decimal places")
    if request.trail_percent is not None and request.trail_percent >= _PERCENT_MAX:
        raise malformed("trail_percent must be < 100")


def _validate_crypto(request: OrderRequest) -> None:
    if request.order_class.is_advanced:
        word = _CRYPTO_CLASS_WORDS[request.order_class]
        raise unprocessable(f"crypto orders not allowed for advanced order_class: {word}")
    if request.type not in _CRYPTO_TYPES:
        raise malformed("invalid order type for crypto order")
    if request.time_in_force not in _CRYPTO_TIMES:
        raise unprocessable("invalid crypto time_in_force")
    if request.extended_hours:
        raise unprocessable("extended hours are not for crypto: it trades around the clock")
    if request.notional is not None and decimals(request.notional) > _CRYPTO_NOTIONAL_DECIMALS_MAX:
        raise unprocessable("notional must have at most 2 decimal places")


def _validate_equity(request: OrderRequest, instrument: Instrument) -> None:
    lasts = request.time_in_force
    _validate_fraction(request, instrument)
    if request.type.waits_for_trigger and lasts not in _WHOLE_LIFE:
        raise unprocessable(f"{request.type.value} orders must be DAY or GTC orders")
    if request.extended_hours and (request.type is not OrderType.LIMIT or lasts not in _WHOLE_LIFE):
        raise unprocessable("extended hours order must be DAY or GTC limit orders")


def _validate_fraction(request: OrderRequest, instrument: Instrument) -> None:
    if not request.is_fractional:
        return
    if not instrument.is_fractionable:
        raise forbidden(f'asset "{instrument.symbol}" is not fractionable')
    if request.time_in_force is not TimeInForce.DAY:
        raise unprocessable("fractional orders must be DAY orders")
    if request.type is OrderType.TRAILING_STOP:
        raise unprocessable("fractional orders must be market, limit, stop or stop_limit orders")
    if request.order_class.is_advanced:
        raise unprocessable("fractional orders must be simple orders")
    if request.quantity is not None and decimals(request.quantity) > _QUANTITY_DECIMALS_MAX:
        raise unprocessable("qty must have at most 9 decimal places")


def is_positive(number: Decimal) -> bool:
    """Whether it is a number above zero."""
    return number.is_finite() and number > 0


def decimals(number: Decimal) -> int:
    """Return how many decimals it needs."""
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
