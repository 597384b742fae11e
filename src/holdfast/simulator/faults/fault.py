"""One ordered fault: what it waits for, how often, and whether the dice let it strike."""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from holdfast.simulator.faults.kinds import KINDS, At, Kind, Place


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is about to happen, for faults to match: a request, a message, a connection, an order."""

    method: str = ""
    path: str = ""
    symbols: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return " ".join(part for part in (self.method, self.path, ",".join(sorted(self.symbols))) if part)


@dataclass(eq=False, slots=True)
class Fault:
    """A fault that waits. `count` is how often it still strikes, None for ever; `active_from` is market time.

    `every_s` is how far apart an act that happens by itself repeats, in market seconds. `plan` names the bad day
    that it belongs to.
    """

    kind: str
    method: str | None
    path: str | None
    symbol: str | None
    count: int | None
    active_from: datetime
    seed: int | None = None
    one_in: int = 1
    every_s: float = 60.0
    options: Mapping[str, Any] = field(default_factory=dict)
    happened: int = 0
    plan: str | None = None
    _dice: Random = field(default_factory=Random, repr=False)

    def __post_init__(self) -> None:
        self._dice.seed(f"{self.kind}:{self.seed}")

    @property
    def row(self) -> Kind:
        """What the table says about its kind."""
        return KINDS[self.kind]

    @property
    def is_used_up(self) -> bool:
        """Whether it will never strike again."""
        return self.count == 0

    def fits(self, place: Place, occasion: Occasion) -> bool:
        """Whether the occasion is one of those it waits for."""
        at = self.row.places.get(place)
        return (
            at is not None
            and self._fits_call(at, occasion)
            and (self.symbol is None or self.symbol in occasion.symbols)
        )

    def _fits_call(self, at: At, occasion: Occasion) -> bool:
        is_own = _fits(self.method or at.method, self.path or at.path, occasion)
        return is_own and (not at.is_fixed or _fits(at.method, at.path, occasion))

    def rolls(self) -> bool:
        """Throw the dice of one occasion: the same seed and the same occasions give the same throws."""
        return self.one_in == 1 or self._dice.randrange(self.one_in) == 0

    def draw(self, most: int) -> int:
        """Draw a number below `most` from the fault's own seed."""
        return self._dice.randrange(most)

    def strike(self) -> None:
        """Count one strike; an act that repeats waits for its next moment."""
        self.happened += 1
        self.count = None if self.count is None else self.count - 1
        self.active_from += timedelta(seconds=self.every_s if self.row.is_act else 0)

    def as_dict(self) -> dict[str, Any]:
        """Return it as `GET /_sim/faults` shows it."""
        return {
            "kind": self.kind,
            "row": self.row.row,
            "method": self.method,
            "path": self.path,
            "symbol": self.symbol,
            "count": self.count,
            "active_from": self.active_from.isoformat(),
            "seed": self.seed,
            "one_in": self.one_in,
            **self.options,
            "happened": self.happened,
        }


def _fits(method: str | None, path: str | None, occasion: Occasion) -> bool:
    return method in (None, occasion.method) and (path is None or fnmatch.fnmatchcase(occasion.path, path))
