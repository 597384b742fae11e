"""The frame of the campaigns: it finds, survives, resumes, adds up, and says so."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from campaigns import toys
from campaigns.command import main
from campaigns.records import Plan, Records, digest
from campaigns.registry import CAMPAIGNS, load
from campaigns.slices import assert_slice
from campaigns.totals import Totals, ranges

RUN = Path(__file__).with_name("run.py")


def ran(toy: str, folder: Path, *flags: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """Run a toy campaign; return the exit code and its JSON."""
    flags = ("--results", str(folder), "--workers", "2", "--json", *flags)
    code = main([f"campaigns.toys:{toy}", *flags])
    return code, json.loads(capsys.readouterr().out)


def test_a_good_campaign_adds_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Units, coverage and measures are added up over the seeds, and nothing is violated."""
    code, said = ran("FINE", tmp_path, "--seed", "0", "--count", "5", capsys=capsys)
    assert code == 0
    assert (said["seeds"], said["units"], said["violations"]) == (5, 50, [])
    assert said["coverage"]["even"] == {"hits": 3, "least": 3}
    assert said["unmet"] == ["never"]
    assert said["measures"] == {"seed": 2.0}
    assert "at most 0.06 per run" in said["strength"]


def test_an_unmet_obligation_fails_a_full_run_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The counts are shown always; they fail a run that is said to be full, and a name that must be hit."""
    flags = ("--seed", "0", "--count", "2")
    assert ran("FINE", tmp_path, *flags, capsys=capsys)[0] == 0
    assert ran("FINE", tmp_path, *flags, "--full", capsys=capsys)[0] == 1
    assert ran("FINE", tmp_path, *flags, "--must-hit", "even", capsys=capsys)[0] == 0
    assert ran("FINE", tmp_path, *flags, "--must-hit", "never", capsys=capsys)[0] == 1


def test_a_violation_is_named_once_with_its_seeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same violation of many seeds is one row with the first seeds and the command that shows it again."""
    code, said = ran("VIOLATING", tmp_path, "--seed", "0", "--count", "30", capsys=capsys)
    assert code == 1
    [found] = said["violations"]
    assert (found["what"], found["count"], len(found["seeds"])) == ("I1 is broken", 15, 10)
    assert found["replay"].endswith(f"violating --seed {found['seeds'][0]} --trace")


def test_a_dying_worker_costs_its_seed_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that kills its process, ends it or raises is a violation with its seed, and all other seeds run."""
    code, said = ran("DYING", tmp_path, "--seed", "0", "--count", "6", capsys=capsys)
    assert code == 1
    assert said["seeds"] == 6
    found = {row["what"]: row["seeds"] for row in said["violations"]}
    assert found == {
        "the worker process died: SIGKILL": [1],
        "the worker process died: exit code 7": [2],
        "raised ValueError: three": [3],
    }


def test_a_hanging_worker_costs_its_seed_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that does not end is killed, its violation says where it hung, and all other seeds run."""
    code, said = ran("HANGING", tmp_path, "--seed", "0", "--count", "4", capsys=capsys)
    assert code == 1
    assert said["seeds"] == 4
    assert [(row["what"], row["seeds"]) for row in said["violations"]] == [("no end after 2 s", [1])]
    records = Records(tmp_path, "hanging", digest())
    assert "in hanging" in records.totals.violations["no end after 2 s"].details


def test_the_same_command_goes_on_where_it_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Seeds that are recorded do not run again; a larger count runs the rest; --fresh begins anew."""
    assert ran("FINE", tmp_path, "--seed", "0", "--count", "3", capsys=capsys)[1]["units"] == 30
    assert ran("FINE", tmp_path, "--seed", "0", "--count", "3", capsys=capsys)[1]["units"] == 30
    assert ran("FINE", tmp_path, "--seed", "0", "--count", "5", capsys=capsys)[1]["units"] == 50
    assert ran("FINE", tmp_path, "--seed", "9", "--count", "1", "--fresh", capsys=capsys)[1]["units"] == 10


def test_without_a_seed_the_last_command_is_finished_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A plan that was killed half way is carried on; the next command without a seed takes a fresh one."""
    records = Records(tmp_path, "fine", digest())
    records.begin(Plan(100, 4))
    records.keep(Totals(seeds={100, 101}, units=20))
    with records.path.open("a") as file:
        file.write('{"seeds": [[102, 1')
    assert ran("FINE", tmp_path, capsys=capsys)[1]["seed"] == 100
    assert Records(tmp_path, "fine", digest()).totals.seeds == {100, 101, 102, 103}
    assert ran("FINE", tmp_path, capsys=capsys)[1]["units"] == 80


@pytest.mark.skipif(
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="started where Ctrl-C is ignored, as in the background"
)
def test_control_c_prints_what_ran(tmp_path: Path) -> None:
    """An interrupted campaign ends at once with its table, and keeps what it has done."""
    command = (sys.executable, str(RUN), "campaigns.toys:HANGING", "--results", str(tmp_path), "--workers", "1")
    process = subprocess.Popen(
        (*command, "--seed", "0", "--count", "2"), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stderr is not None
    assert "seeds 0 to 1" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert "stopped: the same command goes on from here" in err
    assert "violations" in out


def test_a_run_can_be_traced(capsys: pytest.CaptureFixture[str]) -> None:
    """A trace runs in this process, says what the campaign says of the seed, and ends as the run does."""
    assert main(["campaigns.toys:VIOLATING", "--trace", "--seed", "3"]) == 1
    said = capsys.readouterr().out
    assert "the toy is at seed 3" in said
    assert "VIOLATION: I1 is broken" in said


def test_a_slice_names_its_seed() -> None:
    """A slice in the tests fails with the violation and the seed that shows it, or with what was never hit."""
    assert assert_slice(toys.FINE, 4, ["even"]).units == 40
    with pytest.raises(AssertionError, match=r"(?s)HOLDFAST_SEED=\d+.*I1 is broken"):
        assert_slice(toys.VIOLATING, 2)
    with pytest.raises(AssertionError, match="never hit"):
        assert_slice(toys.FINE, 1, ["never"])


def test_without_a_name_there_is_a_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The list names every campaign, also one that is not there."""
    assert main(["--results", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in CAMPAIGNS)


def test_totals_survive_their_line() -> None:
    """Totals read back from their JSON are the same."""
    totals = assert_slice(toys.FINE, 3)
    assert Totals.from_json(json.loads(json.dumps(totals.to_json()))).seeds == totals.seeds
    assert list(ranges([5, 1, 2, 9, 8])) == [(1, 2), (5, 5), (8, 9)]


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_every_campaign_that_is_here_keeps_the_interface(name: str) -> None:
    """A campaign has its name, one sentence that says what it shows, a unit and its obligations."""
    try:
        campaign = load(CAMPAIGNS[name])
    except ModuleNotFoundError:
        pytest.skip(f"there is no {name} here")
    assert campaign.name == name
    assert campaign.what
    assert campaign.unit
    assert all(least > 0 for least in campaign.obligations.values())
