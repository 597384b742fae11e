"""Rules that no linter knows: sizes, docstrings, what the pure core must not know, and the agreed top level."""

import ast
import re
import shutil
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "holdfast"
MODULES = sorted(SOURCE.rglob("*.py"))
DOMAIN = sorted(module for module in (SOURCE / "domain").glob("*.py") if module.name != "__init__.py")
FILE_LINES_MAX = 350
FUNCTION_LINES_MAX = 50
TOP_LEVEL = {"pyproject.toml", "README.md", "config.yaml", "src", "tests", "state"}
ALLOWED_BESIDE = {"docs", "LICENSE", "CHANGELOG.md"}
CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "perf_counter", "time_ns", "monotonic_ns", "fromtimestamp"}
CLOCK_OWNERS = {"datetime", "date", "time", "dt"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def name(module: Path) -> str:
    """Return a module's path as a test's name."""
    return str(module.relative_to(SOURCE))


def parsed(module: Path) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(module.read_text(), str(module))


def functions(tree: ast.AST) -> Iterator[Function]:
    """Return every function in a tree."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def clocks(tree: ast.AST) -> list[str]:
    """Return the places in which code asks what time it is."""
    return [
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in CLOCKS
        and isinstance(node.value, ast.Name)
        and node.value.id in CLOCK_OWNERS
    ]


def floats(tree: ast.AST) -> list[str]:
    """Return the float literals and the calls of `float`."""
    literals = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, float)]
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == "float"]
    return [f"line {node.lineno}: {ast.unparse(node)}" for node in (*literals, *calls)]


def imports(tree: ast.AST) -> set[str]:
    """Return the top-level packages that a module imports, at its top or inside."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_there_is_something_to_check() -> None:
    """The rules below run over the modules of the package, not over an empty list."""
    assert len(MODULES) > 50
    assert len(DOMAIN) > 10


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_files_and_functions_are_short(module: Path) -> None:
    """No file is longer than 350 lines and no function longer than 50."""
    assert len(module.read_text().splitlines()) <= FILE_LINES_MAX
    long = [one.name for one in functions(parsed(module)) if (one.end_lineno or 0) - one.lineno >= FUNCTION_LINES_MAX]
    assert long == []


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_every_module_says_what_lives_in_it(module: Path) -> None:
    """A module begins with a docstring, and a package's `__init__` is nothing but that."""
    tree = parsed(module)
    if module.name != "__main__.py":
        assert ast.get_docstring(tree)
    if module.name == "__init__.py":
        assert len(tree.body) == 1, "an __init__ holds a docstring and no re-exports"


@pytest.mark.parametrize("module", DOMAIN, ids=name)
def test_the_domain_knows_no_clock_and_no_float(module: Path) -> None:
    """The pure core is told the time, and counts in Decimal."""
    tree = parsed(module)
    assert clocks(tree) == []
    assert floats(tree) == []


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("datetime.now(UTC)", clocks), ("datetime.utcnow()", clocks), ("date.today()", clocks),
        ("time.time()", clocks), ("time.monotonic()", clocks),
        ("x = 0.5", floats), ("x = 1e9", floats), ("float(x)", floats),
    ],
)  # fmt: skip
def test_the_rules_see_what_they_forbid(code: str, rule: object) -> None:
    """Each forbidden spelling is found by its rule."""
    assert rule(ast.parse(code))  # type: ignore[operator]


@pytest.mark.parametrize("module", DOMAIN, ids=name)
def test_every_domain_module_has_its_tests(module: Path) -> None:
    """`domain/x.py` is tested by `tests/domain/test_x.py`, with at least one test in it."""
    tests = ROOT / "tests" / "domain" / f"test_{module.stem}.py"
    assert tests.exists(), tests
    assert any(one.name.startswith("test_") for one in functions(parsed(tests)))


def test_only_one_adapter_knows_the_sdk() -> None:
    """Nothing but `adapters/alpaca` imports alpaca."""
    users = {name(module).rsplit("/", 1)[0] for module in MODULES if "alpaca" in imports(parsed(module))}
    assert users == {"adapters/alpaca"}


@pytest.mark.parametrize("folder", ["domain", "strategies", "exchange"])
def test_the_pure_packages_import_nothing_that_acts(folder: str) -> None:
    """No IO, no event loop, no threads and no randomness of their own in the pure packages."""
    acting = {"asyncio", "os", "socket", "subprocess", "threading", "time", "random", "requests", "loguru"}
    found = {name(one): imports(parsed(one)) & acting for one in (SOURCE / folder).glob("*.py")}
    assert {module: names for module, names in found.items() if names} == {}


def test_every_test_is_one_sentence() -> None:
    """Each test function carries a docstring whose first line is a sentence."""
    silent = [
        f"{path.relative_to(ROOT)}: {one.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for one in functions(parsed(path))
        if one.name.startswith("test_") and not (ast.get_docstring(one) or "").split("\n")[0].endswith((".", "?"))
    ]
    assert silent == []


def tracked() -> list[Path]:
    """Return the files that git knows or would add; skips where there is no repository."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git working tree")
    listed = subprocess.run(
        [git, "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    )  # fmt: skip
    return [Path(one) for one in listed.stdout.split("\0") if one and (ROOT / one).is_file()]


def test_the_top_level_is_the_agreed_one() -> None:
    """What people see first is what the design lists, and dotfiles."""
    visible = {path.parts[0] for path in tracked() if not path.parts[0].startswith(".")}
    assert visible - ALLOWED_BESIDE == TOP_LEVEL


PRIVATE = re.compile(
    r"/(?:home|root|Users|work)/[\w.-]+/"  # a path of one machine
    r"|[Cc]:\\\\?Users"
    r"|https?://[^\s\"'/]*(?:pypi|pythonhosted|artifactory|nexus|devpi|registry)[^\s\"'/]*/"  # where packages come from
    r"|--(?:extra-)?index-url"
)


def test_no_machine_is_recorded() -> None:
    """No tracked file holds a path of somebody's machine or the address of a package registry."""
    found = []
    for path in tracked():
        try:
            text = (ROOT / path).read_text()
        except UnicodeDecodeError:
            continue
        if path.name != Path(__file__).name:
            found += [f"{path}: {match[0]}" for match in PRIVATE.finditer(text)]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "/home/ann/x/",
        "C:\\Users\\ann",
        "https://pypi.org/simple/x",
        "https://files.pythonhosted.org/p/x",
        "--index" + "-url y",
    ],
)
def test_the_privacy_rule_sees_what_it_forbids(text: str) -> None:
    """Paths and registries in their usual spellings are found."""
    assert PRIVATE.search(text)


def test_ignored_rules_have_reasons() -> None:
    """Every ignored lint rule of pyproject.toml has its reason beside it."""
    text = (ROOT / "pyproject.toml").read_text().split("[tool.ruff.lint]")[1].split("[tool.ruff.lint.pydocstyle]")[0]
    codes = [line for line in text.splitlines() if re.match(r'\s+"[A-Z]+\d+"', line)]
    assert codes
    assert [line for line in codes if "#" not in line] == []


def test_comments_are_rare_and_never_notes_to_self() -> None:
    """No module leaves work to be done in a comment."""
    note = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")))
    found = []
    for module in MODULES:
        with module.open("rb") as file:
            comments = [token for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT]
        found += [f"{name(module)}:{one.start[0]}" for one in comments if note.search(one.string)]
    assert found == []
