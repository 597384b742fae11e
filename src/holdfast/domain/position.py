"""A position and how fills change it: weighted-average entry price, realised profit on what is closed.

The average-cost rule is the one Alpaca documents: sells never move the average entry price.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Position:
    """What the bot manages of one symbol, and what the account holds beyond that.

    Quantities are signed shares (negative for a short), prices and profit in USD.
    """

    quantity: Decimal = ZERO
    average_entry_price: Decimal | None = None
    unmanaged_quantity: Decimal = ZERO
    realized_pl: Decimal = ZERO

    @property
    def total_quantity(self) -> Decimal:
        """What the account holds of the symbol, as far as this position knows."""
        return self.quantity + self.unmanaged_quantity

    def after_own_fill(self, signed_quantity: Decimal, price: Decimal) -> "Position":
        """Return the position after a fill of the bot's own order.

        An account holds a symbol long or short, never both: what the order trades beyond the managed quantity comes
        out of the unmanaged one, if that has the other sign.
        """
        closes = self.quantity * signed_quantity < 0
        beyond = max(ZERO, abs(signed_quantity) - abs(self.quantity)) if closes else abs(signed_quantity)
        meets = min(beyond, abs(self.unmanaged_quantity)) if self.unmanaged_quantity * signed_quantity < 0 else ZERO
        theirs = meets.copy_sign(signed_quantity)
        after = self.after_fill(signed_quantity - theirs, price)
        return replace(after, unmanaged_quantity=self.unmanaged_quantity + theirs)

    def after_fill(self, signed_quantity: Decimal, price: Decimal) -> "Position":
        """Return the position after a fill of `signed_quantity` (negative for a sell) at `price`."""
        if self.quantity * signed_quantity >= 0:
            return self._enlarged(signed_quantity, price)
        closed = min(abs(signed_quantity), abs(self.quantity))
        direction = 1 if self.quantity > 0 else -1
        profit = (price - (self.average_entry_price or ZERO)) * closed * direction
        left = self.quantity - closed * direction
        rest = signed_quantity + closed * direction
        reduced = replace(
            self,
            quantity=left,
            average_entry_price=self.average_entry_price if left else None,
            realized_pl=self.realized_pl + profit,
        )
        return reduced.after_fill(rest, price) if rest else reduced

    def _enlarged(self, signed_quantity: Decimal, price: Decimal) -> "Position":
        total = self.quantity + signed_quantity
        if not total:
            return self
        cost = (self.average_entry_price or ZERO) * self.quantity + price * signed_quantity
        return replace(self, quantity=total, average_entry_price=cost / total)

    def unrealized_pl(self, price: Decimal) -> Decimal:
        """Profit in USD if the managed quantity were closed at `price`."""
        return (price - self.average_entry_price) * self.quantity if self.average_entry_price else ZERO


FLAT = Position()
