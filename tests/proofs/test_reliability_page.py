"""docs/reliability.md names tests: each of them exists, and no row or proof is left out. Nothing is imported for it."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
PAGE = (TESTS.parent / "docs" / "reliability.md").read_text()
ROWS = [f"F{number}" for number in (*range(1, 12), 14, 16, 18, 19)]
ASSUMPTIONS = [f"A{number}" for number in range(1, 9)]
CAMPAIGNS = ("days", "kills", "power", "machine", "fuzz", "isolation", "planted")
TABLES = {"What a restart does": "test_recovery_table.py", "Accidents that have happened": "test_accidents.py"}
# The proof that the accidents can happen is no accident.
ABOUT_THE_TESTS = {"test_the_mistake_is_caught"}


def section(title: str) -> str:
    """Return the text under the heading that begins with `title`."""
    return next(part for part in PAGE.split("\n## ") if part.startswith(title))


def row(text: str, name: str) -> str:
    """Return the line of a table that begins with `name`."""
    found = [line for line in text.splitlines() if line.startswith(f"| {name} |")]
    assert len(found) == 1, name
    return found[0]


def names_in(path: Path) -> set[str]:
    """Return the names of the test functions in a file."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, kinds) and node.name.startswith("test_")
    }


def missing(ids: list[str]) -> list[str]:
    """Return the ids `folder/file.py::test` whose file or test does not exist."""
    pairs = [(one, *one.split("::")) for one in ids]
    return [one for one, file, name in pairs if not (TESTS / file).exists() or name not in names_in(TESTS / file)]


def days() -> set[str]:
    """Return the names of the simulator days."""
    tree = ast.parse((TESTS / "e2e" / "faults" / "table.py").read_text())
    tables = [
        node.value for node in tree.body if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "CASES"
    ]
    assert isinstance(tables[0], ast.Dict)
    return {key.value for key in tables[0].keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}


@pytest.mark.parametrize("name", ROWS)
def test_every_fault_has_a_sentence_and_a_test(name: str) -> None:
    """Each row says what happens and names tests that exist."""
    _begin, _name, fault, what, shown, _end = row(section("Every fault"), name).split("|")
    ids = re.findall(r"`([\w/]+\.py::test_\w+)`", shown)
    assert fault.strip()
    assert what.strip()
    assert ids
    assert missing(ids) == []


def test_every_named_day_exists() -> None:
    """The simulator days that the rows name stand in their table."""
    lists = re.findall(r"\bdays? ((?:`\w+`(?:, )?)+)", section("Every fault"))
    named = set(re.findall(r"\w+", " ".join(lists)))
    assert len(named) > 20
    assert named - days() == set()


@pytest.mark.parametrize(("title", "file"), TABLES.items())
def test_each_proof_stands_in_its_table(title: str, file: str) -> None:
    """The page's table and the file of proofs name the same tests."""
    named = set(re.findall(r"`(test_\w+)`", section(title))) - {file.removesuffix(".py")}
    assert named == names_in(TESTS / "proofs" / file) - ABOUT_THE_TESTS


def test_assumptions_and_campaigns_are_told() -> None:
    """Each assumption has its row; each campaign has its paragraph, its one command, and its last result."""
    for name in ASSUMPTIONS:
        assert row(section("What it rests on"), name).count("|") == 5
    for name in CAMPAIGNS:
        assert f"`python tests/campaigns/run.py {name}`" in section("How it is shown")
        assert row(section("Results"), name)


def test_a_name_that_does_not_exist_is_found() -> None:
    """The check can fail: neither a made-up test nor one in a made-up file passes."""
    ids = ["proofs/test_reliability_page.py::test_nothing", "proofs/nowhere.py::test_x"]
    assert missing([*ids, "proofs/test_reliability_page.py::test_a_name_that_does_not_exist_is_found"]) == ids
