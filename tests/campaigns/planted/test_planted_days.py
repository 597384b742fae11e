"""Planted bugs: a handful of fresh ones, the first lesson's own bot, and the table itself."""

import importlib
import re
from pathlib import Path
from random import Random

import pytest

from campaigns.planted.campaign import CAMPAIGN, ROWS, first_world, hunt
from campaigns.planted.table import EQUIVALENT, PLANTS, Plant
from campaigns.planted.worlds import Bug, DaysWorld
from campaigns.slices import fresh_seed

HANDFUL = 4
LEAST = 25


def test_a_handful_of_planted_bugs_is_caught() -> None:
    """Bugs that nobody has chosen are caught in worlds that nobody has chosen."""
    seed = fresh_seed()
    chosen = Random(seed).sample(range(len(PLANTS)), HANDFUL)  # noqa: S311 - a seed must repeat itself
    start = seed - seed % len(ROWS)
    found = [CAMPAIGN.run_one(start + index) for index in chosen]
    wrong = [text for outcome in found for text in outcome.violations]
    assert not wrong, f"HOLDFAST_SEED={seed}: {wrong}"


def test_the_first_lessons_own_bot_is_caught_at_once() -> None:
    """Order first, positions only, any error means flat, plain writes: three days are more than it takes."""
    seed = fresh_seed()
    lesson = named("the lesson's own bot")
    found = hunt(lesson, first_world(seed))
    assert found.caught, f"HOLDFAST_SEED={seed}: it survives {found.worlds} days"


@pytest.mark.parametrize("plant", [one for one in ROWS if isinstance(one.bug, Bug)], ids=lambda one: one.name)
def test_each_bug_is_put_where_something_stands(plant: Plant) -> None:
    """A name that is gone would be replaced by nothing, and the bug never be there."""
    for target in plant.bug.changes:
        module, _, name = target.partition(":")
        assert hasattr(importlib.import_module(module), name), target


@pytest.mark.parametrize("one", EQUIVALENT, ids=lambda one: one.plant.name)
def test_an_equivalent_is_told_with_its_reason(one: object) -> None:
    """What is no bug here says why, and is not counted."""
    assert one.reason  # type: ignore[attr-defined]
    assert one.plant not in PLANTS  # type: ignore[attr-defined]


def test_the_table_is_long_enough_and_names_every_check() -> None:
    """There are enough bugs, each with a name of its own, a sentence, a check and a budget."""
    assert len(PLANTS) >= LEAST
    assert len({plant.name for plant in ROWS}) == len(ROWS)
    assert all(plant.sentence and plant.check and plant.budget for plant in PLANTS)


def test_a_part_that_was_put_in_is_taken_out_again() -> None:
    """After a world with a bug the next one is as good as ever."""
    plant = named("exit without asking first")
    assert isinstance(plant.world, DaysWorld)
    before = plant.world.day(plant.world.good, 1, is_traced=True).log
    plant.world.violations(plant.bug, 1)
    assert plant.world.day(plant.world.good, 1, is_traced=True).log == before


def named(name: str) -> Plant:
    """Return the bug of this name."""
    return next(plant for plant in PLANTS if plant.name == name)


def test_the_page_names_every_mistake_and_what_caught_it() -> None:
    """docs/reliability.md has a row for each, with the words of the table, and nothing caught it that must not."""
    page = (Path(__file__).parents[3] / "docs" / "reliability.md").read_text()
    section = next(part for part in page.split("\n## ") if part.startswith("Mistakes that are found"))
    rows = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+ \| [^|]+?) \|$", section, re.MULTILINE))
    del rows["mistake"]
    assert set(rows) == {plant.name for plant in PLANTS}
    for plant in PLANTS:
        sentence, caught = rows[plant.name].split(" | ")
        assert sentence == plant.sentence
        assert re.match(plant.check, caught), plant.name
