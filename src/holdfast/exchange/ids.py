"""Identifiers that look like Alpaca's and come out the same for the same seed and the same day."""

import hashlib
import uuid


class Ids:
    """Version-4-shaped UUIDs from a seed and a counter; the counter is saved with the account."""

    def __init__(self, seed: str, count: int = 0) -> None:
        self.seed = seed
        self.count = count

    def next(self) -> str:
        """Make one more id; never the same one twice for a seed."""
        self.count += 1
        return named_uuid(f"{self.seed}:{self.count}")


def named_uuid(name: str) -> str:
    """Return the UUID that belongs to `name`: the same on every machine."""
    return str(uuid.UUID(bytes=hashlib.sha256(name.encode()).digest()[:16], version=4))
