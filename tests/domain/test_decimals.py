"""Decimals as people and files write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.decimals import down_to_lot, plain, price_text, to_cents


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("10", "10"),
        ("10.00", "10"),
        ("0", "0"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("0.5", "0.5"),
        ("187.120", "187.12"),
        ("1E+3", "1000"),
        ("1E-9", "0.000000001"),
        ("-2.50", "-2.5"),
        ("100000000", "100000000"),
    ],
)
def test_a_number_is_written_plainly(number: str, text: str) -> None:
    """No exponent, no trailing zeros, no minus zero."""
    assert plain(Decimal(number)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=9))
def test_writing_loses_nothing(number: Decimal) -> None:
    """What is written is the same number."""
    assert Decimal(plain(number)) == number


@pytest.mark.parametrize(
    ("amount", "cents"), [("1.005", "1.01"), ("1.004", "1.00"), ("-1.005", "-1.01"), ("2", "2.00"), ("0.995", "1.00")]
)
def test_amounts_round_half_away_from_zero(amount: str, cents: str) -> None:
    """Cents are rounded as statements do."""
    assert str(to_cents(Decimal(amount))) == cents


@pytest.mark.parametrize(
    ("quantity", "lot", "rounded"),
    [
        ("9.99", "1", "9"),
        ("-9.99", "1", "-9"),
        ("10", "1", "10"),
        ("0.4", "1", "0"),
        ("0.1234567899", "1e-9", "0.123456789"),
        ("7", "2", "6"),
    ],
)
def test_a_quantity_is_rounded_towards_zero(quantity: str, lot: str, rounded: str) -> None:
    """Never more than was asked for, on either side."""
    assert down_to_lot(Decimal(quantity), Decimal(lot)) == Decimal(rounded)


@pytest.mark.parametrize(
    ("price", "text"),
    [("187.123", "187.12"), ("1", "1.00"), ("0.08431", "0.08431"), ("0.000021234567", "0.00002123"), ("0", "0")],
)
def test_a_price_is_written_as_people_read_it(price: str, text: str) -> None:
    """Cents for shares; what a cheap coin costs is not rounded away."""
    assert price_text(Decimal(price)) == text
