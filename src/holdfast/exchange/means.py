"""Whether the account can afford an order: shares to close, the right to open a short, buying power."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from holdfast.domain.order import Side
from holdfast.exchange.instrument import Instrument
from holdfast.exchange.margin import AccountTerms, AccountValue
from holdfast.exchange.order import ZERO, Intent, OrderRequest, TimeInForce
from holdfast.exchange.refusal import (
    forbidden,
    insufficient_balance,
    insufficient_buying_power,
    insufficient_quantity,
    unprocessable,
)

_CRYPTO_USD_MIN = Decimal(10)


@dataclass(frozen=True, slots=True)
class Means:
    """What an order is measured by: the position (signed) and what orders hold of it, and the account at market.

    `value` adds the account up and is asked for by opening orders only. `price` values one share in USD;
    `has_opposite_opening` is whether an order that would open the other side is at work.
    """

    instrument: Instrument
    position: Decimal
    held: Decimal
    price: Decimal
    value: Callable[[], AccountValue]
    terms: AccountTerms
    has_opposite_opening: bool = False


def intent_of(side: Side, position: Decimal) -> Intent:
    """Return what an order of `side` does to a signed position."""
    if side is Side.BUY:
        return Intent.BUY_TO_CLOSE if position < 0 else Intent.BUY_TO_OPEN
    return Intent.SELL_TO_CLOSE if position > 0 else Intent.SELL_TO_OPEN


def check(request: OrderRequest, means: Means, *, is_closing_all: bool = False) -> Intent:
    """Check that the account can afford the order, and return what it does to the position.

    Raises:
        Refusal: 403 or 422 with Alpaca's words.
    """
    check_account(request, means.terms)
    intent = intent_of(request.side, means.position)
    if request.intent is not None and request.intent is not intent:
        raise unprocessable(f"position intent mismatch, inferred: {intent.value}, specified: {request.intent.value}")
    quantity = _quantity(request, means.price)
    if means.instrument.is_crypto and not is_closing_all and quantity * means.price < _CRYPTO_USD_MIN:
        raise forbidden("cost basis must be >= minimal amount of order 10")
    if intent.closes:
        _check_closing(request, quantity, means)
    else:
        _check_opening(request, quantity, intent, means)
    return intent


def check_account(request: OrderRequest, terms: AccountTerms) -> None:
    """Check that the account may place such an order at all.

    Raises:
        Refusal: 403.
    """
    if terms.is_blocked:
        raise forbidden("account is blocked: trading is not allowed")
    if terms.suspend_trade:
        raise forbidden("new orders are rejected by user request")
    if request.is_fractional and not terms.fractional_trading:
        raise forbidden("fractional trading is disabled for this account")


def _quantity(request: OrderRequest, price: Decimal) -> Decimal:
    if request.quantity is not None:
        return request.quantity
    return (request.notional or ZERO) / price if price else ZERO


def _check_closing(request: OrderRequest, quantity: Decimal, means: Means) -> None:
    existing = abs(means.position)
    if quantity <= existing - means.held:
        return
    refuse = insufficient_balance if means.instrument.is_crypto else insufficient_quantity
    raise refuse(request.symbol, quantity, existing, means.held)


def _check_opening(request: OrderRequest, quantity: Decimal, intent: Intent, means: Means) -> None:
    if means.has_opposite_opening:
        # While flat, two orders to either side could leave a position that neither of them meant.
        raise insufficient_quantity(request.symbol, quantity, ZERO, ZERO)
    value = means.value()
    if intent is Intent.SELL_TO_OPEN:
        _check_short(request, means, quantity, value.equity)
    if not means.price:
        raise unprocessable(f'no price of "{request.symbol}" is known yet: its cost cannot be reserved')
    cost = request.notional if request.notional is not None else quantity * means.price
    power = value.buying_power if means.instrument.is_marginable else value.cash_buying_power
    if cost > power:
        raise insufficient_buying_power(power, cost)


def _check_short(request: OrderRequest, means: Means, quantity: Decimal, equity: Decimal) -> None:
    instrument = means.instrument
    if instrument.is_crypto:
        raise insufficient_balance(request.symbol, quantity, ZERO, ZERO)
    if not means.terms.may_short(equity):
        raise forbidden("account is not allowed to short")
    if request.is_fractional:
        raise unprocessable("fractional orders cannot be sold short")
    if not instrument.is_shortable:
        raise unprocessable(f'asset "{instrument.symbol}" cannot be sold short')
    if not instrument.is_easy_to_borrow and request.time_in_force is not TimeInForce.DAY:
        raise unprocessable("only day orders are allowed for hard-to-borrow asset")
