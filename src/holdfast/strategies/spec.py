"""`StrategySpec`: which strategy a symbol runs, resolved from config.yaml, comparable and picklable."""

from dataclasses import dataclass
from pathlib import Path

from holdfast.domain.errors import UsageError
from holdfast.strategies.base import Strategy


@dataclass(frozen=True, slots=True)
class UserSource:
    """Where a user's own strategy lives: an absolute path and a class name in that file."""

    path: Path
    class_name: str


@dataclass(frozen=True, slots=True)
class StrategySpec:
    """A strategy by name with its parameters as given; `source` is None for a shipped one.

    `strategy` is the built object. It is None only for a user's strategy that no one has loaded yet.
    """

    name: str
    parameters: tuple[tuple[str, object], ...] = ()
    source: UserSource | None = None
    strategy: Strategy | None = None

    @property
    def label(self) -> str:
        """The strategy as a person reads it, e.g. ``sma_cross(fast=10, slow=30)``."""
        given = ", ".join(f"{name}={value!r}" for name, value in self.parameters)
        return f"{self.name}({given})" if given else self.name


@dataclass(frozen=True, slots=True)
class StrategyFault:
    """One thing that is wrong with a strategy; `parameter` names the key at fault, if it is one.

    `is_unknown`: the key itself is wrong, not its value.
    """

    message: str
    parameter: str | None = None
    is_unknown: bool = False


class StrategyError(UsageError):
    """A strategy cannot be built; carries every fault at once, for config.yaml's error report."""

    def __init__(self, *faults: StrategyFault) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = faults
