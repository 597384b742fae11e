"""Isolation: the same day with and without faults in one symbol must be the same day for all the others (I9)."""
