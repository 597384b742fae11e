"""Whether a symbol's memory is whole: its file, its backup, its journal and the account, compared with one another.

It only reads, needs no lock, and may look while the bot is running.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from holdfast.adapters.journal_lines import fold, journal_lines, parse_line
from holdfast.adapters.state_codec import SIZE_MAX, UnreadableStateError, checked, parse, state_of, version_of
from holdfast.adapters.state_folder import StateFolder
from holdfast.domain.errors import UsageError
from holdfast.domain.state import SCHEMA_VERSION

Document = Mapping[str, Any]
_REBUILD = "holdfast run sets it aside and rebuilds it from the broker"
_NEXT_SAVE = "nothing, if the bot trades on: its next save writes a new one"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and what to type next."""

    what: str
    then: str


@dataclass(slots=True)
class Check:
    """One symbol: the saves that file, backup and journal are at, what is wrong, and what is only worth knowing."""

    symbol: str
    file: int | None = None
    backup: int | None = None
    journal: int | None = None
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check_state(folder: StateFolder, symbol: str) -> Check:
    """Return what is found of one symbol."""
    check = Check(symbol)
    # The journal first: it follows the file, and a bot that is running may save between the two reads.
    told = _journal(folder, check)
    document = _file(folder, check)
    _backup(folder, check, document)
    _agreement(check, document, told)
    if document is not None:
        _account(folder, check, document)
    return check


def _file(folder: StateFolder, check: Check) -> Document | None:
    try:
        document = _valid(folder, folder.state_file(check.symbol), check.symbol)
    except FileNotFoundError:
        left = "the journal and the backup remember it: " if check.journal or check.backup else ""
        check.findings.append(Finding("there is no state file", f"{left}holdfast run rebuilds it from the broker"))
        return None
    except (OSError, UnreadableStateError) as error:
        check.findings.append(Finding(f"the state file cannot be believed: {_words(error)}", _REBUILD))
        return None
    check.file = document["sequence"]
    if version_of(dict(document)) < SCHEMA_VERSION:
        check.notes.append(f"the file is of format {document['schema_version']}; the next save writes the newer one")
    return document


def _backup(folder: StateFolder, check: Check, document: Document | None) -> None:
    try:
        check.backup = _valid(folder, folder.backup_file(check.symbol), check.symbol)["sequence"]
    except FileNotFoundError:
        if document is None or document["sequence"] > 1:
            check.notes.append("there is no backup: the next save writes one")
    except (OSError, UnreadableStateError) as error:
        check.findings.append(Finding(f"the backup is not valid: {_words(error)}", _NEXT_SAVE))


def _journal(folder: StateFolder, check: Check) -> Document | None:
    try:
        lines = journal_lines(folder.disk, folder.journal_file(check.symbol))
    except OSError as error:
        check.findings.append(Finding(f"the journal cannot be read: {_words(error)}", f"look at it, then {_NEXT_SAVE}"))
        return None
    damaged = sum(1 for line in lines if line and parse_line(line) is None)
    if damaged:
        check.notes.append(f"{damaged} damaged journal line{'s are' if damaged > 1 else ' is'} passed over")
    document = fold(lines)
    if document is not None:
        check.journal = document["sequence"]
    return document


def _agreement(check: Check, document: Document | None, told: Document | None) -> None:
    """The journal adds up to the file; after a crash, or in the middle of a save, it may be behind."""
    if document is None:
        return
    if told is None:
        if document["schema_version"] == SCHEMA_VERSION:
            check.findings.append(Finding("the journal holds no save: the file cannot be rebuilt from it", _NEXT_SAVE))
        return
    if told["sequence"] < document["sequence"]:
        check.notes.append(
            f"the journal ends with save {told['sequence']} and the file is save {document['sequence']}: "
            "a crash came between them, or a save is under way; the next save closes the gap"
        )
    elif told != document:
        newer = told["sequence"] > document["sequence"]
        what = f"the file is older than the journal's save {told['sequence']}" if newer else "file and journal differ"
        see = (
            f"holdfast state diff {check.symbol} {document['sequence']} {told['sequence']} shows how; " if newer else ""
        )
        check.findings.append(Finding(what, f"{see}holdfast reconcile compares the file with the broker"))


def _account(folder: StateFolder, check: Check, document: Document) -> None:
    try:
        stamp = folder.stamp()
    except UsageError as error:
        check.findings.append(Finding("the account of this folder cannot be known", str(error)))
        return
    if stamp is None:
        check.findings.append(Finding("the folder has no account yet", "holdfast run writes it"))
    elif stamp.account_id != document["account_id"]:
        what = f"the file belongs to another account than the {stamp.broker} account ending {stamp.ending}"
        check.findings.append(Finding(what, f"see where it came from; {_REBUILD}"))


def _valid(folder: StateFolder, path: Path, symbol: str) -> Document:
    """Return the document of a file that a start would believe."""
    document = parse(folder.disk.read(path, SIZE_MAX + 1), symbol)
    state_of(checked(document, symbol))
    return document


def _words(error: OSError | UnreadableStateError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
