"""What all tests share: hypothesis without a clock, since a busy machine is not a fault, and how many run at once."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("holdfast", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("holdfast")


def pytest_xdist_auto_num_workers() -> int:
    """Run three tests at once for two cores: a third of the time they wait for the product's own processes."""
    return max(1, (os.cpu_count() or 1) * 3 // 2)
