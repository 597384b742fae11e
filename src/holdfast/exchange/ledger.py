"""Cash, holdings and realised profit: what fills, fees and splits do to the account's books."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from holdfast.domain.order import Side
from holdfast.exchange.order import ZERO, Fill

_STEP = Decimal("0.000000001")


@dataclass(frozen=True, slots=True)
class Holding:
    """One symbol's books: signed quantity held, what it cost, and the profit already realised (USD).

    A short holding has a negative quantity and a negative cost (what it was sold for). Cost goes by the average:
    closing a part takes the same part of the cost with it. Fees come out of the profit.
    """

    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realized_pl: Decimal = ZERO

    @property
    def average_entry_price(self) -> Decimal:
        """Average price of a share in USD, positive for a short holding too; zero while nothing is held."""
        return self.cost / self.quantity if self.quantity else ZERO

    def after(self, fill: Fill) -> "Holding":
        """Return the books after one execution of this symbol, which never turns a long holding into a short one."""
        change = fill.side.sign * fill.quantity - fill.fee_quantity
        value = change * fill.price
        lost = fill.fee + fill.fee_quantity * fill.price
        if self.quantity * change >= 0:
            return Holding(self.quantity + change, self.cost + value, self.realized_pl - lost)
        left = self.quantity + change
        cost_out = self.cost * -change / self.quantity if left else self.cost
        return Holding(left, self.cost - cost_out, self.realized_pl - value - cost_out - lost)

    def split(self, ratio: Decimal) -> "Holding":
        """Return the books after `ratio` new shares for each old one, cut to nine decimals; the rest is lost."""
        quantity = (self.quantity * ratio).quantize(_STEP, ROUND_DOWN)
        if not quantity:
            return Holding(ZERO, ZERO, self.realized_pl - self.cost)
        return Holding(quantity, self.cost, self.realized_pl)


class Ledger:
    """The account's cash (USD) and its holdings by symbol, those closed included."""

    def __init__(self, cash: Decimal, holdings: Mapping[str, Holding] | None = None) -> None:
        self.cash = cash
        self.holdings = dict(holdings or {})

    def book(self, fill: Fill) -> Decimal:
        """Book one execution and return the signed quantity held afterwards."""
        holding = self.holdings.get(fill.symbol, Holding()).after(fill)
        self.holdings[fill.symbol] = holding
        self.cash -= fill.side.sign * fill.quantity * fill.price + fill.fee
        return holding.quantity

    def split(self, symbol: str, ratio: Decimal) -> Decimal:
        """Rescale a holding and return by how many shares it has changed."""
        before = self.holdings.get(symbol, Holding())
        self.holdings[symbol] = before.split(ratio)
        return self.holdings[symbol].quantity - before.quantity

    def move(self, symbol: str, quantity: Decimal, price: Decimal) -> None:
        """Let shares come in or go out at `price` USD each, with nothing paid for them."""
        before = self.holdings.get(symbol, Holding())
        cost = quantity * price if before.quantity * quantity >= 0 else before.average_entry_price * quantity
        self.holdings[symbol] = Holding(before.quantity + quantity, before.cost + cost, before.realized_pl)

    def quantity(self, symbol: str) -> Decimal:
        """Return the signed quantity held of `symbol`."""
        holding = self.holdings.get(symbol)
        return holding.quantity if holding else ZERO

    def closable(self, symbol: str, side: Side) -> Decimal:
        """Return how much an order of `side` could close, whatever other orders hold of it."""
        return max(-side.sign * self.quantity(symbol), ZERO)

    def open_holdings(self) -> dict[str, Holding]:
        """Return the holdings that are not flat, by symbol in alphabetical order."""
        return {symbol: held for symbol, held in sorted(self.holdings.items()) if held.quantity}
