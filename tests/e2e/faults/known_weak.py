"""What the bot of today does badly: one sentence for each day, and the findings that show it, as patterns.

A day that stands here must go wrong in exactly this way. When the bot is mended its test fails and says so: take the
entry out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weakness:
    """One sentence that says what goes wrong, and a pattern for each finding."""

    sentence: str
    findings: Sequence[str]


KNOWN_WEAK: Mapping[str, Weakness] = {}
