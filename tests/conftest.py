"""What all tests share: hypothesis without a clock, one seed for all that is random, and how many run at once."""

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("holdfast", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("holdfast")

SEED = "HOLDFAST_SEED"
# Set here, before any worker process is made, so that all of them choose the same slices.
os.environ.setdefault(SEED, str(int.from_bytes(os.urandom(4))))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which seed chose the slices of this run."""
    seed = f"{SEED}={os.environ[SEED]}"
    terminalreporter.write_line(f"{seed} repeats the slices of this run; HOLDFAST_FULL=1 takes them whole")


def pytest_xdist_auto_num_workers() -> int:
    """Run three tests at once for two cores: a third of the time they wait for the product's own processes."""
    return max(1, (os.cpu_count() or 1) * 3 // 2)
