"""`holdfast state`: the memory of one symbol, readable, with its past, and checked."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from builders import a_position, a_record, a_state, at
from fakes.runner import AtOnce, result_of
from holdfast.adapters.state_codec import encode
from holdfast.adapters.state_files import StateFiles
from holdfast.adapters.state_folder import AccountStamp, StateFolder
from holdfast.cli.state import state as commands
from holdfast.domain import events
from holdfast.domain.errors import Fatal, UsageError
from holdfast.domain.state import Correction, LastDecision

GOLDEN = Path(__file__).parent.parent / "adapters" / "golden"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[StateFolder]:
    """Return a folder in which AAPL was bought, corrected and halted, one save after the other."""
    held = StateFolder(tmp_path / "state").lock()
    held.write_stamp(AccountStamp("paper", "account-1", "nt-1"))
    minutes = count()
    store = StateFiles(held, lambda: at(next(minutes)), AtOnce())
    one = result_of(store.save(a_state()))
    decided = LastDecision(at(1), at(0), Decimal(1), "enter", "crossed above")
    one = result_of(store.save(replace(one, orders=(a_record("intent"),), last_decision=decided, target=Decimal(10))))
    one = result_of(store.save(replace(one, orders=(a_record(),), position=a_position(10, "187.12"))))
    corrected = Correction(at(3), "position.quantity", "10", "7", "sold by hand")
    one = result_of(store.save(replace(one, position=a_position(7, "187.12"), last_correction=corrected)))
    result_of(store.save(one.apply(events.StatusSet("halted", "look at the account"))))
    yield held
    held.unlock()


def run(folder: StateFolder, *words: str) -> Result:
    """Run one command on the folder."""
    return CliRunner().invoke(commands, [words[0], "--state-dir", str(folder.root), *words[1:]])


def data(folder: StateFolder, *words: str) -> dict[str, Any]:
    """Run one command with --json; return what it says."""
    said = dict(json.loads(run(folder, *words, "--json").stdout))
    assert said["schema_version"] == 1
    return said


def test_show_is_the_file_for_people(folder: StateFolder) -> None:
    """Every field is one line, nested ones with a dot, and each order is a row."""
    lines = run(folder, "show", "AAPL").stdout.splitlines()
    assert lines[0] == "field\tvalue"
    assert "position.quantity\t7" in lines
    assert "status_reason\tlook at the account" in lines
    assert lines[-1].split("\t")[:5] == ["hf.main.AAPL.1m20261120T1500.b0", "entry", "buy", "10", "filled"]


def test_show_as_json_is_the_document(folder: StateFolder) -> None:
    """`--json` gives the file's own keys."""
    assert data(folder, "show", "AAPL")["state"] == json.loads(folder.state_file("AAPL").read_bytes())


def test_history_is_one_row_per_save(folder: StateFolder) -> None:
    """The newest save is the last row; each says what changed and why."""
    rows = [line.split("\t") for line in run(folder, "history", "AAPL").stdout.splitlines()]
    assert rows[0] == ["save", "at", "what changed", "why"]
    assert [row[0] for row in rows[1:]] == ["1", "2", "3", "4", "5"]
    assert [row[2] for row in rows[1:]] == [
        "the journal begins",
        "target 0 -> 10; hf.main.AAPL.1m20261120T1500.b0 intent; decided: enter",
        "average_entry_price none -> 187.12; position 0 -> 10; hf.main.AAPL.1m20261120T1500.b0 filled 10",
        "position 10 -> 7; corrected position.quantity",
        "status active -> halted",
    ]
    assert [row[3] for row in rows[2:]] == ["crossed above", "", "sold by hand", "look at the account"]


def test_history_shows_the_newest_saves(folder: StateFolder) -> None:
    """`-n` bounds it; as data each change has what it was and what it is."""
    [row] = data(folder, "history", "AAPL", "-n", "1")["saves"]
    assert (row["sequence"], row["why"]) == (5, "look at the account")
    assert row["changes"][0] == {"field": "status", "was": "active", "is": "halted"}


def test_history_begins_where_a_whole_document_stands(folder: StateFolder) -> None:
    """A new process writes a whole document: what it changed is told all the same."""
    store = StateFiles(folder, lambda: at(9), AtOnce())
    one = store.read("AAPL")
    result_of(store.save(replace(one, target=Decimal(3))))  # type: ignore[type-var]
    assert data(folder, "history", "AAPL")["saves"][-1]["what"] == "target 10 -> 3"


