"""The campaign `isolation`: one seed is a day lived twice, with faults in one symbol and without."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from itertools import zip_longest

from loguru import logger

from campaigns.frame import Manner, Outcome
from campaigns.isolation.day import FAULTS, GOOD, OTHERS, IsolatedDay, Told
from campaigns.machine.world import Parts

LEAST = 100


def compared(seed: int, parts: Parts = GOOD) -> Outcome:
    """Live through a seed's day twice and compare what the others did."""
    logger.disable("holdfast")
    calm, struck = IsolatedDay(seed, GOOD, is_struck=False), IsolatedDay(seed, parts, is_struck=True)
    expected, found = calm.run(), struck.run()
    wrong = tuple(text for symbol in OTHERS for text in _differences(symbol, expected[symbol], found[symbol]))
    coverage = Counter(struck.coverage)
    coverage["orders of others"] = sum(len(told.sent) for told in found.values())
    coverage["versions of others"] = sum(len(told.written) for told in found.values())
    return Outcome(seed, wrong, coverage)


def _differences(symbol: str, expected: Told, found: Told) -> Iterator[str]:
    """Name the first difference of each kind."""
    for kind in (one.name for one in fields(Told)):
        pairs = zip_longest(getattr(expected, kind), getattr(found, kind))
        for number, (calm, struck) in enumerate(pairs):
            if calm != struck:
                yield f"I9: a fault in one symbol changes what another has {kind}\n{symbol}, {number}: {calm}\n{struck}"
                break


@dataclass(frozen=True)
class Isolation:
    """Days lived twice."""

    name: str = "isolation"
    what: str = "faults in one symbol leave decisions, orders, journal and files of all others identical (I9)"
    unit: str = "days lived twice"
    obligations: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(FAULTS, LEAST))
    manner: Manner = field(default_factory=lambda: Manner(count=1000, seed_limit_s=60))

    def run_one(self, seed: int) -> Outcome:
        """Compare one seed's days."""
        return compared(seed)


CAMPAIGN = Isolation()
