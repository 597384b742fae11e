"""A traced process is stopped where it is told, and nowhere else."""

from collections.abc import Mapping

import pytest

from campaigns.kills import tracer
from campaigns.kills.apart import apart
from campaigns.kills.calls import machine
from campaigns.kills.drills import CALLS_OF_A_SAVE, NEW, OLD, Drill, drills

pytestmark = pytest.mark.skipif(tracer.trouble() is not None, reason=str(tracer.trouble()))
SAVE = [
    "open drill/.file.tmp", "write drill/.file.tmp", "fsync drill/.file.tmp", "rename drill/file", "fsync */drill",
]  # fmt: skip
RENAMED = SAVE.index("rename drill/file") + 1


@pytest.fixture(scope="module")
def done() -> Mapping[str, Drill]:
    """Return what became of each exercise."""
    return apart(drills)


def labels(found: list[tracer.Stop]) -> list[str]:
    """Return the calls in words, the drawn name of the folder left out."""
    return [f"{stop.kind} */drill" if stop.what.endswith("/drill") else stop.label for stop in found]


def test_every_call_of_a_save_is_seen(done: Mapping[str, Drill]) -> None:
    """Untouched, the child saves, and each of its calls is told in words."""
    found = done["untouched"]
    assert (labels(found.traced.stops), found.content, found.traced.code) == (SAVE, NEW, 0)


@pytest.mark.parametrize("number", range(1, CALLS_OF_A_SAVE + 1))
def test_a_kill_comes_before_the_call(done: Mapping[str, Drill], number: int) -> None:
    """Killed before call n the child has made n - 1 calls: the file is new only once it is renamed."""
    found = done[f"killed before call {number}"]
    assert (found.traced.killed, found.traced.count) == (found.traced.stops[-1], number)
    assert found.content == (NEW if number > RENAMED else OLD)


def test_a_kill_can_be_aimed(done: Mapping[str, Drill]) -> None:
    """A kill may come so many calls after one that is named."""
    killed = done["aimed"].traced.killed
    assert killed is not None
    assert killed.label == "fsync drill/.file.tmp"


def test_a_thread_is_followed(done: Mapping[str, Drill]) -> None:
    """What a thread of the child is about to do is a call like any other."""
    assert labels(done["in a thread"].traced.stops) == SAVE
    killed = done["killed in a thread"]
    assert (killed.traced.count, killed.content) == (RENAMED, OLD)


@pytest.mark.skipif(not getattr(machine(), "may_refuse", False), reason="no call can be refused on this processor")
def test_a_call_can_be_refused(done: Mapping[str, Drill]) -> None:
    """A refused call is not carried out, and raises in the child what a broken disk would."""
    found = done["refused"]
    assert [stop.label for stop in found.traced.failed] == ["fsync drill/.file.tmp"]
    assert (found.content, found.traced.code) == (OLD, 1)
