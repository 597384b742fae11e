"""Crash states of the file protocol: a slice of the campaign, and the bugs that it must catch."""

import pytest

from campaigns.power.campaign import CAMPAIGN
from campaigns.power.cuts import run_cuts
from campaigns.power.filesystem import missing
from campaigns.power.model import run_model
from campaigns.power.plants import PLANTS, REAL_PLANTS
from campaigns.slices import assert_slice, fresh_seed

MODEL_SEEDS = 8
REAL_SEEDS = 6


def test_every_crash_state_is_the_old_version_or_the_new_one() -> None:
    """Cut after any call, with any part of what was not durable on the disk, a start finds one whole version."""
    slice_ = assert_slice(
        CAMPAIGN, MODEL_SEEDS, ("cut after rename", "cut after sync_folder", "finds old", "finds new")
    )
    assert slice_.units > 500


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_bug_leaves_a_state_that_is_neither(name: str) -> None:
    """A step left out or taken too late is seen within a few scenarios."""
    assert any(run_model(seed, PLANTS[name])[0] for seed in range(20))


@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_a_real_power_cut_loses_no_answer(kind: str) -> None:
    """On a real file system whose power goes in the middle of saves, nothing acknowledged is lost."""
    skip_where_missing(kind)
    seed = fresh_seed()
    for one in range(seed, seed + 2):
        wrong, met = run_cuts(one, kind)
        assert not wrong, f"HOLDFAST_SEED={one}: {wrong}"
        assert met["acknowledged"] > 0


@pytest.mark.parametrize("name", REAL_PLANTS)
@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_a_real_power_cut_shows_a_planted_bug(kind: str, name: str) -> None:
    """Without one of its steps, a save is lost or torn by the first real cuts."""
    skip_where_missing(kind)
    assert any(run_cuts(seed, kind, REAL_PLANTS[name])[0] for seed in range(REAL_SEEDS))


def skip_where_missing(kind: str) -> None:
    """Skip with a plain reason where power cannot be cut."""
    why = missing(kind)
    if why:
        pytest.skip(f"no real power cuts on {kind}: {why}")


def test_a_machine_without_loop_devices_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where power cannot be cut, the reason is said in words."""
    monkeypatch.setenv("PATH", "")
    assert missing("ext4") in ("only root may mount", "there are no loop devices", "mkfs.ext4 is not installed")
