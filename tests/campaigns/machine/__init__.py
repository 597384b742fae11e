"""The machine: hypothesis plays an adversary against the real supervisor, workers and reconciler."""