def test_diff_is_of_the_last_save(folder: StateFolder) -> None:
    """Without numbers, the last backup is compared with the file."""
    lines = run(folder, "diff", "AAPL").stdout.splitlines()
    assert lines == ["field\twas\tis", "status\tactive\thalted", "status_reason\t\tlook at the account"]


def test_diff_is_of_any_two_saves(folder: StateFolder) -> None:
    """With one number, that save with the file; with two, one with the other, either way round."""
    assert data(folder, "diff", "AAPL", "4")["to"] == 5
    forth = {row["field"]: (row["was"], row["is"]) for row in data(folder, "diff", "AAPL", "1", "3")["changes"]}
    back = {row["field"]: (row["is"], row["was"]) for row in data(folder, "diff", "AAPL", "3", "1")["changes"]}
    assert forth == back
    assert forth["position.quantity"] == ("0", "10")
    assert forth["orders[hf.main.AAPL.1m20261120T1500.b0].status"] == (None, "filled")
    assert data(folder, "diff", "AAPL", "2", "2")["changes"] == []


def test_verify_finds_a_sound_memory_whole(folder: StateFolder) -> None:
    """File, backup and journal are named with the saves that they are at; exit 0."""
    result = run(folder, "verify", "AAPL")
    assert (result.exit_code, result.stdout) == (0, "AAPL: whole (file 5, backup 4, journal 5)\n")
    assert [one["symbol"] for one in data(folder, "verify")["checks"]] == ["AAPL"]


def cut_first_line(path: Path) -> None:
    """Tear the line from which all others follow."""
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0][:40] + b"\n", *lines[1:]]))


def make_folder_of(path: Path) -> None:
    """Put a folder in a file's place."""
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Callable[[StateFolder], object]] = {
    "edited": lambda held: _edit(held.state_file("AAPL")),
    "deleted": lambda held: held.state_file("AAPL").unlink(),
    "another's": lambda held: held.state_file("AAPL").write_bytes(encode(a_state(symbol="MSFT"))),
    "older": lambda held: held.state_file("AAPL").write_bytes(held.backup_file("AAPL").read_bytes()),
    "forged": lambda held: held.state_file("AAPL").write_bytes(encode(a_state(70, sequence=5))),
    "account": lambda held: held.write_stamp(AccountStamp("paper", "account-2", "nt-2")),
    "no account": lambda held: (held.private / "account.json").unlink(),
    "stamp": lambda held: (held.private / "account.json").write_bytes(b"{"),
    "backup": lambda held: held.backup_file("AAPL").write_bytes(b"{"),
    "no journal": lambda held: held.journal_file("AAPL").unlink(),
    "journal folder": lambda held: make_folder_of(held.journal_file("AAPL")),
    "journal line": lambda held: cut_first_line(held.journal_file("AAPL")),
}


def _edit(path: Path) -> None:
    path.write_text(path.read_text().replace('"7"', '"70"', 1))


def damage(folder: StateFolder, what: str) -> None:
    """Do one thing to AAPL's memory."""
    DAMAGES[what](folder)


FINDINGS = [
    ("edited", "the state file cannot be believed: the checksum does not match", "sets it aside"),
    ("deleted", "there is no state file", "rebuilds it from the broker"),
    ("another's", "the state file cannot be believed: it belongs to MSFT", "sets it aside"),
    ("older", "the file is older than the journal's save 5", "holdfast state diff AAPL 4 5"),
    ("forged", "file and journal differ", "holdfast reconcile"),
    ("account", "belongs to another account than the paper account ending nt-2", "see where it came from"),
    ("no account", "the folder has no account yet", "holdfast run"),
    ("stamp", "the account of this folder cannot be known", "unreadable: restore it"),
    ("backup", "the backup is not valid", "its next save writes a new one"),
    ("no journal", "the journal holds no save", "its next save writes a new one"),
    ("journal folder", "the journal cannot be read: Is a directory", "look at it"),
    ("journal line", "the journal holds no save", "its next save writes a new one"),
]


