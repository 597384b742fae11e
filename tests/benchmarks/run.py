"""The benchmarks of Holdfast, run by hand: `.venv/bin/python tests/benchmarks/run.py [names...]`.

They print figures and judge none. Everything happens in a temporary folder and on loopback.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import bench_order
import bench_replay
import bench_save
import bench_start
import bench_status
from bench_tools import Say, Table, machine, show
from rich.console import Console

BENCHMARKS: dict[str, Callable[[Path, Say], Table]] = {
    "save": bench_save.measure,
    "status": bench_status.measure,
    "order": bench_order.measure,
    "replay": bench_replay.measure,
    "start": bench_start.measure,
}


def main() -> None:
    """Run the named benchmarks, or all of them."""
    parser = argparse.ArgumentParser(description="Benchmarks of Holdfast; under five minutes for all of them.")
    parser.add_argument("names", nargs="*", help=f"any of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--folder", type=Path, help="where to write meanwhile: names the disk that is measured")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}: choose from {', '.join(BENCHMARKS)}")
    out, progress = Console(highlight=False, width=_width()), Console(stderr=True, highlight=False)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-", dir=arguments.folder) as root:
        out.print(machine(Path(root)), soft_wrap=True)
        for name in arguments.names or BENCHMARKS:
            folder = Path(root) / name
            folder.mkdir()
            show(_measured(name, folder, progress), out)
    progress.print(f"{time.monotonic() - begun:.0f} s in all")


def _width() -> int | None:
    """Keep the terminal's own width where there is one."""
    return None if Console().is_terminal else 160


def _measured(name: str, folder: Path, progress: Console) -> Table:
    """Run one benchmark and show how far it is: one changing line on a terminal, plain lines elsewhere."""
    if not progress.is_terminal:
        return BENCHMARKS[name](folder, lambda text: progress.print(f"{name}: {text}", soft_wrap=True))
    with progress.status(name) as status:
        return BENCHMARKS[name](folder, lambda text: status.update(f"{name}: {text}"))


if __name__ == "__main__":
    main()
