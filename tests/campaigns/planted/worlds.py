"""The worlds that planted bugs live in: each runs one seed with a bug, or without, and says what was violated."""

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from loguru import logger

from campaigns.days.bots import Parts
from campaigns.days.day import Day
from campaigns.days.settings import ALPACA, Settings, draw
from campaigns.power.model import Parts as PowerParts
from campaigns.power.model import run_model
from planted.plants import Plant as Desk
from planted.scenarios import Scenario

# The orders of a day are few: in a world that is made for one bug its faults strike often, or nearly always.
INTENSITY, STORM, FLOOD = 4.0, 12.0, 40.0


class World(Protocol):
    """Somewhere that can express a fault. `good` stands for the parts without a bug."""

    @property
    def name(self) -> str:
        """Which campaign it is, and which faults are on."""
        ...

    @property
    def good(self) -> Any:  # noqa: ANN401 - every world has parts of its own
        """The parts as they are."""
        ...

    def violations(self, bug: Any, seed: int) -> list[str]:  # noqa: ANN401 - every world has parts of its own
        """Run one seed with these parts."""
        ...


@dataclass(frozen=True)
class Bug:
    """What is put in the place of a good part: classes of `days`, and names of modules (`module:name`)."""

    parts: Parts = field(default_factory=Parts)
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DaysWorld:
    """The simulated days with these classes of faults only; `good` may hold something strange that is always there.

    With `is_slow` requests live on as long as at Alpaca, which is longer than a bar.
    """

    on: frozenset[str]
    policy: str | None = None
    may_short: bool = False
    is_slow: bool = False
    intensity: float = INTENSITY
    good: Bug = field(default_factory=Bug)

    @property
    def name(self) -> str:
        """Which faults are on."""
        return f"days: {', '.join(sorted(self.on)) or 'no faults'}{f' ({self.policy})' if self.policy else ''}"

    def settings(self, seed: int) -> Settings:
        """Draw the day of a seed."""
        drawn = draw(seed, on=self.on)
        symbols = drawn.symbols
        if self.policy is not None:
            symbols = tuple(replace(one, policy=self.policy) for one in symbols)
        if self.may_short:
            symbols = tuple(replace(one, may_short=True) for one in symbols)
        windows = ALPACA if self.is_slow else drawn.assumptions
        intensity = max(self.intensity, drawn.intensity)
        return replace(drawn, intensity=intensity, symbols=symbols, assumptions=windows)

    def day(self, bug: Bug, seed: int, *, is_traced: bool = False) -> Day:
        """Live through one day with a bug."""
        with sown({**self.good.changes, **bug.changes}):
            day = Day(self.settings(seed), bug.parts, is_traced=is_traced)
            day.run()
        return day

    def violations(self, bug: Bug, seed: int) -> list[str]:
        """Live through one day with a bug and return what the checker says."""
        return self.day(bug, seed).violations


@dataclass(frozen=True)
class PowerWorld:
    """The modelled disk whose power is cut after every call."""

    name: str = "power: every cut of a save"
    good: PowerParts = field(default_factory=PowerParts)

    def violations(self, bug: PowerParts, seed: int) -> list[str]:
        """Run one scenario of saves."""
        logger.disable("holdfast")
        return run_model(seed, bug)[0]


@dataclass(frozen=True)
class ScenarioWorld:
    """One small scenario around one worker; it is always the same."""

    scenario: Scenario
    good: Desk = field(default_factory=Desk)

    @property
    def name(self) -> str:
        """Which scenario it is."""
        return f"scenario: {self.scenario.__name__}"

    def violations(self, bug: Desk, _seed: int) -> list[str]:
        """Run the scenario; what it asserts is told in its own sentence."""
        logger.disable("holdfast")
        try:
            self.scenario(bug)
        except AssertionError:
            return [f"not so: {self.scenario.__doc__}"]
        return []


@contextmanager
def sown(changes: Mapping[str, Any]) -> Iterator[None]:
    """Put other things under the names of modules for a while."""
    before: list[tuple[Any, str, Any]] = []
    try:
        for target, bad in changes.items():
            module, _, name = target.partition(":")
            owner = importlib.import_module(module)
            before.append((owner, name, getattr(owner, name)))
            setattr(owner, name, bad)
        yield
    finally:
        for owner, name, good in before:
            setattr(owner, name, good)
