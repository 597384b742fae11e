"""What a request must look like before the account is even looked at. Source: Alpaca's order rules, 2026."""

from collections.abc import Mapping
from decimal import Decimal

from holdfast.exchange.instrument import Instrument
from holdfast.exchange.order import OrderRequest, OrderType, TimeInForce
from holdfast.exchange.refusal import Refusal, malformed, unprocessable

CLIENT_ORDER_ID_LENGTH_MAX = 128
_NOTIONAL_USD_MIN = Decimal(1)
_QUANTITY_DECIMALS_MAX = 9
_DOLLAR = Decimal(1)


def validate(request: OrderRequest, instruments: Mapping[str, Instrument]) -> None:
    """Check a request by itself.

    Raises:
        Refusal: 422 with Alpaca's words, for the first rule it breaks.
    """
    _validate_amount(request)
    instrument = instruments.get(request.symbol)
    if instrument is None:
        raise unprocessable(f'asset "{request.symbol}" not found')
    if not instrument.is_tradable:
        raise unprocessable(f'asset "{request.symbol}" is not tradable')
    _validate_price(request)
    _validate_fraction(request, instrument)
    if request.client_order_id is not None and len(request.client_order_id) > CLIENT_ORDER_ID_LENGTH_MAX:
        raise malformed(f"client_order_id must be at most {CLIENT_ORDER_ID_LENGTH_MAX} characters")


def _validate_amount(request: OrderRequest) -> None:
    if request.quantity is None and request.notional is None:
        raise malformed("qty or notional is required")
    if request.quantity is not None and request.notional is not None:
        raise malformed("only one of qty or notional is accepted")
    if request.quantity is not None and not _is_positive(request.quantity):
        raise malformed("qty must be > 0")
    if request.notional is not None and not (_is_positive(request.notional) and request.notional >= _NOTIONAL_USD_MIN):
        raise malformed("notional must be >= 1.00")


def _validate_price(request: OrderRequest) -> None:
    price = request.limit_price
    if request.type is OrderType.MARKET:
        if price is not None:
            raise malformed("market orders require no limit or stop price")
        return
    if price is None:
        raise malformed("limit orders require a limit price")
    if not _is_positive(price):
        raise malformed("limit_price must be > 0")
    if _decimals(price) > (2 if price >= _DOLLAR else 4):
        text = f"invalid limit_price {price:f}. sub-penny increment does not fulfill minimum pricing criteria"
        raise unprocessable(text)


def _validate_fraction(request: OrderRequest, instrument: Instrument) -> None:
    quantity = request.quantity
    if quantity is not None and quantity == quantity.to_integral_value():
        return
    if not instrument.is_fractionable:
        raise Refusal(403, 40310000, f'asset "{instrument.symbol}" is not fractionable')
    if request.time_in_force is not TimeInForce.DAY:
        raise unprocessable("fractional orders must be DAY orders")
    if quantity is not None and _decimals(quantity) > _QUANTITY_DECIMALS_MAX:
        raise unprocessable("qty must have at most 9 decimal places")


def _is_positive(number: Decimal) -> bool:
    return number.is_finite() and number > 0


def _decimals(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
