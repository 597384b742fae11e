"""`ConfigWatch`: an edit is noticed once, when it has settled."""

import hashlib
from pathlib import Path

import pytest

from holdfast.adapters.config_watch import ConfigWatch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a config file with the content `a`."""
    file = tmp_path / "config.yaml"
    file.write_bytes(b"a")
    return file


def polls(watch: ConfigWatch, count: int) -> list[bool]:
    """Return the answers of so many polls."""
    return [watch.changed() for _ in range(count)]


def test_an_untouched_file_is_no_change(path: Path) -> None:
    """Nothing is reported while the content stays, also when the file is written again as it was."""
    watch = ConfigWatch(path)
    assert polls(watch, 3) == [False, False, False]
    path.write_bytes(b"a")
    assert polls(watch, 3) == [False, False, False]


def test_an_edit_is_reported_once_when_it_has_settled(path: Path) -> None:
    """The second poll that finds the same new content reports it, and no later one."""
    watch = ConfigWatch(path)
    path.write_bytes(b"b")
    assert polls(watch, 4) == [False, True, False, False]


def test_an_edit_in_progress_waits(path: Path) -> None:
    """Content that changes between polls is not reported until it stands still."""
    watch = ConfigWatch(path)
    answers = []
    for content in (b"b", b"bc", b"bcd"):
        path.write_bytes(content)
        answers.append(watch.changed())
    assert answers == [False, False, False]
    assert polls(watch, 2) == [True, False]


def test_an_edit_taken_back_is_no_change(path: Path) -> None:
    """A file that returns to what was loaded before it settled is not reported."""
    watch = ConfigWatch(path)
    path.write_bytes(b"b")
    assert not watch.changed()
    path.write_bytes(b"a")
    assert polls(watch, 3) == [False, False, False]
    path.write_bytes(b"b")
    assert polls(watch, 2) == [False, True]


def test_going_back_later_is_a_change(path: Path) -> None:
    """Each new content is reported, also an old one that returns."""
    watch = ConfigWatch(path)
    path.write_bytes(b"b")
    assert polls(watch, 2) == [False, True]
    path.write_bytes(b"a")
    assert polls(watch, 2) == [False, True]


def test_a_file_replaced_by_rename_is_seen(path: Path) -> None:
    """An editor that writes beside and renames is noticed like one that writes in place."""
    watch = ConfigWatch(path)
    beside = path.with_suffix(".new")
    beside.write_bytes(b"b")
    beside.rename(path)
    assert polls(watch, 2) == [False, True]


def test_a_missing_file_is_no_change(path: Path) -> None:
    """A file that is gone for a while, a folder in its place, or a giant is no change; its return may be one."""
    watch = ConfigWatch(path)
    path.unlink()
    assert polls(watch, 2) == [False, False]
    path.mkdir()
    assert polls(watch, 2) == [False, False]
    path.rmdir()
    path.write_bytes(b"x" * (256 * 1024 + 1))
    assert polls(watch, 2) == [False, False]
    path.write_bytes(b"b")
    assert polls(watch, 2) == [False, True]


def test_an_edit_before_the_watch_began_counts(path: Path) -> None:
    """Given the digest of what was loaded, an edit between the load and the first poll is reported."""
    watch = ConfigWatch(path, hashlib.sha256(b"older").hexdigest())
    assert polls(watch, 2) == [False, True]
