"""The campaign `fuzz`: one seed is a batch of inputs for every reader; a unit is one input."""

import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from loguru import logger

from campaigns.frame import Manner, Outcome
from campaigns.fuzz.config_bytes import ConfigBytes
from campaigns.fuzz.rest_rows import RestRows
from campaigns.fuzz.rest_wire import RestWire
from campaigns.fuzz.state_bytes import StateBytes
from campaigns.fuzz.stream_frames import StreamFrames
from campaigns.fuzz.symbol_names import SymbolNames
from campaigns.fuzz.targets import FoundError, Target

TARGETS: tuple[Callable[[], Target], ...] = (StateBytes, ConfigBytes, RestRows, RestWire, StreamFrames, SymbolNames)
INPUTS_PER_SHARE = 100
CPU_S_MAX = 2.0
SHOWN_MAX = 3000
LEAST = 10_000
NAMES = ("state file", "config", "REST rows", "REST wire", "stream frame", "symbol name")


def fuzzed(make: Callable[[], Target], seed: int, per_share: int) -> tuple[Counter[str], list[str]]:
    """Give one target its share of inputs; return what came of them, and what must never happen."""
    target, counted, found = make(), Counter[str](), []
    try:
        for number in range(per_share * target.share):
            begun = time.thread_time()
            try:
                counted[f"{target.name}: {target.attempt(Random(f'{seed}:{target.name}:{number}'))}"] += 1  # noqa: S311
            except Exception as error:  # noqa: BLE001 - whatever a reader raises is a finding
                found.append(_told(target, error))
            if time.thread_time() - begun > CPU_S_MAX:
                found.append(f"{target.name}: one input took more than {CPU_S_MAX:g} s\n{target.tried!r:.{SHOWN_MAX}}")
            counted[target.name] += 1
    finally:
        target.close()
    return counted, found


def _told(target: Target, error: Exception) -> str:
    name = str(error) if isinstance(error, FoundError) else f"{type(error).__name__} came out"
    where = "" if isinstance(error, FoundError) else "".join(traceback.format_tb(error.__traceback__)[-4:])
    return f"{target.name}: {name}\n{where}{error!r:.500}\ninput: {target.tried!r:.{SHOWN_MAX}}"


@dataclass(frozen=True)
class Fuzz:
    """Inputs that were never meant to be."""

    name: str = "fuzz"
    what: str = "no file, answer, frame or name from outside does more than be refused or read right (F3, F9, F18, F19)"
    unit: str = "inputs"
    obligations: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, LEAST))
    manner: Manner = field(default_factory=lambda: Manner(seed_limit_s=120, count=200))

    def run_one(self, seed: int) -> Outcome:
        """Run one batch."""
        return batch(seed, INPUTS_PER_SHARE)

    def trace(self, seed: int) -> Iterator[str]:
        """Say what each reader made of its inputs."""
        _listen()
        for make in TARGETS:
            counted, _found = fuzzed(make, seed, INPUTS_PER_SHARE)
            yield ", ".join(f"{name} {count}" for name, count in sorted(counted.items()))


def batch(seed: int, per_share: int) -> Outcome:
    """Run a batch of inputs for every target."""
    _listen()
    counted: Counter[str] = Counter()
    found: list[str] = []
    for make in TARGETS:
        some, violations = fuzzed(make, seed, per_share)
        counted += some
        found += violations
    inputs = sum(count for name, count in counted.items() if ":" not in name)
    return Outcome(seed, tuple(found), counted, units=inputs)


def _listen() -> None:
    """Format the log's lines, though nobody reads them: a line must not raise either."""
    logger.remove()
    logger.add(lambda _line: None, level="DEBUG", diagnose=False, catch=False)


CAMPAIGN = Fuzz()
