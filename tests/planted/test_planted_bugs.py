"""Every safety scenario can fail: for each there is a planted bug that it catches."""

import pytest

from planted import plants, scenarios
from planted.plants import Plant
from planted.scenarios import Scenario

BUGS: list[tuple[str, Plant, Scenario]] = [
    ("save after submit", Plant(worker=plants.SaveAfterSubmit), scenarios.intent_before_order),
    ("no fsync", Plant(store=plants.WriteBehind), scenarios.intent_before_order),
    ("404 is dead", Plant(worker=plants.DeadAt404), scenarios.a_late_arrival),
    ("timeout is rejection", Plant(worker=plants.TimeoutIsRejection), scenarios.a_late_arrival),
    ("re-send", Plant(worker=plants.Resends), scenarios.a_late_arrival),
    ("fresh id on retry", Plant(worker=plants.FreshIdOnRetry), scenarios.a_late_arrival),
    ("wall-clock windows", Plant(clock=plants.WallClockWindows), scenarios.a_clock_set_forward),
    ("believe refusals at once", Plant(worker=plants.BelievesRefusals), scenarios.an_untrue_refusal),
    ("add event quantities", Plant(worker=plants.AddsEventQuantities), scenarios.fills_in_parts),
    ("partial is full", Plant(worker=plants.PartialIsFull), scenarios.fills_in_parts),
    ("two saves to settle", Plant(worker=plants.TwoSavesToSettle), scenarios.fills_in_parts),
    ("cancel is done", Plant(worker=plants.CancelIsDone), scenarios.a_fill_in_spite_of_a_cancel),
    ("ignore open orders", Plant(broker=plants.IgnoresOrdersAtStart), scenarios.a_lost_file_with_a_working_order),
    ("forget the wire", Plant(worker=plants.ForgetsTheWire), scenarios.a_lost_file_with_an_order_on_the_wire),
    ("corrupt is flat", Plant(store=plants.CorruptIsFlat), scenarios.a_damaged_file),
    ("one position read", Plant(worker=plants.BelievesOneRead), scenarios.a_lagging_position),
    ("sell the whole account", Plant(worker=plants.SellsTheWholeAccount), scenarios.shares_that_are_not_ours),
    ("duplicate is rejection", Plant(broker=plants.DuplicateIsRejection), scenarios.an_id_that_is_taken),
]
SCENARIOS = {scenario.__name__: scenario for _name, _plant, scenario in BUGS}


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_scenario_holds(scenario: Scenario) -> None:
    """With the parts as they are, what the promise says about the scenario is true."""
    scenario(Plant())


@pytest.mark.parametrize(("plant", "scenario"), [row[1:] for row in BUGS], ids=[row[0] for row in BUGS])
def test_a_planted_bug_is_caught(plant: Plant, scenario: Scenario) -> None:
    """With the bug planted, the scenario's own assertions fail."""
    with pytest.raises(AssertionError):
        scenario(plant)


def test_every_plant_is_in_the_table() -> None:
    """A planted bug that no scenario has to catch would prove nothing."""
    used = {part for _name, plant, _scenario in BUGS for part in (plant.worker, plant.store, plant.broker, plant.clock)}
    planted = {
        one for one in vars(plants).values()
        if isinstance(one, type) and one.__module__ == plants.__name__ and one is not Plant
    }  # fmt: skip
    assert planted - used == set()
