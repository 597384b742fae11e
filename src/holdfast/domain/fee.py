"""What the broker takes of a purchase in the asset itself: pairs alone pay so, and no order says how much.

Source: Alpaca's fee schedule, 2026. The account's activities tell it hours later, the position at once.
"""

from decimal import Decimal

from holdfast.domain import events
from holdfast.domain.order import Side
from holdfast.domain.position import ZERO
from holdfast.domain.state import SymbolState
from holdfast.domain.symbols import is_pair

FEE_WHY = "the fee of a purchase, taken in the asset"
# At most 0.25 %, and what is received is cut to nine decimals.
_SHARE_MAX = Decimal("0.003")


def may_be_fee(symbol: str, bought: Decimal, missing: Decimal) -> bool:
    """Whether so many coins can be missing of so many bought because the broker took its fee of them."""
    return is_pair(symbol) and ZERO < missing <= bought * _SHARE_MAX


def less_fee(state: SymbolState, total: Decimal) -> SymbolState:
    """Return the state with the account's `total`, where the fees of its purchases explain it; else as it is.

    A fee is a loss at the average price that was paid.
    """
    bought = sum((order.filled_quantity for order in state.orders if order.side is Side.BUY), ZERO)
    position = state.position
    fee = position.total_quantity - total
    if not may_be_fee(state.symbol, bought, fee):
        return state
    left, price = position.quantity - fee, position.average_entry_price
    taken = events.PositionCorrected(
        quantity=left,
        average_entry_price=price if left else None,
        unmanaged_quantity=position.unmanaged_quantity,
        realized_pl=-fee * (price or ZERO),
        rearm=None,
    )
    return state.apply(taken)
