"""What happens to state files behind the bot's back: deleted, cut, damaged, put back from yesterday, edited."""

import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from random import Random

from campaigns.days.disk import ROOT, MachineDisk
from campaigns.days.settings import Settings, dice


class Gremlin:
    """Strikes one symbol's file at a time. It remembers versions to bring back."""

    def __init__(
        self,
        settings: Settings,
        disk: MachineDisk,
        done: Callable[[str, str], None],
    ) -> None:
        """`done` is told what was done to which symbol's memory."""
        self._random = dice(settings.seed, "gremlin")
        self._symbols = [one.name for one in settings.symbols]
        self._disk = disk
        self._done = done
        self._versions: defaultdict[str, list[bytes]] = defaultdict(list)

    def remember(self, symbol: str) -> None:
        """Keep the version that is on the disk now, sometimes."""
        content = self._disk.now(ROOT / f"{symbol}.json")
        if content and self._random.random() < 0.2:
            self._versions[symbol].append(content)

    def strike(self) -> None:
        """Do something to one file."""
        random, disk = self._random, self._disk
        symbol = random.choice(self._symbols)
        path = ROOT / f"{symbol}.json"
        content = disk.now(path)
        if not content:
            return
        kind = random.choice(("deleted", "empty", "cut", "damaged", "older", "foreign", "edited", "everything"))
        if kind == "everything":
            for name in [*(ROOT / f"{one}.json" for one in self._symbols), *_memory(self._symbols)]:
                disk.put(name, None)
            for one in self._symbols:
                self._done(f"files_{kind}", one)
            return
        if kind == "older" and not self._versions[symbol]:
            return
        disk.put(path, self._changed(kind, content, symbol, random))
        for name in _memory([symbol]):
            if random.random() < 0.5:
                disk.put(name, None)
        self._done(f"files_{kind}", symbol)

    def _changed(self, kind: str, content: bytes, symbol: str, random: Random) -> bytes | None:
        if kind in ("deleted", "empty"):
            return b"" if kind == "empty" else None
        if kind == "cut":
            return content[: random.randrange(len(content))]
        if kind == "damaged":
            at = random.randrange(len(content))
            return content[:at] + bytes([content[at] ^ (1 << random.randrange(7))]) + content[at + 1 :]
        if kind == "older":
            return random.choice(self._versions[symbol])
        if kind == "foreign":
            return content.replace(b'"account-1"', b'"account-9"')
        return re.sub(rb'"quantity": "[0-9]+"', b'"quantity": "%d"' % random.randint(0, 20), content, count=1)


def _memory(symbols: list[str]) -> list[Path]:
    private = ROOT / ".holdfast"
    backups = [private / "backups" / f"{one}.json" for one in symbols]
    return [*backups, *(private / "journal" / f"{one}.jsonl" for one in symbols)]
