"""What the exchange lists under one symbol."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

_SHARE_STEP = Decimal("0.000000001")


class AssetClass(StrEnum):
    """The classes that this exchange trades, in Alpaca's words."""

    EQUITY = "us_equity"
    CRYPTO = "crypto"


@dataclass(frozen=True, slots=True)
class Instrument:
    """One asset. Crypto pairs are named with a slash (`BTC/USD`), trade around the clock and only with cash.

    `is_active` False is a delisted asset; `is_tradable` False one that the exchange takes no orders for. The three
    steps and minimums are a pair's, as Alpaca lists them: smallest order and its step in coins (shown to clients; what
    is enforced is the minimum value), and the price step in USD.
    """

    symbol: str
    name: str
    exchange: str
    asset_class: AssetClass = AssetClass.EQUITY
    is_active: bool = True
    is_tradable: bool = True
    is_fractionable: bool = True
    is_marginable: bool = True
    is_shortable: bool = True
    is_easy_to_borrow: bool = True
    quantity_min: Decimal = _SHARE_STEP
    quantity_step: Decimal = _SHARE_STEP
    price_step: Decimal = Decimal("0.01")

    @property
    def is_crypto(self) -> bool:
        """Whether it is a crypto pair."""
        return self.asset_class is AssetClass.CRYPTO


def crypto_pair(symbol: str, name: str, *, quantity_min: str, price_step: str) -> Instrument:
    """Describe a crypto pair: fractionable, neither marginable nor shortable, steps as Alpaca lists them."""
    return Instrument(
        symbol=symbol,
        name=name,
        exchange="CRYPTO",
        asset_class=AssetClass.CRYPTO,
        is_marginable=False,
        is_shortable=False,
        is_easy_to_borrow=False,
        quantity_min=Decimal(quantity_min),
        price_step=Decimal(price_step),
    )
