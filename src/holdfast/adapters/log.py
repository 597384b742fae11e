"""Logging: one file always, one console sink for people. No variable dumps, and secrets are blotted out everywhere."""

import os
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger

from holdfast.domain.errors import UsageError

if TYPE_CHECKING:
    from loguru import Record

_FILE_FORMAT = "{time:YYYY-MM-DD HH:mm:ss.SSS} {level: <7} {message}"
_CONSOLE_FORMAT = "{time:HH:mm:ss} <level>{message}</level>"


# Whose messages the findings of a reconcile tell as well.
_CHRONICLE = "holdfast.engine.chronicle"


def start_logging(
    *, console: Callable[[str], None] | None = None, verbose: bool = False, is_told: bool = False
) -> None:
    """Send the log to stderr, or to `console` where a table lives there.

    With `is_told` the command itself tells what was corrected, and the log does not say it again.
    """
    logger.remove()
    level = "DEBUG" if verbose else "INFO"
    shown = _is_not_of_chronicle if is_told else None
    logger.add(
        console or sys.stderr, level=level, format=_CONSOLE_FORMAT, filter=shown, diagnose=False, backtrace=False
    )


def collect_warnings(into: list[str]) -> None:
    """Send nothing anywhere but what a person should hear into a list, as plain messages; corrections aside."""
    logger.remove()
    logger.add(
        lambda text: into.append(text.rstrip("\n")), level="WARNING", format="{message}", filter=_is_not_of_chronicle
    )


def _is_not_of_chronicle(record: "Record") -> bool:
    return record["name"] != _CHRONICLE


def add_log_file(file: Path) -> None:
    """Keep the log in `file` as well: everything, rotated, owner only.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        logger.add(
            file,
            level="DEBUG",
            format=_FILE_FORMAT,
            diagnose=False,
            backtrace=False,
            rotation="10 MB",
            retention=5,
            opener=_owner_only,
        )
    except OSError as error:
        raise UsageError(f"the log {file} cannot be written: {error.strerror}") from error


def redact(secrets: Iterable[str]) -> None:
    """Blot out these texts in every message and every traceback from now on."""
    # The longest first: a secret that begins with another must not leave its tail.
    hidden = sorted((secret for secret in secrets if secret), key=len, reverse=True)

    def clean(text: str) -> str:
        for secret in hidden:
            text = text.replace(secret, "***")
        return text

    def patch(record: "Record") -> None:
        failure = record["exception"]
        if failure is not None:
            # loguru would render it after the patch; rendered here, it can be cleaned as well.
            record["message"] += "\n" + "".join(traceback.format_exception(failure.value)).rstrip()
            record["exception"] = None
        record["message"] = clean(record["message"])

    logger.configure(patcher=patch)


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
