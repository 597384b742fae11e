"""The benchmarks of the simulator and of simulated days still run: a moment of each, and no figure is judged."""

import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).with_name("run.py")
FIRST_CELLS = {
    "days": ("its wake-ups alone, bare", "a day of the campaign", "the same day without faults"),
    "sim-orders": ("1 client, market, bare", "2 clients, limit, bare", "2 clients, limit, simulator"),
    "sim-bars": ("3 symbols, in step, bare", "3 symbols, at once, bare", "3 symbols, at once, simulator"),
    "sim-memory": ("bare", "catalogue alone", "5 more, synthetic", "5, recorded"),
}


@pytest.mark.parametrize("name", FIRST_CELLS)
def test_a_benchmark_prints_its_table(name: str, tmp_path: Path) -> None:
    """Each row is in the table with its figures, and the bare ones are their own measure."""
    command = (sys.executable, str(RUN), "--quick", "--folder", str(tmp_path), name)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith(FIRST_CELLS[name])]
    assert len({row.split("  ")[0] for row in rows} & set(FIRST_CELLS[name])) == len(FIRST_CELLS[name]), done.stdout
    assert all("1.00" in row for row in rows if row.split("  ")[0].endswith("bare"))
