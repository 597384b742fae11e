"""A slice of the state machine, and the bugs that it catches when they are planted."""

import sys

import pytest
from loguru import logger

from campaigns.machine.campaign import play
from campaigns.machine.machine import Machine
from campaigns.machine.world import Parts
from campaigns.slices import fresh_seed
from planted import plants

SCENARIOS, STEPS = 60, 40
SEEDS_MAX = 15


PLANTED = {
    "404 is dead": Parts(worker=plants.DeadAt404),
    "timeout is rejection": Parts(worker=plants.TimeoutIsRejection),
    "add event quantities": Parts(worker=plants.AddsEventQuantities),
    "cancel is done": Parts(worker=plants.CancelIsDone),
    "two saves to settle": Parts(worker=plants.TwoSavesToSettle),
    "no fsync": Parts(store=plants.WriteBehind),
}


@pytest.fixture(autouse=True)
def quiet() -> None:
    """What the bot logs meanwhile is of no interest."""
    logger.remove()


def test_no_scenario_breaks_an_invariant() -> None:
    """Whatever the adversary does, I1 to I4 and I7 hold after every step and I8 at the end; a fresh seed each time."""
    seed = fresh_seed()
    sys.stdout.write(f"machine: {SCENARIOS} scenarios, HOLDFAST_SEED={seed}\n")
    outcome = play(seed, SCENARIOS, STEPS)
    assert not outcome.violations, f"HOLDFAST_SEED={seed}: {outcome.violations[0]}"
    assert outcome.coverage["scenarios with orders"] > SCENARIOS / 5


@pytest.mark.parametrize("parts", PLANTED.values(), ids=PLANTED)
def test_the_machine_catches_a_planted_bug(parts: Parts) -> None:
    """With the bug planted, some scenario of a few seeds breaks an invariant."""
    planted = type("Planted", (Machine,), {"parts": parts})
    assert any(play(seed, 20, STEPS, machine_class=planted).violations for seed in range(SEEDS_MAX))
