"""The command `run.py`: which campaign, which seeds, how far, what came of it, and the exit code."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from campaigns.frame import Campaign, manner
from campaigns.pool import Pool
from campaigns.progress import progress
from campaigns.records import RESULTS, Plan, Records, digest
from campaigns.registry import CAMPAIGNS, load
from campaigns.report import Report, stdout, table
from campaigns.serving import measured
from campaigns.slices import fresh_seed
from campaigns.totals import Totals

BATCH_S = 2.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.name is None:
        stdout().print(overview(asked.results), soft_wrap=True)
        return 0
    target = asked.name if ":" in asked.name else CAMPAIGNS.get(asked.name)
    if target is None:
        parser.error(f"there is no such campaign as {asked.name!r}: choose from {', '.join(CAMPAIGNS)}")
    campaign = load(target)
    if asked.trace:
        return traced(campaign, fresh_seed() if asked.seed is None else asked.seed, asked.count or 1)
    code = digest()
    records = Records(asked.results, campaign.name, code)
    if asked.fresh:
        records.forget()
    plan = planned(records, campaign, asked.seed, asked.count)
    carry_out(campaign, target, records, plan, asked.workers)
    report = Report(campaign, records.totals, code, plan.seed)
    if asked.json:
        sys.stdout.write(json.dumps(report.as_json(), indent=2) + "\n")
    else:
        report.print(stdout())
    return verdict(report, asked.must_hit, is_full=asked.full)


def planned(records: Records, campaign: Campaign, seed: int | None, count: int | None) -> Plan:
    """Return what to run: as asked; with no seed, first what the last command left, then something new."""
    before = records.plan
    if seed is None and before and count in (None, before.count) and records.left(before):
        plan = before
    else:
        plan = Plan(fresh_seed() if seed is None else seed, count or manner(campaign).count)
        records.begin(plan)
    return plan


def carry_out(campaign: Campaign, target: str, records: Records, plan: Plan, workers: int) -> None:
    """Run what is left of a plan and record it; Ctrl-C ends it with all that has been done kept."""
    left, how = records.left(plan), manner(campaign)
    done, batch, since = Totals(), Totals(), time.monotonic()

    def keep() -> None:
        nonlocal batch, since
        now = time.monotonic()
        batch.wall_s, since = now - since, now
        if batch.seeds:
            records.keep(batch)
        batch = Totals()

    try:
        _announce(campaign, plan, len(left))
        with progress(campaign.name, campaign.unit, len(left)) as shown, Pool(target, how, workers) as pool:
            for run in pool.run(left):
                batch.add_run(run)
                done.add_run(run)
                shown.show(done)
                if time.monotonic() - since >= BATCH_S:
                    keep()
    except KeyboardInterrupt:
        Console(stderr=True).print("stopped: the same command goes on from here")
    finally:
        keep()


def _announce(campaign: Campaign, plan: Plan, left: int) -> None:
    done = f"{plan.count - left:,} of {plan.count:,} done before"
    text = f"{campaign.name}: seeds {plan.seed} to {plan.seeds[-1]}, {done}"
    Console(stderr=True, highlight=False).print(text, soft_wrap=True)


def traced(campaign: Campaign, seed: int, count: int) -> int:
    """Run seeds in this process, record nothing, and say everything."""
    out = stdout()
    status = 0
    for one in range(seed, seed + count):
        out.print(f"{campaign.name}, seed {one}")
        if hasattr(campaign, "trace"):
            for line in campaign.trace(one):
                out.print(line, markup=False, soft_wrap=True)
        run = measured(campaign, one)
        status = 1 if run.outcome.violations else status
        for name, value in (*sorted(run.outcome.coverage.items()), *sorted(run.outcome.measures.items())):
            out.print(f"    {name}: {value:,}", markup=False)
        for text in run.outcome.violations:
            out.print(f"VIOLATION: {text}", markup=False, soft_wrap=True)
        out.print(f"{len(run.outcome.violations)} violations, {run.wall_s:.2f} s, {run.cpu_s:.2f} s of CPU")
    return status


def verdict(report: Report, must_hit: Sequence[str], *, is_full: bool) -> int:
    """Return the exit code."""
    missed = [name for name in must_hit if not report.totals.coverage[name]]
    if missed:
        Console(stderr=True).print(f"never hit: {', '.join(missed)}")
    return 1 if report.totals.violations or missed or (is_full and report.unmet) else 0


def overview(results: Path) -> object:
    """Return the table of the campaigns and what is recorded for the code as it is."""
    code, rows = digest(), []
    for name, target in CAMPAIGNS.items():
        try:
            campaign = load(target)
        except ModuleNotFoundError as error:
            rows.append((name, "", "", "", "", f"not here: {error}"))
            continue
        totals = Records(results, name, code).totals
        figures = (f"{totals.units:,} {campaign.unit}", f"{totals.cpu_s:,.0f}", f"{totals.violations_count:,}")
        unmet = len(Report(campaign, totals, code, 0).unmet)
        rows.append((name, *figures, f"{unmet} of {len(campaign.obligations)}", campaign.what))
    head = ("campaign", f"recorded for code {code}", "CPU s", "violations", "unmet")
    return table(head, rows, words="what it shows")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="The campaigns that prove the promise; without a name: a list.")
    parser.add_argument("name", nargs="?", help=f"one of {', '.join(CAMPAIGNS)}")
    parser.add_argument("--seed", type=int, help="the first seed; default: a fresh one, printed")
    parser.add_argument("--count", type=int, help="how many seeds; default: the campaign's own")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="worker processes; default: the cores")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder of the records; default: .campaigns")
    parser.add_argument("--fresh", action="store_true", help="put what is recorded for this code aside first")
    parser.add_argument("--full", action="store_true", help="fail if an obligation of a full run is not met")
    parser.add_argument("--must-hit", action="append", default=[], metavar="NAME", help="fail if this is never hit")
    parser.add_argument("--trace", action="store_true", help="run in this process, say everything, record nothing")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser
