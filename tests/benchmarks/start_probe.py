"""A start up to "reconciled" as `holdfast run` does it, in a process of its own, with the time of each stage.

Not a benchmark by itself: `bench_start.py` runs it with the config, the state folder, the moment at which it asked for
the process (`time.monotonic`, one clock for all processes of a machine), and perhaps `--no-warm-up`. It prints JSON.
"""

import asyncio
import inspect
import json
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.adapters.log import start_logging
from holdfast.bootstrap.opening import Opened, Options, opened, read_config, state_folder
from holdfast.bootstrap.run import run_bot
from holdfast.cli.run_view import view_for_terminal
from holdfast.config.load import Config
from holdfast.domain.errors import Recoverable
from holdfast.engine.start import start

if TYPE_CHECKING:
    from collections.abc import Iterator

STAGES = {
    "assets": "reference",
    "sessions": "reference",
    "account": "snapshot",
    "orders": "snapshot",
    "positions": "snapshot",
    "activities": "snapshot",
    "symbols": "files",
    "load": "files",
    "save": "files",
    "bars": "warm-up",
}
# What `holdfast run` has imported by then, so that the import stage is its own.
IMPORTED = (run_bot, view_for_terminal)


class Stopwatch:
    """Seconds by stage; waits of one stage that overlap count once."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._depth: dict[str, int] = defaultdict(int)
        self._since: dict[str, float] = {}

    @contextmanager
    def running(self, stage: str) -> "Iterator[None]":
        """Count the time of a block."""
        if not self._depth[stage]:
            self._since[stage] = time.monotonic()
        self._depth[stage] += 1
        try:
            yield
        finally:
            self._depth[stage] -= 1
            if not self._depth[stage]:
                self.spent[stage] += time.monotonic() - self._since[stage]


class Timed:
    """A real port, with its coroutines timed."""

    def __init__(self, port: object, watch: Stopwatch) -> None:
        self._port = port
        self._watch = watch

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        found = getattr(self._port, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def timed(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - passed through
            with self._watch.running(STAGES[name]):
                return await found(*arguments, **named)

        return timed


class NoHistory:
    """Market data that cannot be had: the start goes on without the warm-up bars."""

    async def bars(
        self, _symbols: Sequence[str], _timeframe: object, _start: datetime, _end: datetime
    ) -> Mapping[str, Sequence[Any]]:
        """Fail as a broker fails that is away."""
        raise Recoverable("left out by the benchmark")


async def reconcile(config: Config, options: Options, watch: Stopwatch, *, has_history: bool) -> None:
    """Open and start, as `run_bot` does."""
    folder = state_folder(config, options).lock()
    try:
        begun = time.monotonic()
        async with opened(config, folder, options) as world:
            watch.spent["open"] = time.monotonic() - begun
            begun = time.monotonic()
            await start(world.specs, _timed(world, watch, has_history=has_history), world.identity)
            watch.spent["start"] = time.monotonic() - begun
            watch.spent["reconciled_at"] = time.monotonic()
    finally:
        folder.unlock()


def _timed(world: Opened, watch: Stopwatch, *, has_history: bool) -> Any:  # noqa: ANN401 - an Outside of timed ports
    outside = world.outside
    history = Timed(outside.market_data, watch) if has_history else NoHistory()
    return replace(outside, broker=Timed(outside.broker, watch), store=Timed(outside.store, watch), market_data=history)


def main() -> None:
    """Start once and print the stages in seconds."""
    imported = time.monotonic()
    config_path, state_dir, asked = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
    start_logging()
    watch = Stopwatch()
    options = Options(config_path, state_dir)
    with watch.running("config"):
        config = read_config(options)
    asyncio.run(reconcile(config, options, watch, has_history="--no-warm-up" not in sys.argv))
    spent = watch.spent
    named = sum(spent[stage] for stage in set(STAGES.values()))
    stages = {**spent, "imports": imported - asked, "rest": spent["start"] - named}
    stages["total"] = stages.pop("reconciled_at") - asked
    sys.stdout.write(json.dumps(stages) + "\n")


if __name__ == "__main__":
    main()
