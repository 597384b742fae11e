"""`FreeLock`: the lock of a folder that nobody else wants."""


class FreeLock:
    """A `Lock` without a system; a test may take it away."""

    def __init__(self) -> None:
        self.is_held = False

    def acquire(self) -> None:
        """Take it."""
        self.is_held = True

    def trouble(self) -> str | None:
        """Return why it is not ours."""
        return None if self.is_held else "the state folder is not locked"

    def holder(self) -> int | None:
        """Nobody can be named."""
        return None

    def release(self) -> None:
        """Let it go."""
        self.is_held = False
