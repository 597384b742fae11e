"""Seeded mutators of bytes and of JSON: flips, cuts, splices, other types, huge numbers, deep nesting, twin keys."""

import json
import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random
from typing import Any

MUTATIONS_MAX = 4
CHUNK_MAX = 64
TOKENS = [
    b"", b"\0", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xc3\x28", b"\r\n",
    b"\x1b[31m", b"{", b"}", b"[", b"]", b'"',
    b"\\", b"\\u0000", b"\\ud800", b",", b":", b"-", b"e", b"1e999", b"NaN", b"null", b"true", b"0x10", b"1_000",
    "é\u202e\u2028😀".encode(), b"9" * 400, b"[" * 200, b'{"a":' * 100, b"../..", b"%2e%2e", b"${HOME}", b"A" * 300,
]  # fmt: skip
# Written into the text as they stand: JSON that Python's own writer would not make.
RAW = [
    "1e999", "-1e999", "NaN", "Infinity", "-Infinity", "-0", "0.0", "1e-400", "1E+30", "1e31", "9" * 30, "9" * 4299,
    "9" * 5000, '"\\ud800"', '"\\u0000"', '""', "[" * 300 + "]" * 300, "[" * 3000 + "]" * 3000,
    '{"a":' * 500 + "1" + "}" * 500, "true", "null", "{}", "[]", "[[]]", "",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2**31, 2**63, 2**64, -(2**63), 0.5, 1e308, "", " ", "0", "-0", "1", "-1", "1.", ".5",
    "1e5", "1e30", "1e-30", "1e31", "1e999999999", "NaN", "sNaN", "Infinity", "1_000", "0x10", "\uff11\uff12",
    "x" * 129, "9" * 200,
    "\0", "\n", "\u202e", "é", "null", "buy", "sell", "long", "short", "filled", "new", "intent", "absent", "AAPL",
    "aapl", "../x", "hf.main.AAPL.1m20261120T2059.b0", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999999-14:00",
    "2026-11-20T21:00:00", "2026-11-20", "24:00", "2026-02-30T00:00:00Z", [], {}, [[]], [None], {"a": {}},
]  # fmt: skip
_HOLE = "\x00hole-{}\x00"
_KEY = re.compile(rb'"(\w+)":')


def mangled(content: bytes, dice: Random, donors: Sequence[bytes] = ()) -> bytes:
    """Return the bytes after a few random changes; `donors` lend pieces for splices."""
    for _ in range(dice.randint(1, MUTATIONS_MAX)):
        content = dice.choice(_MANGLERS)(content, dice, donors)
    return content


def _flip(content: bytes, dice: Random, _donors: Sequence[bytes]) -> bytes:
    if not content:
        return content
    changed = bytearray(content)
    changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def _place(content: bytes, dice: Random) -> int:
    return dice.randint(0, len(content))


def _truncate(content: bytes, dice: Random, _donors: Sequence[bytes]) -> bytes:
    cut = _place(content, dice)
    return content[:cut] if dice.randrange(3) else content[cut:]


def _delete(content: bytes, dice: Random, _donors: Sequence[bytes]) -> bytes:
    start = _place(content, dice)
    return content[:start] + content[start + dice.randint(1, CHUNK_MAX) :]


def _repeat(content: bytes, dice: Random, _donors: Sequence[bytes]) -> bytes:
    start = _place(content, dice)
    piece = content[start : start + dice.randint(1, CHUNK_MAX)]
    return content[:start] + piece * dice.choice([2, 2, 2, 20]) + content[start + len(piece) :]


def _insert(content: bytes, dice: Random, _donors: Sequence[bytes]) -> bytes:
    place = _place(content, dice)
    return content[:place] + dice.choice(TOKENS) + content[place:]


def _zero(content: bytes, dice: Random, _donors: Sequence[bytes]) -> bytes:
    start = _place(content, dice)
    length = min(len(content) - start, dice.choice([1, 8, 512]))
    return content[:start] + b"\0" * length + content[start + length :]


def _splice(content: bytes, dice: Random, donors: Sequence[bytes]) -> bytes:
    donor = dice.choice(donors) if donors else content
    return content[: _place(content, dice)] + donor[_place(donor, dice) :]


def _twin_key(content: bytes, dice: Random, _donors: Sequence[bytes]) -> bytes:
    found = list(_KEY.finditer(content))
    if not found:
        return content
    key = dice.choice(found)
    return content[: key.start()] + key[0] + dice.choice([b"null", b"1", b'"x"']) + b"," + content[key.start() :]


_MANGLERS: list[Callable[[bytes, Random, Sequence[bytes]], bytes]] = [
    _flip, _flip, _truncate, _delete, _repeat, _insert, _insert, _zero, _splice, _twin_key,
]  # fmt: skip


def changed_json(document: Any, dice: Random) -> bytes:  # noqa: ANN401 - any JSON
    """Return the document as JSON with a few values, keys or shapes changed; it need not be valid any more."""
    copy, raws = json.loads(json.dumps(document)), []
    for _ in range(dice.randint(1, MUTATIONS_MAX)):
        copy = _changed(copy, dice, raws)
    text = json.dumps(copy)
    for number, raw in enumerate(raws):
        text = text.replace(json.dumps(_HOLE.format(number)), raw)
    return text.encode("utf-8", errors="surrogatepass")


def _changed(document: Any, dice: Random, raws: list[str]) -> Any:  # noqa: ANN401 - any JSON
    holders = [(holder, key) for holder, key in _places(document) if holder is not None]
    if not holders or not dice.randrange(50):
        return _hostile(document, dice, raws)
    holder, key = dice.choice(holders)
    act = dice.randrange(6)
    if act == 0 and isinstance(holder, dict):
        del holder[key]
    elif act == 1 and isinstance(holder, dict):
        other = dice.choice(sorted(holder))
        holder[key], holder[other] = holder[other], holder[key]
    elif act == 2 and isinstance(holder, dict):
        holder[dice.choice(["", "x", "S", "T", "symbol", "schema_version", "\u202e"])] = holder.pop(key)
    else:
        holder[key] = _hostile(holder[key], dice, raws)
    return document


def _places(document: Any, holder: Any = None, key: Any = None) -> list[tuple[Any, Any]]:  # noqa: ANN401 - any JSON
    found = [(holder, key)]
    steps = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for step, inner in steps:
        found += _places(inner, document, step)
    return found


def _nested(dice: Random) -> str:
    """Nest as deep as a reader may just be able to follow, so that what comes after it may not."""
    depth = dice.randint(200, 1000)
    return dice.choice(["[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth])


def _hostile(value: Any, dice: Random, raws: list[str]) -> Any:  # noqa: ANN401 - any JSON
    kind = dice.randrange(5)
    if kind == 0:
        raws.append(dice.choice(RAW) if dice.randrange(8) else _nested(dice))
        return _HOLE.format(len(raws) - 1)
    if kind == 1:
        return [value]
    if kind == 2 and isinstance(value, str) and value:
        place = dice.randrange(len(value))
        return value[:place] + dice.choice(["", "\0", "9", "-", "é", value]) + value[place + 1 :]
    return deepcopy(dice.choice(VALUES))
