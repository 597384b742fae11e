"""`planted`: every planted bug is put into its world, seed after seed, until the check that must see it does."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from campaigns.frame import Manner, Outcome
from campaigns.planted.table import EQUIVALENT, PLANTS, Plant
from campaigns.planted.worlds import DaysWorld

ROWS = (*PLANTS, *(one.plant for one in EQUIVALENT))
PASSES = 3


@dataclass(frozen=True)
class Hunt:
    """What came of one bug: the worlds it took, the last of them, and what was violated; nothing if it survived."""

    plant: Plant
    worlds: int
    seed: int
    caught: str = ""


def plant_of(seed: int) -> Plant:
    """Return the bug that a seed of the campaign plants."""
    return ROWS[seed % len(ROWS)]


def hunt(plant: Plant, seed: int) -> Hunt:
    """Run a bug's worlds from `seed` on until its check sees it in one that is clean without it."""
    for number in range(plant.budget):
        caught = seen(plant, seed + number)
        if caught and not plant.world.violations(plant.world.good, seed + number):
            return Hunt(plant, number + 1, seed + number, caught)
    return Hunt(plant, plant.budget, seed + plant.budget - 1)


def seen(plant: Plant, seed: int) -> str:
    """Return what the bug's check says of one world, or nothing."""
    found = plant.world.violations(plant.bug, seed)
    return next((text for text in found if re.match(plant.check, text)), "")


@dataclass(frozen=True)
class Planted:
    """One seed is one bug and one stretch of its worlds."""

    name: str = "planted"
    what: str = "every planted bug is caught by the check that must catch it"
    unit: str = "worlds"
    manner: Manner = field(default_factory=lambda: Manner(count=PASSES * len(ROWS), seed_limit_s=900.0))

    @property
    def obligations(self) -> Mapping[str, int]:
        """Every bug caught."""
        return {plant.name: 1 for plant in PLANTS}

    def run_one(self, seed: int) -> Outcome:
        """Hunt one bug; one that survives is a violation, and so is an equivalent one that does not."""
        plant = plant_of(seed)
        found = hunt(plant, first_world(seed))
        if plant not in PLANTS:
            wrong = f"{plant.name}: declared equivalent and caught\n{found.caught}" if found.caught else ""
            return Outcome(seed, (wrong,) if wrong else (), {f"{plant.name}: equivalent": 1}, units=found.worlds)
        if not found.caught:
            return Outcome(seed, (f"{plant.name}: survives\n{plant.budget} seeds of {plant.world.name}",))
        first_line = found.caught.partition("\n")[0]
        coverage = {
            plant.name: 1,
            f"{plant.name}: caught by {first_line}": 1,
            f"{plant.name}: worlds needed": found.worlds,
        }
        return Outcome(seed, coverage=coverage, measures={"worlds until caught": found.worlds}, units=found.worlds)

    def trace(self, seed: int) -> Iterator[str]:
        """Tell which bug it is, what saw it, and the day on which it did."""
        plant = plant_of(seed)
        found = hunt(plant, first_world(seed))
        yield f"{plant.name}: {plant.sentence} ({plant.world.name}, seed {found.seed})"
        if isinstance(plant.world, DaysWorld):
            yield from plant.world.day(plant.bug, found.seed, is_traced=True).log
        yield found.caught or "it survives"


def first_world(seed: int) -> int:
    """Return the seed of the first world: those of two passes are others."""
    return seed // len(ROWS) * max(plant.budget for plant in ROWS)


CAMPAIGN = Planted()
