"""What trading costs. Stocks are free; crypto costs a part of what is received. Source: Alpaca's fee tier 1, 2026."""

from decimal import ROUND_DOWN, Decimal

from holdfast.domain.order import Side
from holdfast.exchange.order import ZERO

TAKER, MAKER = Decimal("0.0025"), Decimal("0.0015")
_STEP = Decimal("0.000000001")


def crypto_fee(side: Side, quantity: Decimal, price: Decimal, *, is_maker: bool) -> tuple[Decimal, Decimal]:
    """Return the fee of one execution as (coins, USD): a buy pays in coins, a sell in USD.

    What a buy receives is cut to nine decimals, so the fee is rounded up.
    """
    rate = MAKER if is_maker else TAKER
    if side is Side.SELL:
        return ZERO, quantity * price * rate
    received = (quantity * (1 - rate)).quantize(_STEP, ROUND_DOWN)
    return quantity - received, ZERO
