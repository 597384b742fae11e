"""What a holding has gained since the last day's close. Pure; all in USD."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import takewhile

from holdfast.exchange.ledger import Holding
from holdfast.exchange.order import ZERO, Fill


def fills_by_symbol(fills: Sequence[Fill], since: datetime) -> dict[str, list[Fill]]:
    """Return the fills from `since` on by symbol; `fills` are in order of time."""
    grouped: dict[str, list[Fill]] = {}
    for fill in takewhile(lambda fill: fill.time >= since, reversed(fills)):
        grouped.setdefault(fill.symbol, []).append(fill)
    return grouped


def profit_of_day(holding: Holding, fills: Iterable[Fill], price: Decimal, before: Decimal) -> Decimal:
    """Return the profit at `price`: from `before`, the last close, or from the entry for what was opened today.

    What was opened and closed again today is over: only what the day's `fills` have added on balance counts from
    its entry.
    """
    quantity, fills = holding.quantity, list(fills)
    added = sum((fill.side.sign * fill.quantity for fill in fills), ZERO)
    if added * quantity >= quantity * quantity:
        return quantity * price - holding.cost
    opening = [fill for fill in fills if fill.side.sign * quantity > 0] if added * quantity > 0 else []
    if not opening:
        return quantity * (price - before)
    paid, opened = sum((fill.quantity * fill.price for fill in opening), ZERO), sum((f.quantity for f in opening), ZERO)
    return added * (price - paid / opened) + (quantity - added) * (price - before)
