"""Real power cuts: a child saves on a real file system and acknowledges over a pipe until the power goes."""

import os
import select
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
            acked, late = _child_until_cut(system, parts or RealParts(), promised.acked, states, at_call, delay_s)
            versions = list(_versions(promised.acked, states))
            if acked:
                promised.acknowledge(versions[acked - 1])
            promised.written += versions
            promised.under_way = versions[acked : acked + late + 1]
            system.unmount()
            system.mount()
            found, trouble = broken(promised, system.root / "state", OS_DISK)
            met.update({f"cut on {kind}": 1, f"finds {found}": 1, "acknowledged": acked, "answered too late": late})
            met[f"cut at a {'call' if at_call else 'moment'}"] += 1
            if trouble:
                wrong.append(f"{trouble}\non {kind} after {acked} acknowledged saves")
                break
            # What the next round begins with: of the versions under way, any may be there.
            promised.acked = _what_is_there(system)
            sequence = promised.acked.sequence if promised.acked else 0
            met["answered too late and gone"] += late > 0 and sequence < versions[acked + late - 1].sequence
    return wrong, met


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
) -> tuple[int, int]:  # fmt: skip
    """Save in a child until the power goes: at its n-th call, or (0) a moment after an answer; count its answers."""
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
        return _answers(reader, None if at_call else system.cut, len(states) // 2, delay_s)
    finally:
        os.close(reader)
        os.waitpid(child, 0)


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


def _answers(reader: int, cut: Callable[[], None] | None, cut_after: int, delay_s: float) -> tuple[int, int]:
    """Return how many saves were answered before the power went, and how many while it was going.

    With `cut` it goes a moment after so many answers. An answer that comes after that is nobody's: a real cut ends
    the process with the power, while a file system that is shut down may still let an fsync return that did nothing.
    """
    answered = 0
    while piece := os.read(reader, 1):
        answered += len(piece)
        if cut is not None and answered == cut_after:
            begun = time.monotonic()
            while time.monotonic() - begun < delay_s:
                pass
            while select.select([reader], [], [], 0)[0] and (piece := os.read(reader, 1)):
                answered += len(piece)
            cut()
            break
    late = 0
    while piece := os.read(reader, 1):
        late += len(piece)
    return answered, late
