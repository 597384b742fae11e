"""Decimal as people and files write it."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def plain(number: Decimal) -> str:
    """Write `number` without exponent and without trailing zeros: ``10``, ``0.5``, ``187.12``."""
    text = format(number.normalize(), "f")
    return "0" if text == "-0" else text


def to_cents(amount: Decimal) -> Decimal:
    """Round an amount of USD to cents, halves away from zero, as statements do."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def down_to_lot(quantity: Decimal, lot: Decimal) -> Decimal:
    """Round a quantity towards zero to a multiple of `lot`."""
    return (quantity / lot).to_integral_value(ROUND_DOWN) * lot
