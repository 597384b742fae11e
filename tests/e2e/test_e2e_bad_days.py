"""Bad days as people order them: by a flag of `holdfast simulate`, and in config.yaml."""

from typing import Any

from e2e.harness import World, level, until


def plan_of(faults: dict[str, Any]) -> list[str]:
    """Return the kinds of the plan, in order."""
    return [fault["kind"] for fault in faults["waiting"] if fault["kind"] != "bad_day"]


def test_a_flag_orders_bad_days_and_shows_the_plan(world: World) -> None:
    """`--bad-day 42` prints the plan as a table on stderr, and its faults wait; the seed gives them again."""
    plans = []
    for name in ("first", "second"):
        simulator = world.simulator("--bad-day", "42", "--universe", "AAPL,MSFT", name=name)
        plans.append(plan_of(simulator.ask("GET", "/_sim/faults")))
        assert "bad day 42, 2026-01-05:" in simulator.stderr
        shown = [
            line.split()[1] for line in simulator.stderr.split("bad day 42")[1].splitlines()[2:] if line[2:3] == ":"
        ]
        assert shown[: len(plans[-1])] == plans[-1]
        assert simulator.stop() == 0
    assert plans[0] == plans[1] != []


def test_config_orders_bad_days_for_the_simulator_inside(world: World) -> None:
    """`sim.bad_day` reaches the simulator that `holdfast run` starts, with the symbols of the file."""
    world.configure([level("AAPL")], sim={"bad_day": 42, "speed": 60})
    bot = world.start_bot()
    until(lambda: "bad day 42, 2026-01-05:" in bot.output, "the plan")
    bot.stop()
