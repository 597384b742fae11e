"""`Records`: what campaigns have found so far, kept per version of the code, one line per batch of runs."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import holdfast
from campaigns.totals import Totals

TESTS = Path(__file__).parent.parent
ROOT = TESTS.parent
RESULTS = ROOT / ".campaigns"
SOURCES = (Path(holdfast.__file__).parent, TESTS / "campaigns", TESTS / "fakes", TESTS / "planted")
DIGEST_LETTERS = 12


def sources() -> Iterator[Path]:
    """Yield the files that decide what a run does, in a fixed order; a test of the frame decides nothing."""
    for folder in SOURCES:
        yield from sorted(path for path in folder.rglob("*.py") if not path.name.startswith("test_"))
    yield TESTS / "builders.py"


def digest() -> str:
    """Return a short name of the code as it is: results of other code do not count."""
    summed = hashlib.sha256()
    for path in sources():
        content = path.read_bytes()
        summed.update(f"{path.name}:{len(content)}:".encode() + content)
    return summed.hexdigest()[:DIGEST_LETTERS]


@dataclass(frozen=True)
class Plan:
    """The seeds that a command was asked to run: from `seed`, `count` of them."""

    seed: int
    count: int

    @property
    def seeds(self) -> range:
        """All of them."""
        return range(self.seed, self.seed + self.count)


class Records:
    """One file of results: plans and batches as they come, each a line that a killed campaign leaves whole."""

    def __init__(self, folder: Path, campaign: str, code: str) -> None:
        self.path = folder / f"{campaign}-{code}.jsonl"
        self.totals = Totals()
        self.plan: Plan | None = None
        for line in self._lines():
            self._take(line)

    def begin(self, plan: Plan) -> None:
        """Note what is going to be run."""
        self.plan = plan
        self._write({"plan": vars(plan)})

    def keep(self, batch: Totals) -> None:
        """Append a batch of runs."""
        self.totals.add(batch)
        self._write(batch.to_json())

    def forget(self) -> None:
        """Put what is recorded out of the way, under another name, and start with nothing."""
        if self.path.exists():
            self.path.replace(self.path.with_suffix(".old"))
        self.totals, self.plan = Totals(), None

    def left(self, plan: Plan) -> list[int]:
        """Return the seeds of a plan that have not run."""
        return [seed for seed in plan.seeds if seed not in self.totals.seeds]

    def _take(self, line: str) -> None:
        try:
            data = json.loads(line)
            if "plan" in data:
                self.plan = Plan(**data["plan"])
            else:
                self.totals.add(Totals.from_json(data))
        except (ValueError, KeyError, TypeError):
            # A line that a kill cut off: its seeds simply run again.
            return

    def _lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []

    def _write(self, data: object) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # The newline comes first too: after a line that was cut off, the next one must not grow together with it.
        with self.path.open("a") as file:
            file.write(f"\n{json.dumps(data)}\n")
