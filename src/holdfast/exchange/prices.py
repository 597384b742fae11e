"""What the exchange knows of the market: last prices, the quote of the day, and how much can still trade of a bar."""

from collections.abc import Iterable
from decimal import ROUND_DOWN, Decimal

from holdfast.domain.bar import Bar
from holdfast.exchange.matching import SHARE_STEP, Quote, quote_of
from holdfast.exchange.order import ZERO

_PRICE_STEP = Decimal("0.0001")


class Prices:
    """Newest bars by symbol. `participation` is the part of a bar's volume that orders of this account may take.

    A bar without volume says nothing of how much could have traded: it sets no bound. None sets none at all.
    """

    def __init__(self, participation: Decimal | None = None) -> None:
        self.last: dict[str, Decimal] = {}
        self._participation = participation
        self._bars: dict[str, Bar] = {}
        self._left: dict[str, Decimal] = {}

    def quote(self, symbol: str) -> Quote | None:
        """Return the current quote; None where nothing has traded since the market opened."""
        bar = self._bars.get(symbol)
        return quote_of(bar) if bar else None

    def begin(self, bar: Bar) -> None:
        """Make the volume of a bar that has just closed available."""
        if self._participation is None or not bar.volume:
            self._left.pop(bar.symbol, None)
        else:
            self._left[bar.symbol] = bar.volume * self._participation

    def see(self, bars: Iterable[Bar]) -> None:
        """Take the quotes that bars leave behind."""
        for bar in bars:
            self.last[bar.symbol] = bar.close
            self._bars[bar.symbol] = bar

    def available(self, symbol: str, *, is_whole: bool) -> Decimal | None:
        """Return how much can still trade at present, cut to whole shares or nine decimals; None without a bound."""
        left = self._left.get(symbol)
        return None if left is None else left.quantize(Decimal(1) if is_whole else SHARE_STEP, ROUND_DOWN)

    def take(self, symbol: str, quantity: Decimal) -> None:
        """Use up volume."""
        if symbol in self._left:
            self._left[symbol] = max(self._left[symbol] - quantity, ZERO)

    def forget_day(self, symbols: Iterable[str]) -> None:
        """Let the quotes of `symbols` lapse: their session is over."""
        for symbol in symbols:
            self.forget_symbol(symbol)

    def split(self, symbol: str, ratio: Decimal) -> None:
        """Rescale what is known of a symbol after `ratio` new shares for each old one."""
        self.forget_symbol(symbol)
        if symbol in self.last:
            self.last[symbol] = (self.last[symbol] / ratio).quantize(_PRICE_STEP)

    def forget_symbol(self, symbol: str) -> None:
        """Let one symbol's quote lapse."""
        self._bars.pop(symbol, None)
        self._left.pop(symbol, None)

    def quoted(self) -> list[str]:
        """Return the symbols with a quote."""
        return list(self._bars)
