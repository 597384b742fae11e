"""Which seed is which point: scenarios take turns, and each goes through all of its calls before one comes again.

Of a scenario's seeds every other is killed a second time, inside the recovery.
"""

import math
from dataclasses import dataclass
from random import Random

from campaigns.kills.scenarios import SCENARIOS, Scenario

_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True)
class Point:
    """Kill (or fail) at call `first` of the scenario's life, and at call `second` of the next one; 0 is never."""

    scenario: Scenario
    first: int
    second: int

    def __str__(self) -> str:
        again = f", and again before call {self.second}" if self.second else ""
        what = "disk fails from call" if self.scenario.error else "killed before call"
        return f"{self.scenario.name}: {what} {self.first}{again}"


def point(seed: int) -> Point:
    """Return the point of a seed: any window of seeds is spread evenly, and a full pass leaves no call out."""
    turn, row = divmod(seed, len(SCENARIOS))
    scenario = SCENARIOS[row]
    step, is_double = divmod(turn, 2)
    first = 1 + step * _stride(scenario.calls) % scenario.calls
    second = Random(f"{scenario.name} {step}").randint(1, scenario.again) if is_double else 0  # noqa: S311
    return Point(scenario, first, second)


def full_pass() -> int:
    """Return how many seeds in a row hold every call of every scenario, once alone and once with a second kill."""
    return 2 * len(SCENARIOS) * max(scenario.calls for scenario in SCENARIOS)


def _stride(calls: int) -> int:
    """Return a step that visits every call before one comes again, far from the one before."""
    step = max(1, round(calls * _GOLDEN))
    while math.gcd(step, calls) > 1:
        step += 1
    return step
