"""What happens to state files behind the bot's back: deleted, cut, damaged, put back from yesterday, edited."""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from campaigns.days.disk import ROOT
from campaigns.days.settings import dice

if TYPE_CHECKING:
    from campaigns.days.day import Day

KINDS = ("deleted", "empty", "cut", "damaged", "older", "restored", "foreign", "edited", "everything")
# What is done to the file of an order that works.
WORST = ("deleted", "everything", "everything", "damaged", "damaged", "restored", "restored", "restored")
# So many copies of a symbol's memory are kept.
COPIES = 8


@dataclass(frozen=True, slots=True)
class Copy:
    """One symbol's memory as it was at one time: its file, its backup and its journal."""

    time: float
    content: bytes
    memory: tuple[bytes | None, ...]


NOTHING = Copy(float("-inf"), b"", (None, None))


class Gremlin:
    """Strikes one symbol's file at a time. It keeps copies to bring back."""

    def __init__(self, day: "Day") -> None:
        self._day = day
        self._random = dice(day.settings.seed, "gremlin")
        self._symbols = [one.name for one in day.settings.symbols]
        self._is_on = "files" in day.settings.faults
        self._copies: defaultdict[str, list[Copy]] = defaultdict(list)

    def remember(self, symbol: str) -> None:
        """Keep a copy of what is on the disk now, sometimes."""
        disk = self._day.disk
        content = disk.now(ROOT / f"{symbol}.json")
        if self._is_on and content and self._random.random() < 0.35:
            memory = tuple(disk.now(path) for path in _memory(symbol))
            copies = self._copies[symbol]
            copies.append(Copy(self._day.loop.time(), content, memory))
            if len(copies) > COPIES:
                del copies[self._random.randrange(COPIES)]

    def strike(self, symbol: str | None = None) -> None:
        """Do something to one file; to that of `symbol` the worst, if it is named."""
        random = self._random
        kind = random.choice(KINDS if symbol is None else WORST)
        symbol = symbol or random.choice(self._symbols)
        content = self._day.disk.now(ROOT / f"{symbol}.json")
        if not content:
            return
        if kind == "everything":
            self._lose_everything()
        elif kind == "restored":
            self._restore(symbol, random)
        elif kind != "older" or self._copies[symbol]:
            self._change(kind, symbol, content, random)

    def _lose_everything(self) -> None:
        if all(self._may_be(symbol, NOTHING) for symbol in self._symbols):
            for symbol in self._symbols:
                self._put(symbol, None, NOTHING.memory)
                self._day.touched("files_everything", symbol)

    def _restore(self, symbol: str, random: Random) -> None:
        """Somebody puts back a copy of the folder: no part of it knows of what came later."""
        copies = self._copies[symbol]
        if copies:
            copy = random.choice([one for one in copies if self._day.checker.sent_since(symbol, one.time)] or copies)
            if self._may_be(symbol, copy):
                self._put(symbol, copy.content, copy.memory)
                self._day.touched("files_restored", symbol)

    def _change(self, kind: str, symbol: str, content: bytes, random: Random) -> None:
        copy = random.choice(self._copies[symbol]) if kind == "older" else NOTHING
        new = copy.content if kind == "older" else _changed(kind, content, random)
        memory = tuple(self._day.disk.now(path) if random.random() < 0.5 else None for path in _memory(symbol))
        if kind in ("deleted", "older") and not any(memory) and not self._may_be(symbol, copy):
            return
        self._put(symbol, new, memory)
        self._day.touched(f"files_{kind}", symbol)

    def _put(self, symbol: str, content: bytes | None, memory: tuple[bytes | None, ...]) -> None:
        disk = self._day.disk
        for path, new in zip((ROOT / f"{symbol}.json", *_memory(symbol)), (content, *memory), strict=True):
            if new != disk.now(path):
                disk.put(path, new)

    def _may_be(self, symbol: str, copy: Copy) -> bool:
        """Whether a start can see that this copy, being all that is left, lacks an order.

        It cannot before one of the orders that are gone from it is shown: docs/reliability.md names that as not closed.
        """
        gone = [name for name in self._day.checker.sent_since(symbol, copy.time) if name.encode() not in copy.content]
        return not gone or any(self._day.venue.is_shown(name) for name in gone)


def _changed(kind: str, content: bytes, random: Random) -> bytes | None:
    if kind in ("deleted", "empty"):
        return b"" if kind == "empty" else None
    if kind == "cut":
        return content[: random.randrange(len(content))]
    if kind == "damaged":
        at = random.randrange(len(content))
        return content[:at] + bytes([content[at] ^ (1 << random.randrange(7))]) + content[at + 1 :]
    if kind == "foreign":
        return content.replace(b'"account-1"', b'"account-9"')
    return re.sub(rb'"quantity": "[0-9]+"', b'"quantity": "%d"' % random.randint(0, 20), content, count=1)


def _memory(symbol: str) -> tuple[Path, Path]:
    private = ROOT / ".holdfast"
    return private / "backups" / f"{symbol}.json", private / "journal" / f"{symbol}.jsonl"
