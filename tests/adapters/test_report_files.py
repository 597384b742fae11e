"""The reports of the reconciler on disk: owner only, the newest fifty, and never in the way."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from loguru import logger

from fakes.runner import AtOnce, result_of
from holdfast.adapters.report_files import KEPT, ReportFiles
from holdfast.adapters.state_folder import StateFolder
from holdfast.engine.findings import Findings, Occasion, markdown

NOW = datetime(2026, 11, 20, 3, 12, 4, 500, tzinfo=UTC)
FOUND = Findings(Occasion.RUNNING, NOW, "3 symbols", 5, 0.1)


class Clock:
    """A wall clock that moves a second with each look."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        """Return the time and move it."""
        now, self.time = self.time, self.time + timedelta(seconds=1)
        return now


def test_a_page_is_named_after_its_time_and_is_the_owners(tmp_path: Path) -> None:
    """Its name sorts by time, nobody else may read it, and it says what the findings say."""
    folder = StateFolder(tmp_path / "state").lock()
    result_of(ReportFiles(folder, Clock(), AtOnce()).keep(FOUND))
    [page] = folder.reports.iterdir()
    assert page.name == "20261120T031204000500-reconcile.md"
    assert page.stat().st_mode & 0o777 == 0o600
    assert page.read_text() == markdown(FOUND, NOW)
    folder.unlock()


def test_the_newest_fifty_are_kept_and_nothing_else_is_touched(tmp_path: Path) -> None:
    """The oldest page makes room for the newest; a note of the owner's beside them stays."""
    folder = StateFolder(tmp_path / "state").lock()
    reports = ReportFiles(folder, Clock(), AtOnce())
    note = folder.reports / "00-mine.md"
    note.write_text("mine")
    for _ in range(KEPT + 2):
        result_of(reports.keep(FOUND))
    pages = sorted(path.name for path in folder.reports.iterdir() if path != note)
    assert (len(pages), pages[0]) == (KEPT, f"{NOW + timedelta(seconds=2):%Y%m%dT%H%M%S%f}-reconcile.md")
    assert note.read_text() == "mine"
    folder.unlock()


def test_a_clock_set_back_does_not_cost_the_newest_page(tmp_path: Path) -> None:
    """Where every other page looks newer, the one just written is kept all the same."""
    folder = StateFolder(tmp_path / "state").lock()
    clock = Clock()
    reports = ReportFiles(folder, clock, AtOnce())
    for _ in range(KEPT):
        result_of(reports.keep(FOUND))
    clock.time = NOW - timedelta(days=1)
    result_of(reports.keep(FOUND))
    assert (folder.reports / f"{NOW - timedelta(days=1):%Y%m%dT%H%M%S%f}-reconcile.md").exists()
    assert len(list(folder.reports.iterdir())) == KEPT
    folder.unlock()


def test_a_page_that_cannot_be_written_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A disk that is full or a folder that is gone costs the page and nothing else."""
    heard: list[str] = []
    sink = logger.add(heard.append, format="{message}")
    try:
        asyncio.run(ReportFiles(StateFolder(tmp_path / "gone"), Clock(), AtOnce()).keep(FOUND))
    finally:
        logger.remove(sink)
    assert heard == ["the report of the reconcile could not be written: No such file or directory\n"]
    capsys.readouterr()
