"""What hypothesis draws: any value of any of the domain's types, field for field, and courses of real orders."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from builders import an_order_view, at
from holdfast.domain import events
from holdfast.domain.order import OrderStatus, OrderView, Side
from holdfast.domain.state import SCHEMA_VERSION, Status, SymbolState

EVENTS = [one for one in vars(events).values() if isinstance(one, type) and issubclass(one, events.Event)]
# A file keeps text that can be written; the half characters of a broken answer are replaced when it is encoded.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
signals = st.floats(-1, 1).map(lambda one: Decimal(repr(round(one, 9))))
PLAIN: Mapping[object, st.SearchStrategy[Any]] = {
    str: texts,
    int: st.integers(-(2**60), 2**60),
    bool: st.booleans(),
    Decimal: st.decimals(-(10**12), 10**12, places=6),
    datetime: st.integers(-(10**9), 10**9).map(lambda minutes: at(minutes / 100)),
    type(None): st.none(),
}


def any_of(hint: Any, **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:  # noqa: ANN401 - a type hint
    """Draw a value of a type; `given` says how to draw some of a dataclass's fields."""
    if hint in PLAIN:
        return PLAIN[hint]
    if is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        drawn = {one.name: any_of(hints[one.name]) for one in fields(hint) if one.name not in given}
        return st.builds(hint, **drawn, **{name: how for name, how in given.items() if name in hints})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if get_origin(hint) in (Union, types.UnionType):
        return st.one_of([any_of(one) for one in get_args(hint)])
    if get_origin(hint) is tuple:
        return st.lists(any_of(get_args(hint)[0]), max_size=3).map(tuple)
    raise TypeError(f"nothing draws {hint}")


def states(symbol: str = "AAPL") -> st.SearchStrategy[SymbolState]:
    """Draw any state that a file may hold, sensible or not."""
    hints = get_type_hints(SymbolState)
    [decision] = [one for one in get_args(hints["last_decision"]) if one is not type(None)]
    return any_of(
        SymbolState,
        symbol=st.just(symbol),
        schema_version=st.just(SCHEMA_VERSION),
        # A signal is a strategy's float, in nine places.
        last_decision=st.none() | any_of(decision, signal=st.none() | signals),
    )


def any_events() -> st.SearchStrategy[events.Event]:
    """Draw any event, sensible or not."""
    kinds = [one for one in EVENTS if one is not events.Event]
    given = {"signal": st.none() | signals, "status": st.sampled_from([one.value for one in Status])}
    return st.one_of([any_of(kind, **given) for kind in kinds])


@st.composite
def courses(draw: st.DrawFn) -> list[list[OrderView]]:
    """Draw what the broker says of up to four orders of ours, one after the other: buys and sales in turn, no short."""
    course: list[list[OrderView]] = []
    held = 0
    for number in range(draw(st.integers(1, 4))):
        side = Side.SELL if held else Side.BUY
        quantity = held or draw(st.integers(1, 20))
        steps = draw(st.lists(st.integers(1, quantity), max_size=3, unique=True).map(sorted))
        life = [_view(number, side, quantity, filled, OrderStatus.PARTIALLY_FILLED) for filled in (0, *steps)]
        filled = draw(st.sampled_from([quantity, *steps, 0]))
        last = max([filled, *steps])
        end = (
            OrderStatus.FILLED
            if last == quantity
            else draw(st.sampled_from([OrderStatus.CANCELED, OrderStatus.EXPIRED]))
        )
        course.append([*life, _view(number, side, quantity, last, end)])
        held += last if side is Side.BUY else -last
    return course


def _view(number: int, side: Side, quantity: int, filled: int, status: OrderStatus) -> OrderView:
    status = OrderStatus.NEW if not filled and not status.is_terminal else status
    return an_order_view(status.value, filled, minute=number, side=side, quantity=quantity, price=100 + number)


def held_after(course: list[list[OrderView]]) -> Decimal:
    """Return what the account holds at the end of a course."""
    return sum((life[-1].filled_quantity * life[-1].side.sign for life in course), Decimal(0))
