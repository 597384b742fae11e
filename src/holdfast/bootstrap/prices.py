"""Names the prices of the simulator inside, so that each source keeps an account of its own."""

import hashlib
from pathlib import Path


def source_name(bars: Path | None, seed: int) -> str:
    """Return the folder name of a price source's account: time never goes back for one, so they are never mixed."""
    if bars is None:
        return f"synthetic-{seed}"
    return f"bars-{hashlib.sha256(str(bars).encode()).hexdigest()[:12]}"
