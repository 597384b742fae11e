"""A whole bad day, drawn from a seed: the promise holds. For more: `python -m e2e.faults.bad_days --count 20`."""

import pytest

from e2e.faults.bad_days import findings, live_badly
from e2e.harness import World


@pytest.mark.parametrize("seed", [4])
def test_the_promise_holds_on_a_bad_day(world: World, seed: int) -> None:
    """Never twice, never short, and in the evening every file is the broker's truth."""
    day = live_badly(world, seed)
    assert day.happened, "nothing went wrong on this day"
    assert not findings(day), day.output
