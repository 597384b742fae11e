"""`Totals`: what many runs add up to, in a form that can be written as one line and added to others."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from campaigns.serving import Run

SEEDS_KEPT = 10


@dataclass
class Violation:
    """One violation, told by its first line: how often, the first seeds, and the details of the first of them."""

    count: int = 0
    seeds: list[int] = field(default_factory=list)
    details: str = ""

    def add(self, other: "Violation") -> None:
        """Count another's too."""
        self.details = self.details or other.details
        self.count += other.count
        self.seeds = [*self.seeds, *(seed for seed in other.seeds if seed not in self.seeds)][:SEEDS_KEPT]


@dataclass
class Totals:
    """The sums over `seeds`; `wall_s` is the time that went by, not the sum over worker processes."""

    seeds: set[int] = field(default_factory=set)
    units: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    violations: dict[str, Violation] = field(default_factory=dict)
    coverage: Counter[str] = field(default_factory=Counter)
    measures: Counter[str] = field(default_factory=Counter)

    @property
    def runs(self) -> int:
        """How many seeds ran."""
        return len(self.seeds)

    @property
    def violations_count(self) -> int:
        """How many violations there were, the same one in several runs counted each time."""
        return sum(violation.count for violation in self.violations.values())

    @property
    def rate(self) -> float:
        """Units per CPU second."""
        return self.units / self.cpu_s if self.cpu_s else 0.0

    def mean(self, measure: str) -> float:
        """Return the mean of a measure over all runs."""
        return self.measures[measure] / max(1, self.runs)

    def add_run(self, run: Run) -> None:
        """Count one run."""
        outcome = run.outcome
        self.seeds.add(outcome.seed)
        self.units += outcome.units
        self.cpu_s += run.cpu_s
        self.coverage.update(outcome.coverage)
        self.measures.update(outcome.measures)
        for text in outcome.violations:
            first, _, details = text.partition("\n")
            self._violated(first, Violation(1, [outcome.seed], details))

    def add(self, other: "Totals") -> None:
        """Count what another counted; seeds of both must not be the same ones."""
        self.seeds |= other.seeds
        self.units += other.units
        self.wall_s += other.wall_s
        self.cpu_s += other.cpu_s
        self.coverage.update(other.coverage)
        self.measures.update(other.measures)
        for text, violation in other.violations.items():
            self._violated(text, violation)

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` takes."""
        return {
            "seeds": [list(pair) for pair in ranges(self.seeds)],
            "units": self.units,
            "wall_s": round(self.wall_s, 3),
            "cpu_s": round(self.cpu_s, 3),
            "violations": {text: vars(violation) for text, violation in self.violations.items()},
            "coverage": dict(sorted(self.coverage.items())),
            "measures": dict(sorted(self.measures.items())),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Totals":
        """Return what `to_json` wrote."""
        return cls(
            seeds={seed for first, last in data["seeds"] for seed in range(first, last + 1)},
            units=data["units"],
            wall_s=data["wall_s"],
            cpu_s=data["cpu_s"],
            violations={text: Violation(**violation) for text, violation in data["violations"].items()},
            coverage=Counter(data["coverage"]),
            measures=Counter(data["measures"]),
        )

    def _violated(self, text: str, violation: Violation) -> None:
        self.violations.setdefault(text, Violation()).add(violation)


def ranges(seeds: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield seeds as (first, last) of each gapless row, in order."""
    first = last = None
    for seed in sorted(seeds):
        if first is None or last is None:
            first = seed
        elif seed != last + 1:
            yield first, last
            first = seed
        last = seed
    if first is not None and last is not None:
        yield first, last
