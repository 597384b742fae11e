"""Recognises keys that hold secrets, and hides their values in quoted lines (invariant 11)."""

import re
from collections.abc import Sequence

MASK = "********"
_SEPARATORS = re.compile(r"[^a-z0-9]")
_SECRET_WORDS = (
    "apikey",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "keyid",
    "token",
    "privatekey",
    "accesskey",
    "credential",
)
# The word alone: with a leading `[\w-]*` a search in one long word would take time without bound.
_SECRET_IN_LINE = re.compile(
    r"(?P<key>(?:(?:api|private|access)[\s_\-]*key|secret|passw|passphrase|key[\s_\-]*id|token|credential)"
    r"[\w\-]*[\"']?)(?P<value>.*)",
    re.IGNORECASE,
)
_LOGIN_IN_URL = re.compile(r"//[^/\s]*@")


def names_a_secret(key: str) -> bool:
    """Return whether a key is one under which people keep secrets, in any spelling: ``APCA_API_KEY_ID``."""
    plain = _SEPARATORS.sub("", key.lower())
    return any(word in plain for word in _SECRET_WORDS)


def mask_lines(lines: Sequence[str]) -> list[str]:
    """Return the lines without any value that follows a secret's key, on its line or indented below it.

    Works on text alone, so that it also protects a file that is not valid YAML.
    """
    masked = []
    secret_indent: int | None = None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if secret_indent is not None and line.strip() and indent <= secret_indent:
            secret_indent = None
        match = _SECRET_IN_LINE.search(line)
        if secret_indent is not None:
            masked.append(line[:indent] + (MASK if line.strip() else ""))
        elif match:
            masked.append(line[: match.end("key")] + _hidden(match["value"]))
            secret_indent = _start_of_word(line, match.start()) if _goes_on(match["value"]) else None
        else:
            masked.append(_LOGIN_IN_URL.sub(f"//{MASK}@", line))
    return masked


def _start_of_word(line: str, place: int) -> int:
    """Return where the word begins that goes on at `place`."""
    while place and (line[place - 1].isalnum() or line[place - 1] in "_-"):
        place -= 1
    return place


def _hidden(value: str) -> str:
    """Return the rest of a line with everything but the colon hidden."""
    colon = ": " if value.lstrip().startswith(":") else " "
    return f"{colon}{MASK}" if value.strip(" :") else value


def _goes_on(value: str) -> bool:
    """Return whether the value may continue below: nothing on this line, a block, or an open quote."""
    rest = value.strip().removeprefix(":").strip()
    return not rest or rest[0] in "|>\"'&!#"
