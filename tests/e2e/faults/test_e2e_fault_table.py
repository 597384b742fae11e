"""The bot through every fault that the simulator knows, one day for each, checked from outside."""

import os
from collections.abc import Mapping, Sequence

import pytest

from e2e.faults.checks import Traded, findings, traded
from e2e.faults.day import Plan, live
from e2e.faults.market import CALM, QUANTITY, REST, TURNS
from e2e.faults.table import CASES
from e2e.harness import LEVEL, World

# All days take some ten minutes of two cores: a run lives through one part of them.
PARTS = 6
# A whole day of them is lived through in test_e2e_whole_bad_days.py; a split comes overnight, in test_e2e_split.py.
ELSEWHERE = {"bad_day", "split_symbol"}


@pytest.fixture(scope="session")
def fine(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Traded]:
    """Return what the untouched symbols trade on a day without faults."""
    world = World(tmp_path_factory.mktemp("fine"))
    (world.folder / "level.py").write_text(LEVEL)
    try:
        day = live(world, Plan([]))
        return {symbol: traded(day, symbol) for symbol in (CALM, REST)}
    finally:
        world.close()


def slice_of(names: Sequence[str]) -> list[str]:
    """Return a sixth of the days, from a start that the run's seed chooses; all with HOLDFAST_FULL."""
    if os.environ.get("HOLDFAST_FULL"):
        return list(names)
    return list(names)[int(os.environ["HOLDFAST_SEED"]) % PARTS :: PARTS]


@pytest.mark.parametrize("name", slice_of(tuple(CASES)))
def test_the_bot_lives_through_the_fault(world: World, name: str, fine: Mapping[str, Traded]) -> None:
    """Never twice, never short, files true in the end, the others as on a fine day, a clear word, a true status."""
    day = live(world, CASES[name].plan)
    found = findings(day, CASES[name], fine)
    assert not found, "\n".join([*found, day.output])


def test_a_fine_day_trades_at_every_turn(fine: Mapping[str, Traded]) -> None:
    """Without faults each path is traded at each of its turns, whole, and filled."""
    assert [len(fine[symbol]) for symbol in (CALM, REST)] == [len(TURNS), len(TURNS) + 1]
    assert {order[3:6] for symbol in (CALM, REST) for order in fine[symbol]} == {
        (f"{QUANTITY}", "filled", f"{QUANTITY}")
    }


def test_every_kind_of_fault_has_its_day(world: World) -> None:
    """A kind that the simulator learns must be added to the table."""
    kinds = set(world.simulator().ask("GET", "/_sim/faults")["kinds"])
    tried = {kind for case in CASES.values() for kind in case.strikes}
    assert kinds == tried | ELSEWHERE
