"""Decimal as people and files write it."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def plain(number: Decimal) -> str:
    """Write `number` without exponent and without trailing zeros: ``10``, ``0.5``, ``187.12``."""
    text = format(number.normalize(), "f")
    return "0" if text == "-0" else text


def price_text(price: Decimal) -> str:
    """Write a price in USD as people read it: in cents from a dollar on, with up to eight decimals below."""
    return f"{price:.2f}" if abs(price) >= 1 else plain(round(price, 8))


def to_cents(amount: Decimal) -> Decimal:
    """Round an amount of USD to cents, halves away from zero, as statements do."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def down_to_lot(quantity: Decimal, lot: Decimal) -> Decimal:
    """Round a quantity towards zero to a multiple of `lot`."""
    return (quantity / lot).to_integral_value(ROUND_DOWN) * lot
