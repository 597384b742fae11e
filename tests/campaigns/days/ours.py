"""What of an account's holding may be the bot's: the truth against which its orders are judged, as a range.

Fills of its own move it for certain. What others do may or may not become the bot's, as the symbol's policy says.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from campaigns.days.settings import Symbol

ZERO = Decimal(0)


@dataclass(slots=True)
class Ours:
    """One symbol: the least and the most that the bot may rightly manage, signed.

    `is_shared` is whether anybody else ever touched its shares or its memory, `lost_at` when others last took some (or
    moved any where the bot may sell short: its sale would sell theirs), `has_raced` whether it has sold what others
    had just taken.
    `most` is the most that it ever managed: with `adopt` it may take so much again, before it has seen what is gone.
    """

    symbol: Symbol
    low: Decimal = ZERO
    high: Decimal = ZERO
    lost_at: float = field(default=float("-inf"))
    is_shared: bool = False
    has_raced: bool = False
    most: Decimal = ZERO

    @property
    def surely(self) -> Decimal:
        """How much it manages at the least, without sign."""
        return ZERO if self.low <= 0 <= self.high else min(abs(self.low), abs(self.high))

    def filled(self, change: Decimal, total: Decimal) -> None:
        """Book a fill of its own, after which the account holds `total`."""
        # An account is long or short, never both: beyond its own shares the bot has traded others'.
        self.low, self.high = (
            bound if bound * total > 0 else ZERO for bound in (self.low + change, self.high + change)
        )
        if self.is_shared and self.symbol.policy == "adopt":
            # What others did before may be noticed, and adopted, only now.
            adopted = [self._adopted(total, bound) for bound in (self.low, self.high)]
            self.low, self.high = min(self.low, *adopted), max(self.high, *adopted)
        self._reach()
        if not self.symbol.may_short:
            # It sold what it had adopted and not bought, or what others had just taken: nothing is left, and no debt.
            self.low = max(self.low, ZERO)
            self.high = max(self.high, self.low)

    def changed_by_others(self, before: Decimal, total: Decimal, ratio: Decimal | None, now: float) -> None:
        """Book what others did to the holding."""
        self.is_shared = True
        if abs(total) < abs(before) or total * before < 0 or self.symbol.may_short:
            # A sale that is to open a short takes shares that somebody has just bought.
            self.lost_at = now
        bounds = [self.low, self.high]
        if ratio is not None:
            bounds += [bound * ratio for bound in bounds]
            # A part of a share that cannot be traded may be left to the rest.
            bounds += [Decimal(int(bound)) for bound in bounds]
            self.most *= max(ratio, Decimal(1))
        self._spread(bounds, total)

    def memory_touched(self, total: Decimal) -> None:
        """Book that the bot has to find out anew what is its."""
        self.is_shared = True
        self._spread([self.low, self.high], total)

    def configured(self, symbol: Symbol, total: Decimal) -> None:
        """Book that the owner wants another quantity: so much more may be adopted of what others did before."""
        more = max(ZERO, symbol.quantity - self.symbol.quantity) if symbol.policy == "adopt" else ZERO
        self.symbol = symbol
        if self.is_shared:
            self._spread([self.low, self.high, self.low - more, self.high + more], total)

    def left_config(self, total: Decimal) -> None:
        """Book that the owner took the symbol out of config or put it back: what is short is then nobody's."""
        self.is_shared = True
        self._spread([self.low, self.high, *([ZERO] if self.symbol.may_short else [])], total)

    def _spread(self, bounds: list[Decimal], total: Decimal) -> None:
        found = [_kept(total, bound) for bound in bounds]
        if self.symbol.policy == "adopt":
            found += [self._adopted(total, bound) for bound in bounds]
        self.low, self.high = min(found), max(found)
        self._reach()

    def _reach(self) -> None:
        self.most = max(self.most, abs(self.low), abs(self.high))

    def _adopted(self, total: Decimal, had: Decimal) -> Decimal:
        if total < 0 and not self.symbol.may_short:
            return ZERO
        same = abs(had) if had * total > 0 else ZERO
        return min(abs(total), max(self.symbol.quantity, same, self.most)) * (1 if total > 0 else -1)


def _kept(total: Decimal, had: Decimal) -> Decimal:
    """Return what is left of `had` when the account holds `total`: others' shares go first."""
    if had * total <= 0:
        return ZERO
    return min(abs(total), abs(had)) * (1 if total > 0 else -1)
