"""What the engine is told about one symbol: config's words, resolved."""

from dataclasses import dataclass

from holdfast.domain.decide import Rules
from holdfast.domain.external import ExternalChange, Policy
from holdfast.strategies.base import Strategy


@dataclass(frozen=True, slots=True)
class SymbolSpec:
    """One symbol; `strategy` is None for one that config does not name any more, of which only the books are kept."""

    symbol: str
    rules: Rules
    strategy: Strategy | None
    strategy_name: str
    on_external_change: ExternalChange = ExternalChange.ADOPT

    @property
    def policy(self) -> Policy:
        """What the reconciler needs of it."""
        return Policy(self.rules.quantity, self.rules.may_short, self.on_external_change)
