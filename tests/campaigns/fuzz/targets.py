"""What every target of the fuzz has in common."""

from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any, Protocol

EXPONENT_MAX = 31
TEXT_MAX = 200


class FoundError(AssertionError):
    """The target did something that it must never do; the first argument names it."""


class Target(Protocol):
    """Something that reads from outside. `tried` is the last input, for the report."""

    name: str
    share: int
    tried: object

    def attempt(self, dice: Random) -> str:
        """Make one input, give it to the reader, check what came of it; return that in one word.

        Raises:
            FoundError: for anything that must never happen. Any other exception is a finding, too.
        """
        ...

    def close(self) -> None:
        """Let go of files and sockets."""
        ...


def must(holds: object, what: str) -> None:
    """Fail unless it holds."""
    if not holds:
        raise FoundError(what)


def check_sound(value: Any) -> None:  # noqa: ANN401 - anything that a reader returned
    """Every number is finite and of this world, every time has a zone, every text is short and printable."""
    if is_dataclass(value):
        for field in fields(value):
            check_sound(getattr(value, field.name))
    elif isinstance(value, Decimal):
        must(value.is_finite() and abs(value.adjusted()) <= EXPONENT_MAX, "a number that is none came through")
    elif isinstance(value, datetime):
        must(value.tzinfo is not None, "a time without a zone came through")
    elif isinstance(value, str):
        must(len(value) <= TEXT_MAX and value.isprintable(), "a text that nobody can read came through")
    elif isinstance(value, (tuple, list)):
        for item in value:
            check_sound(item)
