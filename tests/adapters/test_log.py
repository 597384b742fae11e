"""Logging: secrets never reach it (I11), variables are never dumped, and its file is the owner's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

from holdfast.adapters.log import add_log_file, redact, start_logging
from holdfast.domain.errors import UsageError

SECRET = "PKTESTKEY0000000000A"  # noqa: S105 - made up, and the point of the test
OTHER = "s3cr3t/with+signs"


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """Return what the console hears; the logger is put back afterwards."""
    lines: list[str] = []
    start_logging(console=lines.append)
    yield lines
    logger.remove()
    logger.configure(patcher=lambda record: None)  # noqa: ARG005 - loguru hands it a record


@pytest.fixture
def file(tmp_path: Path, heard: list[str]) -> Path:
    """Return a log file that is being written beside the console."""
    del heard
    path = tmp_path / "holdfast.log"
    add_log_file(path)
    return path


def test_secrets_are_blotted_out_everywhere(heard: list[str], file: Path) -> None:
    """A secret in a message or in its arguments reaches neither console nor file."""
    redact([SECRET, OTHER, ""])
    logger.info("key {} and {}", SECRET, OTHER)
    logger.warning(f"inside {SECRET}{SECRET}")
    for text in ("".join(heard), file.read_text()):
        assert SECRET not in text
        assert OTHER not in text
        assert "key *** and ***" in text


def refuse(text: str) -> None:
    """Raise what a broken connection raises."""
    raise ConnectionError(text)


def test_a_secret_in_an_exception_is_blotted_out(heard: list[str], file: Path) -> None:
    """A logged exception that quotes a secret does not give it away."""
    redact([SECRET])
    try:
        refuse(f"https://{SECRET}@host refused")
    except ConnectionError:
        logger.exception("the request failed")
    for text in ("".join(heard), file.read_text()):
        assert "the request failed" in text
        assert SECRET not in text


def test_a_secret_within_another_leaves_no_tail(heard: list[str]) -> None:
    """Where one secret begins with another, nothing of the longer one is left."""
    redact([SECRET, SECRET + "TAIL"])
    logger.info("key {}", SECRET + "TAIL")
    assert "TAIL" not in "".join(heard)


def test_variables_are_never_dumped(heard: list[str], file: Path) -> None:
    """A traceback in the log shows no values of variables."""
    hidden = "value-of-{}".format("a-variable")
    try:
        len(hidden, hidden)  # type: ignore[call-arg]
    except TypeError:
        logger.exception("failed")
    assert "len(hidden, hidden)" in "".join(heard)
    assert "value-of-a-variable" not in "".join(heard) + file.read_text()


def test_the_file_is_for_its_owner_only(file: Path) -> None:
    """The log file is 0600 and holds debug messages too."""
    logger.debug("quietly")
    assert file.stat().st_mode & 0o777 == 0o600
    assert "quietly" in file.read_text()


def test_the_console_is_for_people(heard: list[str]) -> None:
    """Debug messages reach the console only when asked for, and braces in a text do no harm."""
    logger.debug("quietly")
    logger.info("a {brace} in a text")
    assert ["quietly" in line for line in heard] == [False]
    start_logging(console=heard.append, verbose=True)
    logger.debug("loudly")
    assert "loudly" in heard[-1]


def test_a_log_that_cannot_be_written_is_said_in_words(tmp_path: Path) -> None:
    """A folder in the log's place is named, and the bot does not start without its log (F2)."""
    (tmp_path / "holdfast.log").mkdir()
    with pytest.raises(UsageError, match=r"holdfast\.log cannot be written: Is a directory"):
        add_log_file(tmp_path / "holdfast.log")
