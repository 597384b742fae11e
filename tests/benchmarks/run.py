"""The benchmarks of Holdfast, run by hand: `.venv/bin/python tests/benchmarks/run.py [names...]`.

They print figures and judge none. Everything happens in a temporary folder and on loopback.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import bench_days
import bench_order
import bench_replay
import bench_save
import bench_simulator_bars
import bench_simulator_memory
import bench_simulator_orders
import bench_start
import bench_status
from bench_tools import Say, Table, machine, show
from rich.console import Console

Benchmarks = Mapping[str, Callable[[Path, Say], Table]]
BENCHMARKS: Benchmarks = {
    "save": bench_save.measure,
    "status": bench_status.measure,
    "order": bench_order.measure,
    "replay": bench_replay.measure,
    "start": bench_start.measure,
    "days": bench_days.measure,
    "sim-orders": bench_simulator_orders.measure,
    "sim-bars": bench_simulator_bars.measure,
    "sim-memory": bench_simulator_memory.measure,
}
QUICK: Benchmarks = {
    "days": partial(bench_days.measure, days=3),
    "sim-orders": partial(bench_simulator_orders.measure, sizes=bench_simulator_orders.QUICK),
    "sim-bars": partial(bench_simulator_bars.measure, sizes=bench_simulator_bars.QUICK),
    "sim-memory": partial(bench_simulator_memory.measure, sizes=bench_simulator_memory.QUICK),
}


def main() -> None:
    """Run the named benchmarks, or all of them."""
    parser = argparse.ArgumentParser(description="Benchmarks of Holdfast; some seven minutes for all of them.")
    parser.add_argument("names", nargs="*", help=f"any of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--folder", type=Path, help="where to write meanwhile: names the disk that is measured")
    parser.add_argument("--quick", action="store_true", help=f"only see that these run: {', '.join(QUICK)}")
    arguments = parser.parse_args()
    benchmarks = QUICK if arguments.quick else BENCHMARKS
    unknown = [name for name in arguments.names if name not in benchmarks]
    if unknown:
        parser.error(f"there is no such benchmark as {unknown[0]!r}: choose from {', '.join(benchmarks)}")
    out, progress = Console(highlight=False, width=_width()), Console(stderr=True, highlight=False)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-", dir=arguments.folder) as root:
        out.print(machine(Path(root)), soft_wrap=True)
        for name in arguments.names or benchmarks:
            folder = Path(root) / name
            folder.mkdir()
            show(_measured(name, benchmarks[name], folder, progress), out)
    progress.print(f"{time.monotonic() - begun:.0f} s in all")


def _width() -> int | None:
    """Keep the terminal's own width where there is one."""
    return None if Console().is_terminal else 160


def _measured(name: str, measure: Callable[[Path, Say], Table], folder: Path, progress: Console) -> Table:
    """Run one benchmark and show how far it is: one changing line on a terminal, plain lines elsewhere."""
    if not progress.is_terminal:
        return measure(folder, lambda text: progress.print(f"{name}: {text}", soft_wrap=True))
    with progress.status(name) as status:
        return measure(folder, lambda text: status.update(f"{name}: {text}"))


if __name__ == "__main__":
    main()
