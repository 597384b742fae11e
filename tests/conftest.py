"""What all tests share: hypothesis without a clock, since a busy machine is not a fault, and with its seeds printed."""

from hypothesis import HealthCheck, settings

settings.register_profile("holdfast", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("holdfast")
