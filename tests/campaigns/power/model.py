"""Every crash state of the file protocol: saves on a modelled disk, looked at after every call and every answer."""

import errno
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from builders import ACCOUNT, NOON
from campaigns.power.promises import Promised, broken
from campaigns.power.states import SYMBOL, some_state
from fakes.lock import FreeLock
from fakes.model_disk import ModelDisk
from fakes.runner import AtOnce, result_of
from holdfast.adapters.state_codec import encode
from holdfast.adapters.state_files import StateFiles
from holdfast.adapters.state_folder import AccountStamp, StateFolder
from holdfast.domain import events
from holdfast.domain.errors import HoldfastError
from holdfast.domain.state import SymbolState
from holdfast.engine.memory import Unreadable

ABOVE = Path("/srv")
ROOT = ABOVE / "state"
BEGINNINGS = ("nothing", "a valid file", "a damaged file", "leftovers")
ERRORS = (errno.EIO, errno.ENOSPC, errno.EMFILE, errno.EROFS)
SAVES_MAX = 3
STATES_MAX = 20_000


@dataclass(frozen=True)
class Parts:
    """What a scenario is made of; a planted bug replaces one part."""

    disk: type[ModelDisk] = ModelDisk
    store: type[StateFiles] = StateFiles


@dataclass
class Scenario:
    """One run: a beginning, some saves, perhaps an error on the way, a crash, and the same once more."""

    random: Random
    parts: Parts
    promised: Promised = field(default_factory=Promised)
    coverage: Counter[str] = field(default_factory=Counter)
    violations: dict[str, None] = field(default_factory=dict)
    states: int = 0

    def __post_init__(self) -> None:
        self.disk = self._begin(self.random.choice(BEGINNINGS))
        self._seen: set[object] = set()
        self._error_at: int | None = None

    def _begin(self, beginning: str) -> ModelDisk:
        self.coverage[f"begins with {beginning}"] += 1
        files: dict[Path, bytes] = {}
        state = some_state(self.random, sequence=7)
        if beginning == "a valid file":
            self.promised.acknowledge(state)
            files = {ROOT / "AAPL.json": encode(state)}
        if beginning == "a damaged file":
            self.promised.damaged = encode(state)[: self.random.randrange(500)]
            files = {ROOT / "AAPL.json": self.promised.damaged}
        if beginning == "leftovers":
            files = {ROOT / ".AAPL.json.tmp": b"x" * 99, ROOT / ".holdfast/backups/.AAPL.json.tmp": encode(state)}
        self.promised.written.append(state)
        return self.parts.disk(files, [ABOVE])

    def run(self) -> None:
        """Live through it all."""
        try:
            for _ in range(2):
                self._live()
                self._crash()
        except HoldfastError as error:
            self.violations[f"a start after a crash fails\n{error}"] = None

    def _live(self) -> None:
        """Start and save, with every crash on the way looked at."""
        self._error_at = self.random.choice((None, self.random.randrange(30)))
        self.disk.before, self.disk.after = self._maybe_fail, self._look
        folder = StateFolder(ROOT, self.disk, FreeLock())
        store = self.parts.store(folder, lambda: NOON, AtOnce())
        try:
            folder.lock()
            self._stamp(folder)
            if isinstance(store.read(SYMBOL), Unreadable):
                result_of(store.set_aside(SYMBOL))
            for _ in range(self.random.randrange(1, SAVES_MAX + 1)):
                self._save(store)
        except OSError as error:
            # A worker ends with an error that is not about its own save, and another start tries again.
            self.coverage[f"error {errno.errorcode[error.errno or 0]}"] += 1
        except Exception as error:  # noqa: BLE001 - the start's own error, made of the same OSError
            self.coverage[f"a start ended: {type(error).__name__}"] += 1
        self._look("the end", ROOT)

    def _stamp(self, folder: StateFolder) -> None:
        stamp = AccountStamp("paper", ACCOUNT.id, str(self.random.randrange(10)))
        self.promised.stamp_under_way = stamp
        folder.write_stamp(stamp)
        self.promised.stamp = stamp
        self._look("stamped", ROOT)

    def _save(self, store: StateFiles) -> None:
        acked = self.promised.acked
        state = some_state(self.random, sequence=acked.sequence if acked else 0)
        self.promised.begin(state.apply(events.Saved(NOON)))
        try:
            saved = result_of(store.save(state))
        except OSError as error:
            # It may or may not have taken effect: both versions stay allowed until the next answer.
            self.coverage[f"error {errno.errorcode[error.errno or 0]} in a save"] += 1
            return
        self.promised.acknowledge(saved)
        self.coverage["acknowledged"] += 1
        self._look("answered", ROOT)
        if self.random.random() < 0.5:
            self.disk.settle()
            self._seen.clear()

    def _maybe_fail(self, call: str, path: Path) -> None:
        if self._error_at is None or call in ("read", "names"):
            return
        self._error_at -= 1
        if self._error_at < 0:
            self._error_at = None
            self.coverage[f"fails at {call}"] += 1
            number = self.random.choice(ERRORS)
            raise OSError(number, "the disk says no", str(path))

    def _look(self, call: str, _path: Path) -> None:
        """Cut the power now, in every way there is."""
        self.coverage[f"cut after {call}"] += 1
        for left in self.disk.crash_states():
            if self.states >= STATES_MAX:
                self.coverage["not looked at"] += 1
                return
            print_of_state = (left.fingerprint(), id(self.promised.acked), len(self.promised.under_way))
            if print_of_state in self._seen:
                continue
            self._seen.add(print_of_state)
            self.states += 1
            found, wrong = broken(self.promised, ROOT, left)
            self.coverage[f"finds {found}"] += 1
            if wrong:
                self.violations[f"{wrong}\nafter {call}"] = None

    def _crash(self) -> None:
        """Go on from one of the states that a cut leaves, and from what a start finds there."""
        self.disk.before = self.disk.after = lambda _call, _path: None
        self.disk = self.disk.after_crash(self.random)
        self._seen.clear()
        folder = StateFolder(ROOT, self.disk, FreeLock()).lock()
        found = StateFiles(folder, lambda: NOON, AtOnce()).read(SYMBOL)
        acked = found if isinstance(found, SymbolState) else None
        stamp = folder.stamp()
        self.promised = replace(self.promised, acked=acked, under_way=[], stamp=stamp, stamp_under_way=None)


def run_model(seed: int, parts: Parts) -> tuple[list[str], Mapping[str, int], int]:
    """Return the violations of one scenario, what it met, and how many states it looked at."""
    scenario = Scenario(Random(seed), parts)  # noqa: S311 - a seed makes the day
    scenario.run()
    return list(scenario.violations), scenario.coverage, scenario.states
