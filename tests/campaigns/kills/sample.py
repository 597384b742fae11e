"""A few points of one scenario, for a test: what a process of its own runs and hands back."""

from dataclasses import dataclass

from campaigns.kills.campaign import CAMPAIGN
from campaigns.kills.scenarios import BY_NAME, SCENARIOS


@dataclass(frozen=True, slots=True)
class Sample:
    """How many kills there were, and what they violated."""

    kills: int
    violations: tuple[str, ...]


def sample(scenario: str, seed: int, count: int) -> Sample:
    """Run `count` points of one scenario, from the first of its seeds that is not below `seed`."""
    rows = len(SCENARIOS)
    first = seed + (SCENARIOS.index(BY_NAME[scenario]) - seed) % rows
    outcomes = [CAMPAIGN.run_one(one) for one in range(first, first + rows * count, rows)]
    return Sample(
        kills=sum(outcome.units for outcome in outcomes),
        violations=tuple(f"seed {one.seed}: {line}" for one in outcomes for line in one.violations),
    )
