"""A few points of one scenario, for a test: what a process of its own runs and hands back."""

import itertools
from dataclasses import dataclass
from itertools import islice

from campaigns.kills.campaign import CAMPAIGN
from campaigns.kills.points import point


@dataclass(frozen=True, slots=True)
class Sample:
    """How many kills there were, and what they violated."""

    kills: int
    violations: tuple[str, ...]


def sample(scenario: str, seed: int, count: int) -> Sample:
    """Run `count` points of one scenario: the first of its seeds that are not below `seed`."""
    seeds = islice((one for one in itertools.count(seed) if point(one).scenario.name == scenario), count)
    outcomes = [CAMPAIGN.run_one(one) for one in seeds]
    return Sample(
        kills=sum(outcome.units for outcome in outcomes),
        violations=tuple(f"seed {one.seed}: {line}" for one in outcomes for line in one.violations),
    )
