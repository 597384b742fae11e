"""`Position`: weighted-average entry price, realised profit on what is closed."""

from decimal import Decimal
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import Number, a_position
from holdfast.domain.position import FLAT, Position

Fill = tuple[Number, Number]

COURSES: list[tuple[str, list[Fill], Number, Number | None, Number]] = [
    # what happens, fills (signed quantity, price), quantity, average entry price, realised profit
    ("nothing", [], 0, None, 0),
    ("one buy", [(10, 100)], 10, 100, 0),
    ("two buys average", [(10, 100), (10, 110)], 20, 105, 0),
    ("uneven buys average", [(1, 100), (3, 104)], 4, 103, 0),
    ("a sale keeps the average", [(10, 100), (-4, 110)], 6, 100, 40),
    ("a sale at a loss", [(10, 100), (-4, 90)], 6, 100, -40),
    ("a full sale leaves no price", [(10, 100), (-10, 101)], 0, None, 10),
    ("buying back after a full sale", [(10, 100), (-10, 110), (5, 90)], 5, 90, 100),
    ("one short", [(-10, 100)], -10, 100, 0),
    ("two shorts average", [(-10, 100), (-10, 90)], -20, 95, 0),
    ("a cover keeps the average", [(-10, 100), (4, 90)], -6, 100, 40),
    ("a cover at a loss", [(-10, 100), (10, 105)], 0, None, -50),
    ("a flip from long to short", [(10, 100), (-15, 110)], -5, 110, 100),
    ("a flip from short to long", [(-10, 100), (15, 90)], 5, 90, 100),
    ("a fraction", [("0.5", 100), ("-0.25", 104)], "0.25", 100, 1),
]


@pytest.mark.parametrize(
    ("fills", "quantity", "price", "realized"), [row[1:] for row in COURSES], ids=[row[0] for row in COURSES]
)
def test_fills_average_and_realise(fills: list[Fill], quantity: Number, price: Number | None, realized: Number) -> None:
    """Fills enlarge at the average cost and close at a realised profit."""
    end = after(FLAT, fills)
    assert (end.quantity, end.realized_pl) == (Decimal(quantity), Decimal(realized))
    assert end.average_entry_price == (None if price is None else Decimal(price))


def after(position: Position, fills: list[Fill]) -> Position:
    """Return the position after all fills."""
    return reduce(lambda held, fill: held.after_fill(Decimal(fill[0]), Decimal(fill[1])), fills, position)


quantities = st.integers(-50, 50).filter(bool).map(Decimal)
prices = st.decimals("0.01", "5000", places=2)


@given(st.lists(st.tuples(quantities, prices), max_size=30), prices)
def test_profit_is_what_the_cash_says(fills: list[tuple[Decimal, Decimal]], last: Decimal) -> None:
    """Realised plus unrealised profit equals the cash that came in plus what is held, at any price."""
    end = after(FLAT, list(fills))
    cash = -sum((quantity * price for quantity, price in fills), Decimal(0))
    assert end.quantity == sum((quantity for quantity, _price in fills), Decimal(0))
    assert abs(end.realized_pl + end.unrealized_pl(last) - (cash + end.quantity * last)) < Decimal("1e-15")


@given(st.lists(st.tuples(quantities, prices), max_size=30))
def test_a_flat_position_has_no_price_and_another_has_one(fills: list[tuple[Decimal, Decimal]]) -> None:
    """There is an average entry price exactly while something is held, and it lies within the prices paid."""
    end = after(FLAT, list(fills))
    assert (end.average_entry_price is None) == (end.quantity == 0)
    if end.average_entry_price is not None:
        slack = Decimal("1e-15")
        paid = [price for _quantity, price in fills]
        assert min(paid) - slack <= end.average_entry_price <= max(paid) + slack


@given(quantities, prices, prices, st.integers(1, 49))
def test_a_fill_in_two_parts_is_one_fill(quantity: Decimal, entry: Decimal, exit_: Decimal, part: int) -> None:
    """Closing in two fills at one price realises what one fill does."""
    held = FLAT.after_fill(quantity, entry)
    first = quantity * part / 50
    whole, parts = held.after_fill(-quantity, exit_), held.after_fill(-first, exit_).after_fill(first - quantity, exit_)
    assert whole == parts


def test_fills_leave_the_unmanaged_quantity_alone() -> None:
    """What the bot does not manage is neither bought nor sold by its fills."""
    held = a_position(10, unmanaged=7)
    assert held.after_fill(Decimal(-10), Decimal(101)).unmanaged_quantity == 7
    assert held.total_quantity == 17


@pytest.mark.parametrize(("held", "price", "profit"), [(10, 101, 10), (-10, 101, -10), (0, 101, 0)])
def test_unrealised_profit_has_the_sign_of_the_position(held: int, price: int, profit: int) -> None:
    """A rise earns on a long position, costs on a short one and is nothing to a flat one."""
    assert a_position(held, 100).unrealized_pl(Decimal(price)) == profit


@pytest.mark.parametrize(
    ("held", "unmanaged", "fill", "left", "left_unmanaged"),
    [
        # an order that others' hands made too large sells the rest of what there is
        (1, 1, -2, 0, 0),
        (1, 4, -2, 0, 3),
        (1, 1, -3, -1, 0),
        (0, 5, -5, 0, 0),
        (-1, -1, 2, 0, 0),
        # within what is managed, or away from what is not, it leaves the rest alone
        (5, 5, -2, 3, 5),
        (5, 5, -5, 0, 5),
        (0, 5, 5, 5, 5),
        (0, -5, -5, -5, -5),
        (5, 0, -7, -2, 0),
    ],
)
def test_what_an_order_trades_beyond_the_managed_quantity_is_unmanaged(
    held: int, unmanaged: int, fill: int, left: int, left_unmanaged: int
) -> None:
    """An account is long or short, never both: the books never hold one sign managed and the other unmanaged."""
    end = a_position(held, unmanaged=unmanaged).after_own_fill(Decimal(fill), Decimal(110))
    assert (end.quantity, end.unmanaged_quantity) == (left, left_unmanaged)
    managed_part = fill - (left_unmanaged - unmanaged)
    expected = a_position(held).after_fill(Decimal(managed_part), Decimal(110))
    assert (end.average_entry_price, end.realized_pl) == (expected.average_entry_price, expected.realized_pl)
