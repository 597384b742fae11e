"""Real power cuts: a child saves on a real file system and acknowledges over a pipe until the power goes."""

import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from builders import NOON
from campaigns.power.filesystem import FileSystem, mounted
from campaigns.power.promises import Promised, broken
from campaigns.power.states import some_state
from fakes.lock import FreeLock
from fakes.runner import AtOnce, result_of
from holdfast.adapters.disk import OS_DISK, Disk, OsDisk
from holdfast.adapters.state_files import StateFiles
from holdfast.adapters.state_folder import StateFolder
from holdfast.domain import events
from holdfast.domain.state import SymbolState

CUTS = 4
SAVES = 60
CALLS_A_SAVE = 12
DELAY_S_MAX = 0.003


@dataclass(frozen=True)
class RealParts:
    """What saves; a planted bug replaces one part."""

    disk: type[OsDisk] = OsDisk
    store: type[StateFiles] = StateFiles


class CuttingDisk:
    """A disk that cuts the power before its n-th call."""

    def __init__(self, disk: Disk, left: int, cut: Callable[[], None]) -> None:
        self._disk = disk
        self._left = left
        self._cut = cut

    def __getattr__(self, name: str) -> object:
        """Count every call."""
        self._left -= 1
        if self._left == 0:
            self._cut()
        return getattr(self._disk, name)


def run_cuts(seed: int, kind: str, parts: RealParts | None = None) -> tuple[list[str], Counter[str]]:
    """Cut the power some times on one file system; return what was wrong afterwards, and what was met."""
    random, wrong, met = Random(seed), [], Counter[str]()  # noqa: S311 - a seed makes the day
    with tempfile.TemporaryDirectory() as above, mounted(kind, Path(above)) as system:
        promised = Promised()
        for _ in range(CUTS):
            states = [some_state(random) for _ in range(SAVES)]
            at_call = random.choice((0, random.randrange(1, SAVES * CALLS_A_SAVE // 3)))
            delay_s = random.random() * DELAY_S_MAX
            acked = _child_until_cut(system, parts or RealParts(), promised.acked, states, at_call, delay_s)
            versions = list(_versions(promised.acked, states))
            if acked:
                promised.acknowledge(versions[acked - 1])
            promised.written += versions
            promised.under_way = versions[acked : acked + 1]
            system.unmount()
            system.mount()
            found, trouble = broken(promised, system.root / "state", OS_DISK)
            met.update(
                {f"cut on {kind}": 1, f"finds {found}": 1, "acknowledged": acked, f"cut at a {_how(at_call)}": 1}
            )
            if trouble:
                wrong.append(f"{trouble}\non {kind} after {acked} acknowledged saves")
                break
            # Where nothing was acknowledged yet, the version under way may be there.
            promised.acked = _what_is_there(system)
    return wrong, met


def _how(at_call: int) -> str:
    return "call" if at_call else "moment"


def _what_is_there(system: FileSystem) -> SymbolState | None:
    store = StateFiles(StateFolder(system.root / "state", OS_DISK, FreeLock()), lambda: NOON, AtOnce())
    found = store.read("AAPL")
    return found if isinstance(found, SymbolState) else None


def _versions(last: SymbolState | None, states: list[SymbolState]) -> Iterator[SymbolState]:
    """Return the states as their saves write them, counted on from the last."""
    sequence = last.sequence if last else 0
    for state in states:
        saved = _numbered(state, sequence).apply(events.Saved(NOON))
        sequence = saved.sequence
        yield saved


def _numbered(state: SymbolState, sequence: int) -> SymbolState:
    return SymbolState(**{**{name: getattr(state, name) for name in state.__slots__}, "sequence": sequence})


def _child_until_cut(
    system: FileSystem, parts: RealParts, last: SymbolState | None, states: list[SymbolState], at_call: int,
    delay_s: float,
) -> int:  # fmt: skip
    """Save in a child until the power goes: at its n-th call, or (0) a moment after an answer; return its answers."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            _save_all(system, parts, last, states, at_call, writer)
        finally:
            os._exit(0)
    os.close(writer)
    try:
        acked = _count(reader, system, len(states) // 2, delay_s) if not at_call else _count(reader)
    finally:
        os.close(reader)
        os.waitpid(child, 0)
    return acked


def _save_all(
    system: FileSystem, parts: RealParts, last: SymbolState | None, states: list[SymbolState], at_call: int,
    writer: int,
) -> None:  # fmt: skip
    real = parts.disk()
    disk: Disk = CuttingDisk(real, at_call, system.cut) if at_call else real  # type: ignore[assignment]
    folder = StateFolder(system.root / "state", disk, FreeLock()).lock()
    store = parts.store(folder, lambda: NOON, AtOnce())
    for state in states:
        last = result_of(store.save(_numbered(state, last.sequence if last else 0)))
        os.write(writer, b".")
    if at_call:
        system.cut()


def _count(reader: int, system: FileSystem | None = None, cut_after: int = 0, delay_s: float = 0) -> int:
    """Return how many saves were acknowledged; with a system, cut its power a moment after so many of them."""
    acked = 0
    while piece := os.read(reader, 1):
        acked += len(piece)
        if system is not None and acked == cut_after:
            begun = time.monotonic()
            while time.monotonic() - begun < delay_s:
                pass
            system.cut()
    return acked
