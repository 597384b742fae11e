"""The closest known word to a misspelt one, for error messages."""

import difflib
from collections.abc import Iterable

_CUTOFF = 0.55
_LONGEST = 60
_SHORTEST_BEGINNING = 3


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` most resembles, in any letter case; None when nothing is close."""
    by_lower = {name.lower(): name for name in known}
    lower = word[:_LONGEST].lower()
    begun = [name for name in by_lower if len(lower) >= _SHORTEST_BEGINNING and name.startswith(lower)]
    matches = begun or difflib.get_close_matches(lower, by_lower, n=1, cutoff=_CUTOFF)
    return by_lower[matches[0]] if matches else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'qty'?``, or nothing when no known word is close."""
    match = closest(word, known)
    return f"; did you mean {match!r}?" if match else ""
