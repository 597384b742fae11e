"""Whose memory a folder is: only `holdfast run` may move another account's away."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from builders import ACCOUNT
from fakes.clock import ManualClock
from holdfast.adapters.state_folder import AccountStamp, StateFolder
from holdfast.bootstrap.identity import claim_folder
from holdfast.domain.errors import UsageError

OTHER = replace(ACCOUNT, id="account-2", ending="nt-2")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[StateFolder]:
    """Return a locked folder that belongs to the simulator's account, with one file in it."""
    locked = StateFolder(tmp_path / "state").lock()
    claim_folder(locked, "sim", ACCOUNT, ManualClock(), archive=False)
    (locked.root / "AAPL.json").write_text("{}")
    yield locked
    locked.unlock()


def test_a_run_on_another_simulated_account_starts_fresh(folder: StateFolder) -> None:
    """The old memory moves to the archive as a whole, and the folder is the new account's."""
    claim_folder(folder, "sim", OTHER, ManualClock(), archive=False)
    assert folder.symbols() == []
    assert folder.stamp() == AccountStamp("sim", "account-2", "nt-2")


@pytest.mark.parametrize("how", ["is_dry", "compares_only"])
def test_a_command_that_compares_moves_nothing(folder: StateFolder, how: str) -> None:
    """There is nothing to compare with another account: both endings are named, and every file stays."""
    with pytest.raises(UsageError, match=r"belongs to the sim account ending nt-1.*ending nt-2"):
        claim_folder(folder, "sim", OTHER, ManualClock(), archive=False, **{how: True})
    assert folder.symbols() == ["AAPL"]
    assert folder.stamp() == AccountStamp("sim", ACCOUNT.id, "nt-1")


def test_the_memory_of_a_paper_account_moves_only_when_asked(folder: StateFolder) -> None:
    """Keys that were swapped by accident cost nothing; with --archive-state the old memory is kept aside."""
    folder.write_stamp(AccountStamp("paper", ACCOUNT.id, ACCOUNT.ending))
    with pytest.raises(UsageError, match="--archive-state"):
        claim_folder(folder, "paper", OTHER, ManualClock(), archive=False)
    claim_folder(folder, "paper", OTHER, ManualClock(), archive=True)
    assert folder.stamp() == AccountStamp("paper", "account-2", "nt-2")
