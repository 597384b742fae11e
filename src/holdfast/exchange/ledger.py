"""Cash, holdings and realised profit: what fills do to the account's books."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from holdfast.domain.order import Side
from holdfast.exchange.order import ZERO, Fill


@dataclass(frozen=True, slots=True)
class Holding:
    """One symbol's books: shares held, what they cost, and the profit of those already sold (USD).

    Cost goes by the average: selling a part takes the same part of the cost with it.
    """

    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realized_pl: Decimal = ZERO

    @property
    def average_entry_price(self) -> Decimal:
        """Average cost of a share in USD; zero while nothing is held."""
        return self.cost / self.quantity if self.quantity else ZERO

    def after(self, fill: Fill) -> "Holding":
        """Return the books after one execution of this symbol."""
        value = fill.quantity * fill.price
        if fill.side is Side.BUY:
            return Holding(self.quantity + fill.quantity, self.cost + value, self.realized_pl)
        left = self.quantity - fill.quantity
        cost_sold = self.cost * fill.quantity / self.quantity if left else self.cost
        return Holding(left, self.cost - cost_sold, self.realized_pl + value - cost_sold)


class Ledger:
    """The account's cash (USD) and its holdings by symbol, those closed included."""

    def __init__(self, cash: Decimal, holdings: Mapping[str, Holding] | None = None) -> None:
        self.cash = cash
        self.holdings = dict(holdings or {})

    def book(self, fill: Fill) -> Decimal:
        """Book one execution and return the shares held afterwards."""
        holding = self.holdings.get(fill.symbol, Holding()).after(fill)
        self.holdings[fill.symbol] = holding
        self.cash -= fill.side.sign * fill.quantity * fill.price
        return holding.quantity

    def quantity(self, symbol: str) -> Decimal:
        """Return the shares held of `symbol`."""
        holding = self.holdings.get(symbol)
        return holding.quantity if holding else ZERO

    def open_holdings(self) -> dict[str, Holding]:
        """Return the holdings that are not flat, by symbol in alphabetical order."""
        return {symbol: held for symbol, held in sorted(self.holdings.items()) if held.quantity}
