"""What an account may still buy, and what its holdings tie up. Pure arithmetic in USD. Source: Alpaca, Reg T.

With multiplier m every dollar of equity buys m dollars of marginable assets; crypto is bought with own money only.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from holdfast.exchange.order import ZERO

MARGIN_EQUITY_USD_MIN = Decimal(2000)
SHORT_RESERVE = Decimal("1.03")
_INITIAL, _MAINTENANCE = Decimal("0.5"), Decimal("0.3")
_CHEAP_USD = Decimal("2.5")


@dataclass(frozen=True, slots=True)
class Worth:
    """One holding at market: signed quantity and price (USD), and whether it can be bought on margin."""

    quantity: Decimal
    price: Decimal
    is_marginable: bool


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """What the account was granted and what its owner has switched off."""

    multiplier_max: int = 4
    no_shorting: bool = False
    fractional_trading: bool = True
    suspend_trade: bool = False
    is_blocked: bool = False

    def multiplier(self, equity: Decimal) -> int:
        """Return the multiplier in force: margin takes $2,000 of equity."""
        return self.multiplier_max if equity >= MARGIN_EQUITY_USD_MIN else 1

    def may_short(self, equity: Decimal) -> bool:
        """Whether short positions may be opened."""
        return not self.no_shorting and self.multiplier(equity) > 1


@dataclass(frozen=True, slots=True)
class AccountValue:
    """The account at market; all in USD.

    `long_value` and `short_value` (negative) are what is held; `margined` and `unmargined` the same without sign, by
    whether it can be bought on margin; `reserved` is what working orders have spoken for.
    """

    cash: Decimal
    long_value: Decimal
    short_value: Decimal
    margined: Decimal
    unmargined: Decimal
    maintenance_margin: Decimal
    reserved: Decimal
    multiplier: int

    @property
    def equity(self) -> Decimal:
        """Cash and holdings together."""
        return self.cash + self.long_value + self.short_value

    @property
    def initial_margin(self) -> Decimal:
        """What Reg T wants to be owned of the holdings: half of what is marginable, all of the rest."""
        return self.margined * _INITIAL + self.unmargined

    @property
    def buying_power(self) -> Decimal:
        """What marginable assets may still be bought for: m x equity less exposure, never negative."""
        exposure = self.margined + self.multiplier * self.unmargined
        return max(self.multiplier * self.equity - exposure - self.reserved, ZERO)

    @property
    def overnight_buying_power(self) -> Decimal:
        """The same with the multiplier of Reg T, 2 at the most."""
        if self.multiplier == 1:
            return self.buying_power
        return max(2 * (self.equity - self.initial_margin) - self.reserved, ZERO)

    @property
    def cash_buying_power(self) -> Decimal:
        """What assets without margin, such as crypto, may be bought for: own cash that nothing has spoken for."""
        own = self.cash + 2 * self.short_value
        return max(min(own - self.reserved, self.buying_power), ZERO)


def value_account(cash: Decimal, holdings: Iterable[Worth], reserved: Decimal, terms: AccountTerms) -> AccountValue:
    """Add an account up, in one pass: it may hold a thousand things, and every opening order asks."""
    long, short, margined, unmargined, maintenance = ZERO, ZERO, ZERO, ZERO, ZERO
    for worth in holdings:
        value = worth.quantity * worth.price
        gross = abs(value)
        if value > 0:
            long += value
        else:
            short += value
        if worth.is_marginable:
            margined += gross
        else:
            unmargined += gross
        # Alpaca: 30 % must stay owned, all of a share below $2.50 and of what is not marginable.
        is_dear = worth.is_marginable and worth.price >= _CHEAP_USD
        maintenance += gross * _MAINTENANCE if is_dear else gross
    multiplier = terms.multiplier(cash + long + short)
    return AccountValue(cash, long, short, margined, unmargined, maintenance, reserved, multiplier)
