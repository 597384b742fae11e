"""The campaign `machine`: one seed is one run of hypothesis, of some scenarios, against a fresh world each."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from loguru import logger

from campaigns.frame import Manner, Outcome
from campaigns.machine.machine import COVERAGE, Machine

SCENARIOS, STEPS = 20, 50
LEAST = 100


def play(
    number: int,
    scenarios: int = SCENARIOS,
    steps: int = STEPS,
    *,
    shrinks: bool = False,
    machine_class: type[Machine] = Machine,
) -> Outcome:
    """Run the scenarios of one seed; a failing one ends the run, made short first if it `shrinks`."""
    machine = seed(number)(type("Seeded", (machine_class,), {}))
    Machine.coverage.clear()
    phases = (Phase.generate, Phase.shrink) if shrinks else (Phase.generate,)
    how = settings(
        max_examples=scenarios, stateful_step_count=steps, phases=phases, database=None, deadline=None,
        print_blob=False, report_multiple_bugs=False, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    found: tuple[str, ...] = ()
    try:
        run_state_machine_as_test(machine, settings=how)
    except Exception as error:  # noqa: BLE001 - whatever the bot raises is found
        found = (_told(error),)
    counted = dict(Machine.coverage)
    return Outcome(number, found, counted, units=counted.get("scenarios", 0))


def _told(error: Exception) -> str:
    first, _, rest = str(error).partition("\n")
    name = first if isinstance(error, AssertionError) else f"{type(error).__name__}: {first}"
    return "\n".join([name, rest, *getattr(error, "__notes__", [])])


@dataclass(frozen=True)
class MachineCampaign:
    """Scenarios that hypothesis makes up."""

    name: str = "machine"
    what: str = "an adversary plays the broker, the disk and the owner against the real supervisor (I1-I4, I7, I8)"
    unit: str = "scenarios"
    obligations: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(COVERAGE, LEAST))
    manner: Manner = field(default_factory=lambda: Manner(seed_limit_s=300, count=250))

    def run_one(self, seed: int) -> Outcome:
        """Run one seed's scenarios."""
        logger.remove()
        return play(seed)

    def trace(self, seed: int) -> Iterator[str]:
        """Run one seed with the bot's own log on stderr, and make a failing scenario as short as can be."""
        logger.remove()
        logger.add(sys.stderr, level="WARNING", diagnose=False)
        for violation in play(seed, shrinks=True).violations:
            yield f"made short: {violation}"


CAMPAIGN = MachineCampaign()
