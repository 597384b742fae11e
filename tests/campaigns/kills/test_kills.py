"""A slice of the kill -9 campaign, with fresh seeds; the whole of it: `python tests/campaigns/run.py kills`.

Everything here runs in a process of its own: the bot is forked, and a test's process has threads.
"""

import pytest

from campaigns.kills import tracer
from campaigns.kills.apart import apart
from campaigns.kills.plants import PLANTS, hunts
from campaigns.kills.points import full_pass, point
from campaigns.kills.sample import Sample, sample
from campaigns.kills.scenarios import SCENARIOS
from campaigns.slices import fresh_seed

POINTS = 12
needs_ptrace = pytest.mark.skipif(tracer.trouble() is not None, reason=str(tracer.trouble()))


@needs_ptrace
def test_killed_at_a_dozen_calls_of_an_entry_it_buys_once() -> None:
    """Before whichever call the bot is killed, and again while it recovers: one order, true files, a fair end."""
    seed = fresh_seed()
    seen: Sample = apart(sample, "entry", seed, POINTS)
    assert not seen.violations, f"HOLDFAST_SEED={seed}: " + "\n".join(seen.violations)
    assert seen.kills >= POINTS // 2, f"HOLDFAST_SEED={seed}: {seen}"


@needs_ptrace
def test_every_planted_bug_is_caught() -> None:
    """Save after submit, two saves to settle, act before reconcile: each dies within a few points."""
    survivors = [name for name, found in apart(hunts).items() if not found.violations]
    assert not survivors


def test_a_pass_leaves_no_call_out() -> None:
    """The seeds of one pass hold every call of every scenario."""
    start = fresh_seed()
    points = [point(seed) for seed in range(start, start + full_pass())]
    hit = {(one.scenario.name, one.first) for one in points if not one.aim}
    assert hit == {(scenario.name, call) for scenario in SCENARIOS for call in range(1, scenario.calls + 1)}


def test_a_window_of_seeds_is_spread_evenly() -> None:
    """A third of a pass visits every scenario from its first calls to its last, alone, twice, and aimed."""
    start = fresh_seed()
    window = [point(seed) for seed in range(start, start + full_pass() // 3)]
    for scenario in SCENARIOS:
        mine = [one for one in window if one.scenario is scenario]
        firsts = sorted(one.first for one in mine if not one.aim)
        assert firsts[0] < scenario.calls / 2 < firsts[-1], (scenario.name, firsts)
        assert {bool(one.second) for one in mine} == {True, False}
        assert scenario.error or any(one.aim for one in mine)


def test_every_scenario_and_plant_has_its_sentence() -> None:
    """A row that cannot be told in a sentence is not understood."""
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)
    assert all(scenario.sentence.endswith(".") for scenario in SCENARIOS)
    assert all(plant.sentence for plant in PLANTS.values())
