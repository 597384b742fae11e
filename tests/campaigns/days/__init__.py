"""The deterministic simulation: the real engine through days of faults, judged from outside."""
