"""Time and imports of `holdfast status` in a fresh process, beside a bare Python and beside alpaca-py's import."""

import json
import sys
from collections import defaultdict
from pathlib import Path

from bench_tools import HOLDFAST, Ended, Say, Table, median, run_to_end, symbols

from holdfast.adapters.state_codec import encode
from holdfast.adapters.state_folder import StateFolder
from holdfast.domain.state import SymbolState

ROUNDS = 9
COUNTS = (4, 1000)
HEAVY = (
    "pandas",
    "numpy",
    "alpaca",
    "pydantic",
    "requests",
    "starlette",
    "uvicorn",
    "talib",
    "loguru",
    "rich",
    "asyncio",
)
BARE = "python -c pass"
ALPACA = "import alpaca.trading.client"
# Runs the command in this interpreter, then says what it has imported.
_PROBE = """
import json, sys
from holdfast.cli.main import main
sys.argv = ["holdfast", "status", "--state-dir", sys.argv[1]]
try:
    main()
finally:
    sys.stderr.write("\\n" + json.dumps(sorted(sys.modules)))
"""


def measure(folder: Path, say: Say) -> Table:
    """Run each command several times, in turns."""
    folders = {count: _state_folder(folder / f"state{count}", count) for count in COUNTS}
    commands = {BARE: (sys.executable, "-c", "pass"), ALPACA: (sys.executable, "-c", ALPACA)}
    for count, state in folders.items():
        commands[f"holdfast status, {count:,} files"] = (*HOLDFAST, "status", "--state-dir", str(state))
    runs: dict[str, list[Ended]] = defaultdict(list)
    for number in range(ROUNDS):
        say(f"round {number + 1} of {ROUNDS}")
        for name, command in commands.items():
            runs[name].append(run_to_end(command, folder))
    bare = median([run.cpu_s for run in runs[BARE]])
    rows = [_row(name, found, bare) for name, found in runs.items()]
    columns = ("command", "CPU / bare python", "CPU ms", "wall ms", "wall ms, best")
    return Table("status: a fresh process, medians", columns, rows, _notes(folder, folders[COUNTS[0]]))


def _row(name: str, runs: list[Ended], bare: float) -> tuple[str, ...]:
    cpu, wall = median([run.cpu_s for run in runs]), median([run.wall_s for run in runs])
    best = min(run.wall_s for run in runs)
    return (name, f"{cpu / bare:.1f}", f"{cpu * 1e3:.0f}", f"{wall * 1e3:.0f}", f"{best * 1e3:.0f}")


def _notes(folder: Path, state: Path) -> tuple[str, ...]:
    modules = set(imported(folder, state))
    loaded = [name for name in HEAVY if name in modules]
    absent = [name for name in HEAVY if name not in modules]
    return (
        f"sys.modules after status: {len(modules)} modules; imported: {', '.join(loaded) or 'none of the heavy ones'}",
        f"not imported: {', '.join(absent) or 'nothing'}",
    )


def imported(folder: Path, state: Path) -> list[str]:
    """Return every module that `holdfast status` has imported when it ends."""
    ended = run_to_end((sys.executable, "-c", _PROBE, str(state)), folder)
    found: list[str] = json.loads(ended.stderr.splitlines()[-1])
    return found


def _state_folder(root: Path, count: int) -> Path:
    folder = StateFolder(root).lock()
    try:
        for name in symbols(count):
            folder.state_file(name).write_bytes(encode(SymbolState(name, strategy="sma_cross")))
    finally:
        folder.unlock()
    return root
