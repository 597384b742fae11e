"""The range checks that shipped strategies share. They raise `ValueError` with a sentence for the operator."""

LONGEST_PERIOD = 5_000
LONGEST_SMOOTHED_PERIOD = 500


def require_period(name: str, value: int, *, longest: int = LONGEST_PERIOD) -> None:
    """Refuse a period outside 2 to `longest` bars.

    Raises:
        ValueError: naming the parameter and the range.
    """
    if not 2 <= value <= longest:  # noqa: PLR2004 - TA-Lib's own lower bound for a window
        raise ValueError(f"{name} must be from 2 to {longest} bars, not {value}")
