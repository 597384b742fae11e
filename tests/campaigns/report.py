"""What a campaign's totals say: tables for people, and the same as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from campaigns.frame import Campaign
from campaigns.totals import Totals

WIDE = 160
COMMAND = "python tests/campaigns/run.py"


@dataclass(frozen=True)
class Report:
    """The totals of one campaign, all of one version of the code; `first_seed` is the one that was asked for."""

    campaign: Campaign
    totals: Totals
    code: str
    first_seed: int

    @property
    def unmet(self) -> Mapping[str, int]:
        """The obligations that were hit less often than a full run must hit them, and how often they were."""
        hits = self.totals.coverage
        return {name: hits[name] for name, least in self.campaign.obligations.items() if hits[name] < least}

    def replay(self, seed: int) -> str:
        """Return the command that shows one run again."""
        return f"{COMMAND} {self.campaign.name} --seed {seed} --trace"

    @property
    def strength(self) -> str:
        """What the figures prove, and what they do not."""
        units, unit = self.totals.units, self.campaign.unit
        if self.totals.violations or not units:
            return f"{self.totals.violations_count} violations in {units:,} {unit}."
        return (
            f"0 violations in {units:,} {unit}: at 95 % confidence at most {3 / units:.2g} per run under this mix of "
            "faults, and nothing about faults that this world cannot express."
        )

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON."""
        one, totals = self.campaign, self.totals
        return {
            "campaign": one.name, "code": self.code, "seed": self.first_seed, "seeds": totals.runs, "unit": one.unit,
            "units": totals.units, "wall_s": round(totals.wall_s, 1), "cpu_s": round(totals.cpu_s, 1),
            "units_per_cpu_s": round(totals.rate, 2),
            "violations": [
                {"what": text, "count": found.count, "seeds": found.seeds, "replay": self.replay(found.seeds[0])}
                for text, found in totals.violations.items()
            ],
            "coverage": {
                name: {"hits": totals.coverage[name], "least": one.obligations.get(name)} for name in self._names()
            },
            "unmet": sorted(self.unmet),
            "measures": {name: totals.mean(name) for name in sorted(totals.measures)},
            "strength": self.strength,
        }  # fmt: skip

    def print(self, out: Console) -> None:
        """Print the tables."""
        totals, unit = self.totals, self.campaign.unit
        out.print(f"{self.campaign.name}: {self.campaign.what} (code {self.code}, from seed {self.first_seed})")
        head = ("seeds", unit, "wall s", "CPU s", f"{unit} per CPU s", "violations")
        figures = (
            f"{totals.runs:,}", f"{totals.units:,}", f"{totals.wall_s:,.1f}", f"{totals.cpu_s:,.1f}",
            f"{totals.rate:,.1f}", f"{totals.violations_count:,}",
        )  # fmt: skip
        out.print(table(head, [figures]))
        if self._names():
            out.print(table(("covered", "hits", "full run", ""), self._coverage()))
        if totals.measures:
            means = [(name, f"{totals.mean(name):,.4g}") for name in sorted(totals.measures)]
            out.print(table(("measure", "mean per seed"), means))
        self._print_violations(out)
        out.print(self.strength, soft_wrap=True)
        if self.unmet:
            out.print(f"{len(self.unmet)} of {len(self.campaign.obligations)} obligations of a full run are not met.")

    def _names(self) -> list[str]:
        return sorted({*self.campaign.obligations, *self.totals.coverage})

    def _coverage(self) -> list[tuple[str, ...]]:
        hits, least = self.totals.coverage, self.campaign.obligations
        return [
            (name, f"{hits[name]:,}", f"{least[name]:,}", "unmet" if name in self.unmet else "")
            if name in least
            else (name, f"{hits[name]:,}", "", "")
            for name in self._names()
        ]

    def _print_violations(self, out: Console) -> None:
        for text, found in self.totals.violations.items():
            seeds = ", ".join(str(seed) for seed in found.seeds)
            more = " ..." if found.count > len(found.seeds) else ""
            out.print(f"\nVIOLATION ({found.count} times, seeds {seeds}{more}): {text}", markup=False, soft_wrap=True)
            for line in found.details.splitlines():
                out.print(f"    {line}", markup=False, soft_wrap=True)
            out.print(f"    again: {self.replay(found.seeds[0])}\n", markup=False, soft_wrap=True)


def table(head: Sequence[str], rows: Sequence[tuple[str, ...]], *, words: str | None = None) -> Table:
    """Return a table: the first column is text, the others are figures; `words` names a last one of whole sentences."""
    drawn = Table(box=None, pad_edge=False, title_justify="left")
    for index, name in enumerate(head):
        drawn.add_column(name, justify="right" if index else "left", no_wrap=True)
    if words is not None:
        drawn.add_column(words)
    for row in rows:
        drawn.add_row(*row)
    return drawn


def stdout() -> Console:
    """Return the console for results: the terminal's own width where there is one."""
    return Console(highlight=False, width=None if Console().is_terminal else WIDE)
