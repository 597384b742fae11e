"""What a campaign is: one seed makes one run, and a run says what it violated, what it met and what it measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Outcome:
    """One run. The first line of a violation names it; further lines are details, shown for the first seed alone.

    `coverage` is added up over runs, `measures` are averaged, `units` is how many of the campaign's units it ran.
    """

    seed: int
    violations: tuple[str, ...] = ()
    coverage: Mapping[str, int] = field(default_factory=dict)
    measures: Mapping[str, float] = field(default_factory=dict)
    units: int = 1


@dataclass(frozen=True)
class Manner:
    """How a campaign wants to be run: its processes, the longest that one seed may take, and its usual size."""

    start_method: str = "spawn"
    seed_limit_s: float = 120.0
    count: int = 100


class Campaign(Protocol):
    """A campaign lives in `campaigns/<name>/campaign.py` as `CAMPAIGN`; an attribute `manner: Manner` is optional.

    `run_one` is called in worker processes, many times in each; the same seed must give the same outcome.
    With a method `trace(seed) -> Iterator[str]`, `--trace` prints its lines as they come.
    """

    name: str
    what: str
    unit: str
    obligations: Mapping[str, int]

    def run_one(self, seed: int) -> Outcome:
        """Run what this seed makes."""
        ...


def manner(campaign: Campaign) -> Manner:
    """Return how a campaign wants to be run."""
    found: Manner = getattr(campaign, "manner", Manner())
    return found
