"""Where a scenario begins: its prices, and a copy of the folder in which the bot has lived so far."""

import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from campaigns.kills.scenarios import REST, Scenario
from campaigns.kills.tracer import Orders
from campaigns.kills.world import World
from e2e.harness import write_bars

# SIGKILL does not lose what the kernel has: a folder in memory is as true as one on disk, and needs no disk.
_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder itself is made by mkdtemp
_PREFIX = "holdfast-kills-"
WORKED_THROUGH = "send POST /_sim/clock"


@cache
def root() -> Path:
    """Return this process's own folder; folders of processes that were killed are cleared away."""
    parent = _MEMORY if os.access(_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    for old in parent.glob(f"{_PREFIX}*"):
        owner = old.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent))


def bars_of(scenario: Scenario) -> Path:
    """Return the folder of CSV files of the scenario's market; what is nobody's business goes sideways in it."""
    folder = root() / "bars" / scenario.name
    if not folder.exists():
        folder.parent.mkdir(exist_ok=True)
        longest = max(map(len, scenario.closes.values()))
        for symbol, column in {**scenario.closes, REST: (101,) * longest}.items():
            write_bars(folder, symbol, column)
    return folder


_templates: dict[str, Path | None] = {}


def template(scenario: Scenario) -> Path | None:
    """Return the folder in which the bot has lived through the scenario's beginning; None if it has none."""
    if scenario.name not in _templates:
        _templates[scenario.name] = _lived(scenario) if scenario.lived else None
    return _templates[scenario.name]


def _lived(scenario: Scenario) -> Path:
    folder, kept = root() / f"{scenario.name}-begins", root() / f"{scenario.name}-begun"
    before = 0
    with World(folder, bars_of(scenario), None) as world:
        world.configure(scenario.configured)
        for number in scenario.lived:
            traced = world.live_traced(Orders(kill_on=WORKED_THROUGH, nth=number - before + 1))
            if traced.killed is None:
                raise AssertionError(f"{scenario.name}: the beginning ended by itself:\n{world.said()}")
            before = number
            if number != scenario.lived[-1]:
                _keep_files(world)
        world.leave()
        (folder / "state" / ".holdfast" / "holdfast.log").unlink()
        world.output.unlink()
        shutil.copytree(folder, kept)
    return kept


def _keep_files(world: World) -> None:
    older = world.folder / "older"
    older.mkdir()
    for path in world.state.glob("*.json"):
        shutil.copy2(path, older)