@pytest.mark.parametrize(("what", "found", "then"), FINDINGS, ids=[row[0] for row in FINDINGS])
def test_verify_says_what_is_wrong_and_what_to_type(folder: StateFolder, what: str, found: str, then: str) -> None:
    """Each damage is exit 1 with one finding in words and the next step."""
    damage(folder, what)
    result = run(folder, "verify")
    assert result.exit_code == 1
    [line] = [one for one in result.stdout.splitlines() if one.startswith("  ") and found in one]
    assert then in result.stdout.split(line)[1]
    assert found in data(folder, "verify", "AAPL")["checks"][0]["findings"][0]["what"]


def test_a_journal_one_save_behind_is_no_fault(folder: StateFolder) -> None:
    """A crash between the file and its journal line is told, and is exit 0."""
    journal = folder.journal_file("AAPL")
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:-1]))
    result = run(folder, "verify", "AAPL")
    assert result.exit_code == 0
    assert "the journal ends with save 4 and the file is save 5" in result.stdout


def test_a_file_of_an_older_format_is_no_fault(folder: StateFolder) -> None:
    """What the version before has written is whole; the next save writes the newer format."""
    folder.state_file("AAPL").write_bytes((GOLDEN / "v1_full.json").read_bytes())
    folder.journal_file("AAPL").unlink()
    result = run(folder, "verify", "AAPL")
    assert result.exit_code == 0, result.stdout
    assert "the file is of format 1" in result.stdout
    assert run(folder, "show", "AAPL").exit_code == 0


REFUSED = [
    (("show", "MSFT"), UsageError, "there is no state of MSFT; known: AAPL"),
    (("show", "../x"), UsageError, "there is no state of ../x"),
    (("diff", "MSFT"), UsageError, "known: AAPL"),
    (("history", "aapl"), UsageError, "known: AAPL"),
    (("verify", "MSFT"), UsageError, "known: AAPL"),
    (("diff", "AAPL", "9"), Fatal, "the journal of AAPL has no save 9: it holds 1 to 5"),
]


@pytest.mark.parametrize(("words", "kind", "message"), REFUSED, ids=[" ".join(row[0]) for row in REFUSED])
def test_what_is_not_there_is_refused_in_words(
    folder: StateFolder, words: tuple[str, ...], kind: type[Fatal], message: str
) -> None:
    """An unknown symbol or number is an error that says what is known."""
    result = run(folder, *words)
    assert type(result.exception) is kind
    assert message in str(result.exception)


@pytest.mark.parametrize(
    ("what", "words", "message"),
    [
        ("edited", ("show", "AAPL"), "is edited or damaged: holdfast state verify AAPL"),
        ("deleted", ("show", "AAPL"), "there is no state file"),
        ("backup", ("diff", "AAPL"), "is edited or damaged"),
        ("no journal", ("history", "AAPL"), "there is no journal"),
        ("no journal", ("diff", "AAPL", "3"), "there is no journal"),
        ("journal folder", ("history", "AAPL"), "cannot be read: Is a directory"),
        ("journal line", ("diff", "AAPL", "3"), "it holds none that is whole"),
    ],
)
def test_what_cannot_be_read_is_said(folder: StateFolder, what: str, words: tuple[str, ...], message: str) -> None:
    """A damaged file is never shown as the truth: exit 1 with the next thing to type."""
    damage(folder, what)
    result = run(folder, *words)
    assert type(result.exception) is Fatal
    assert message in str(result.exception)


def test_an_empty_folder_has_no_state_yet(tmp_path: Path) -> None:
    """Before the first run nothing is wrong, and nothing is created by looking."""
    folder = StateFolder(tmp_path / "state")
    result = run(folder, "verify")
    assert result.exit_code == 0
    assert "holds no state yet: type holdfast run" in result.stderr
    assert not folder.root.exists()


def test_looking_changes_nothing(folder: StateFolder) -> None:
    """No command writes a byte, nor takes the lock that a running bot holds."""
    before = {path: path.read_bytes() for path in folder.root.rglob("*") if path.is_file()}
    for words in (("show", "AAPL"), ("diff", "AAPL"), ("history", "AAPL"), ("verify",)):
        assert run(folder, *words).exit_code == 0
    assert {path: path.read_bytes() for path in folder.root.rglob("*") if path.is_file()} == before
