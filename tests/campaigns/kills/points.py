"""Which seed is which point: three seeds of four go through every call of every scenario, the fourth is aimed.

The calls around an order are few among many: an aimed kill comes so and so many calls after a save or a POST begins.
"""

import math
from dataclasses import dataclass
from random import Random

from campaigns.kills.scenarios import SCENARIOS, Scenario

_GOLDEN = (math.sqrt(5) - 1) / 2
_ALL = [(one, call) for one in SCENARIOS for call in range(1, one.calls + 1) for _ in range(one.times)]
_AIMED = [scenario for scenario in SCENARIOS if not scenario.error]
_TURN, _NOT_AIMED = 4, 3
# One bot of so many is left alone in its second life.
_ALONE = 3


@dataclass(frozen=True, slots=True)
class Point:
    """Where the bot is killed, or its disk fails: before call `first` of its life, and `second` of the next (0: never).

    With an `aim`, `first` is counted from the `nth` call of that name on.
    """

    scenario: Scenario
    first: int
    second: int = 0
    aim: str = ""
    nth: int = 1

    def __str__(self) -> str:
        what = "disk fails from call" if self.scenario.error else "killed before call"
        aimed = f" from {self.aim!r} no. {self.nth} on" if self.aim else ""
        again = f", and again before call {self.second}" if self.second else ""
        return f"{self.scenario.name}: {what} {self.first}{aimed}{again}"


def point(seed: int) -> Point:
    """Return the point of a seed; any window of seeds is spread evenly over all of them."""
    turn, place = divmod(seed, _TURN)
    if place == _NOT_AIMED:
        return _aimed(turn)
    step = turn * _NOT_AIMED + place
    scenario, first = _ALL[step * _stride(len(_ALL)) % len(_ALL)]
    is_double = (step + step // len(_ALL)) % _ALONE > 0
    return Point(scenario, first, _again(scenario, seed) if is_double else 0)


def full_pass() -> int:
    """Return how many seeds in a row leave no call of any scenario out."""
    return math.ceil(len(_ALL) / _NOT_AIMED + 1) * _TURN


def _aimed(turn: int) -> Point:
    step, row = divmod(turn, len(_AIMED))
    scenario = _AIMED[row]
    step, which = divmod(step, len(scenario.aims))
    aim = scenario.aims[which]
    first = 1 + step * _stride(aim.calls) % aim.calls
    is_double = (step + step // aim.calls) % _ALONE > 0
    return Point(scenario, first, _again(scenario, turn) if is_double else 0, aim.call, aim.nth)


def _again(scenario: Scenario, number: int) -> int:
    return Random(f"{scenario.name} {number}").randint(1, scenario.again)  # noqa: S311 - a point, not a secret


def _stride(length: int) -> int:
    """Return a step that visits every place of a list before one comes again, far from the one before."""
    step = max(1, round(length * _GOLDEN))
    while math.gcd(step, length) > 1:
        step += 1
    return step
