"""The simulated days: a slice with fresh seeds, exact replay, and proof that the checker can fail."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from campaigns.days.bots import Parts
from campaigns.days.campaign import CAMPAIGN
from campaigns.days.day import Day
from campaigns.days.plants import PLANTS
from campaigns.days.settings import draw
from campaigns.slices import assert_slice

TESTS = Path(__file__).parents[2]
SLICE = 20
PLANT_SEEDS = 20
REPLAY = """
from campaigns.days.test_days import digest
print(digest({seed}))
"""


def digest(seed: int) -> str:
    """Live through a day and return the digest of all that happened."""
    day = Day(draw(seed), is_traced=True)
    day.run()
    return hashlib.sha256("\n".join(day.log).encode()).hexdigest()


def test_days_of_faults_violate_nothing() -> None:
    """The real engine lives through days that nobody has chosen, and the checker finds nothing."""
    assert_slice(CAMPAIGN, SLICE, must_hit=("start: no file, no order", "order_fill"))


@pytest.mark.parametrize("seed", [7, 30])
def test_a_seed_is_always_the_same_day(seed: int) -> None:
    """The same seed gives the same events in the same order, in this process and in one with other hashes."""
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": os.pathsep.join(sys.path)}
    other = subprocess.run(
        [sys.executable, "-c", REPLAY.format(seed=seed)], env=environment, capture_output=True, text=True, check=True
    )
    assert digest(seed) == digest(seed) == other.stdout.strip()


@pytest.mark.parametrize("name", sorted(PLANTS))
def test_a_planted_bug_is_caught(name: str) -> None:
    """A bug that was planted is caught within the first days, by a check that is there for it."""
    parts, checks = PLANTS[name]
    seen = (violation for seed in range(1, PLANT_SEEDS + 1) for violation in _violations(seed, parts))
    assert any(violation.startswith(f"{check}:") for violation in seen for check in checks)


def _violations(seed: int, parts: Parts) -> list[str]:
    day = Day(draw(seed), parts)
    day.run()
    return day.violations
